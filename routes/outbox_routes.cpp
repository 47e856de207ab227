#include "routes/outbox_routes.h"

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "gateway/http/json.h"
#include "gateway/http/uri.h"
#include "queue/conflicts.h"
#include "queue/damage.h"
#include "queue/explanation.h"
#include "queue/outbox.h"
#include "routes/conflict_routes.h"
#include "routes/error_response.h"
#include "routes/request_query.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;
using queue::Entry;

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json print_entry(const Entry& entry, const http::Principal& principal) {
  return {{"id", entry.id},
          {"principal", principal.id},
          {"table", entry.relation},
          {"operation", entry.operation},
          {"method", entry.method},
          {"target", entry.target},
          {"state", queue::name_of(entry.state)},
          {"created_at", format_rfc3339(entry.created_at)},
          {"attempts", entry.attempts},
          {"next_attempt_at",
           entry.next_attempt_at ? json(format_rfc3339(*entry.next_attempt_at)) : json(nullptr)},
          {"last_status", entry.last_status == 0 ? json(nullptr) : json(entry.last_status)},
          {"last_error", entry.last_error.empty() ? json(nullptr) : json(entry.last_error)},
          {"explanation", text_or_null(queue::explain(entry))},
          {"parent", entry.parent ? json(*entry.parent) : json(nullptr)},
          {"idempotency_key", entry.idempotency_key}};
}

void add_dependants(json& text, cache::Store& store, cache::Database& database,
                    const Entry& entry) {
  if (entry.state != queue::State::kDead) return;
  text["dependants"] = queue::Outbox(store.overlay()).dependants(database, entry);
}

// Null where the text is no JSON, as that of a form.
json parsed_or_null(const std::string& text) {
  json value = http::parse_json(text);
  return value.is_discarded() ? json(nullptr) : value;
}

json print_effects(const std::vector<cache::Effect>& effects) {
  json list = json::array();
  for (const auto& effect : effects) {
    list.push_back({{"table", effect.relation},
                    {"key", parsed_or_null(effect.key)},
                    {"changes", parsed_or_null(effect.changes)},
                    {"row", parsed_or_null(effect.row)},
                    {"base", parsed_or_null(effect.base.value_or(""))}});
  }
  return list;
}

http::Response no_entry(const std::string& id) {
  return error_response({ErrorKind::kNotFound, "HF404", "There is no outbox entry " + id,
                         std::nullopt, std::nullopt});
}

// Finds the entry in whichever store has it, and gives both to `found`.
http::Response with_entry(const Context& context, const std::string& id,
                          const std::function<http::Response(cache::Store&, const Entry&)>& found) {
  for (const auto& store : context.stores.all()) {
    std::optional<Entry> entry;
    {
      auto reader = store->reader();
      entry = queue::Outbox(store->overlay()).find(*reader, id);
    }
    if (entry) return found(*store, *entry);
  }
  return no_entry(id);
}

// A conflict that is decided by discarding its write needs no other decision.
void discard(queue::Outbox& outbox, cache::Transaction& transaction, const Entry& entry,
             Timestamp now) {
  queue::Conflicts::close_of(transaction, entry.id, "remote", now);
  outbox.discard(transaction, entry, now);
}

// Changes an entry in a transaction of its own, unless it is under way or has ended well.
http::Response change_entry(
    const Context& context, const std::string& id,
    const std::function<void(queue::Outbox&, cache::Transaction&, const Entry&)>& change) {
  return with_entry(context, id, [&](cache::Store& store, const Entry& seen) {
    bool changed = false;
    store.writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
      queue::Outbox outbox(store.overlay());
      const auto entry = outbox.find(transaction.database(), seen.id);
      if (!entry || !may_change(*entry)) return;
      change(outbox, transaction, *entry);
      changed = true;
    });
    if (!changed) {
      return error_response(entry_closed());
    }
    context.synchronizer.wake_dispatcher();
    return show_entry(context, id);
  });
}

// Every state but the ends.
constexpr std::string_view kUnfinished = "unfinished";

// Entries that one transaction changes, at most: apps write meanwhile.
constexpr std::int64_t kChangedAtOnce = 200;

struct Filter {
  std::optional<queue::State> state = queue::State::kDead;
  std::string reason;
  std::string table;

  bool accepts(const Entry& entry) const {
    const bool same_table =
        table.empty() || entry.relation == table || entry.relation.ends_with("." + table);
    return same_table && entry.last_error.find(reason) != std::string::npos;
  }
};

Result<Filter> read_filter(const std::string& body) {
  const auto parsed = http::parse_json(body);
  if (!parsed.is_object()) {
    return invalid_request("HF400", "Say which, as {\"state\":\"dead\",\"reason\":\"…\"}");
  }
  Filter filter;
  for (const auto& [name, value] : parsed.items()) {
    if (!value.is_string()) return invalid_request("HF400", name + " must be text");
    const auto text = value.get<std::string>();
    if (name == "reason") {
      filter.reason = text;
    } else if (name == "table") {
      filter.table = text;
    } else if (name == "state" && queue::state_named(text)) {
      filter.state = queue::state_named(text);
    } else {
      return invalid_request("HF400",
                             std::string("There is no ").append(name).append(" ").append(text));
    }
  }
  return filter;
}

// Changes those of the page after `after` that the filter accepts; their ids. `after` becomes the
// page's last entry, empty when there is none after it.
std::vector<std::string> change_page(const Context& context, cache::Store& store,
                                     cache::Transaction& transaction, BulkChange change,
                                     const Filter& filter, std::string& after) {
  const Timestamp now = context.clock.now();
  queue::Outbox outbox(store.overlay());
  const auto page =
      queue::Outbox::list(transaction.database(), filter.state, {after, kChangedAtOnce});
  after = page.size() < kChangedAtOnce ? "" : page.back().id;
  std::vector<std::string> changed;
  for (const Entry& entry : page) {
    if (!may_change(entry) || !filter.accepts(entry)) continue;
    if (change == BulkChange::kDiscard) {
      discard(outbox, transaction, entry, now);
    } else if (entry.state == queue::State::kConflict || !outbox.retry(transaction, entry)) {
      continue;
    }
    changed.push_back(entry.id);
  }
  return changed;
}

}  // namespace

http::Response list_outbox(const Context& context, const http::Request& request) {
  const auto earlier = [](const json& a, const json& b) {
    return a.at("id").get_ref<const std::string&>() < b.at("id").get_ref<const std::string&>();
  };
  const auto limit = positive_parameter(request, "limit");
  if (!limit) return error_response(limit.error());
  std::optional<queue::State> state;
  queue::Outbox::Page page{http::query_parameter(request.query(), "after"),
                           limit->value_or(std::numeric_limits<std::int64_t>::max())};
  for (const auto& [name, value] : http::parse_query(request.query())) {
    if (name != "state") continue;
    state = queue::state_named(value);
    page.dead_letters = value != kUnfinished;
    if (!state && value != kUnfinished) {
      return error_response(invalid_request("HF400", "There is no state " + value));
    }
  }
  std::vector<json> entries;
  for (const auto& store : context.stores.all()) {
    auto reader = store->reader();
    std::vector<json> own;
    for (const Entry& entry : queue::Outbox::list(*reader, state, page)) {
      json text = print_entry(entry, store->principal());
      text["rows"] = json::array();
      for (const auto& effect : store->overlay().effects(*reader, entry.sequence)) {
        text["rows"].push_back({{"table", effect.relation}, {"key", parsed_or_null(effect.key)}});
      }
      add_dependants(text, *store, *reader, entry);
      own.push_back(std::move(text));
    }
    // A principal's order is that of sending; among principals only the ids tell of the time.
    std::vector<json> both;
    std::merge(std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()),
               std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()),
               std::back_inserter(both), earlier);
    entries = std::move(both);
  }
  if (entries.size() > static_cast<std::size_t>(page.limit)) {
    entries.resize(static_cast<std::size_t>(page.limit));
  }
  return http::json_response(200, http::print_json(std::move(entries)));
}

http::Response show_entry(const Context& context, const std::string& id) {
  return with_entry(context, id, [&](cache::Store& store, const Entry& entry) {
    json text = print_entry(entry, store.principal());
    text["body"] = parsed_or_null(entry.body);
    // With every digit of its numbers.
    text["body_text"] = text_or_null(entry.body);
    auto reader = store.reader();
    add_dependants(text, store, *reader, entry);
    if (const auto result = queue::Outbox(store.overlay()).result_of(*reader, entry.id)) {
      text["result"] = parsed_or_null(*result);
    }
    text["effects"] = print_effects(store.overlay().effects(*reader, entry.sequence));
    return http::json_response(200, http::print_json(text));
  });
}

http::Response retry_entry(const Context& context, const std::string& id) {
  std::optional<Error> refused;
  auto response = change_entry(
      context, id, [&](queue::Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
        if (entry.state == queue::State::kConflict) {
          refused = conflict_error("Both sides have changed its row: resolve the conflict");
        } else if (!outbox.retry(transaction, entry)) {
          refused = queue::is_damaged(entry)
                        ? conflict_error("A part of it is lost: edit it, or write it anew")
                        : given_up_id();
        }
      });
  return refused ? error_response(*refused) : std::move(response);
}

http::Response release_entry(const Context& context, const std::string& id) {
  bool held = false;
  auto response =
      change_entry(context, id,
                   [&held](queue::Outbox& outbox, cache::Transaction& transaction,
                           const Entry& entry) { held = outbox.let_go(transaction, entry); });
  if (held || response.status != 200) return response;
  return error_response(conflict_error("The entry is not held because claims have changed"));
}

http::Response discard_entry(const Context& context, const std::string& id) {
  const Timestamp now = context.clock.now();
  return change_entry(context, id,
                      [now](queue::Outbox& outbox, cache::Transaction& transaction,
                            const Entry& entry) { discard(outbox, transaction, entry, now); });
}

http::Response change_entries(const Context& context, BulkChange change, const std::string& body) {
  const auto filter = read_filter(body);
  if (!filter) return error_response(filter.error());
  json ids = json::array();
  for (const auto& store : context.stores.all()) {
    std::string after;
    do {
      std::vector<std::string> changed;
      std::string next;
      store->writer().run(
          cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
            std::string page_end = after;
            changed = change_page(context, *store, transaction, change, *filter, page_end);
            next = std::move(page_end);
          });
      after = next;
      for (auto& id : changed) ids.push_back(std::move(id));
    } while (!after.empty());
  }
  context.synchronizer.wake_dispatcher();
  return http::json_response(200, http::print_json({{"changed", ids.size()}, {"ids", ids}}));
}

std::optional<http::Response> queue_route(const Context& context, const http::Request& request,
                                          const std::string& path) {
  const bool conflicts = path.starts_with("/conflicts");
  const std::string_view root = conflicts ? "/conflicts" : "/outbox";
  std::string rest = path.substr(root.size());
  if (!rest.empty()) rest.erase(0, 1);
  const std::string id = rest.substr(0, rest.find('/'));
  const std::string verb = id.size() < rest.size() ? rest.substr(id.size() + 1) : "";
  if (request.method == "GET") {
    if (!verb.empty()) return std::nullopt;
    if (id.empty()) {
      return conflicts ? list_conflicts(context, request) : list_outbox(context, request);
    }
    return conflicts ? show_conflict(context, id) : show_entry(context, id);
  }
  if (conflicts) {
    if (verb != "resolve") return std::nullopt;
    return resolve_conflict(context, id, request.body);
  }
  if (verb.empty() && id == "retry") {
    return change_entries(context, BulkChange::kRetry, request.body);
  }
  if (verb.empty() && id == "discard") {
    return change_entries(context, BulkChange::kDiscard, request.body);
  }
  if (verb == "retry") return retry_entry(context, id);
  if (verb == "release") return release_entry(context, id);
  if (verb == "discard") return discard_entry(context, id);
  if (verb == "edit") return edit_entry(context, id, request.body);
  return std::nullopt;
}

}  // namespace holdfast::routes
