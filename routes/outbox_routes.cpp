#include "routes/outbox_routes.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "gateway/http/uri.h"
#include "queue/outbox.h"
#include "routes/error_response.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;
using queue::Entry;

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
          {"idempotency_key", entry.idempotency_key}};
}

json parsed_or_null(const std::string& text) {
  return text.empty() ? json(nullptr) : json::parse(text, nullptr, false);
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

// Changes an entry in a transaction of its own, unless it is under way or has ended well.
http::Response change_entry(
    const Context& context, const std::string& id,
    const std::function<void(queue::Outbox&, cache::Transaction&, const Entry&)>& change) {
  return with_entry(context, id, [&](cache::Store& store, const Entry& seen) {
    bool changed = false;
    store.writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
      queue::Outbox outbox(store.overlay());
      const auto entry = outbox.find(transaction.database(), seen.id);
      const bool closed = !entry || entry->state == queue::State::kSending ||
                          (is_end(entry->state) && entry->state != queue::State::kDead);
      if (closed) return;
      change(outbox, transaction, *entry);
      changed = true;
    });
    if (!changed) {
      return error_response({ErrorKind::kConflict, "HF409",
                             "The entry is being sent, or has ended already", std::nullopt,
                             std::nullopt});
    }
    context.synchronizer.wake_dispatcher();
    return show_entry(context, id);
  });
}

}  // namespace

http::Response list_outbox(const Context& context, const http::Request& request) {
  std::optional<queue::State> state;
  for (const auto& [name, value] : http::parse_query(request.query())) {
    if (name != "state") continue;
    state = queue::state_named(value);
    if (!state) {
      return error_response(invalid_request("HF400", "There is no state " + value));
    }
  }
  json entries = json::array();
  for (const auto& store : context.stores.all()) {
    auto reader = store->reader();
    for (const Entry& entry : queue::Outbox(store->overlay()).list(*reader, state)) {
      json text = print_entry(entry, store->principal());
      text["rows"] = json::array();
      for (const auto& effect : store->overlay().effects(*reader, entry.sequence)) {
        text["rows"].push_back({{"table", effect.relation}, {"key", parsed_or_null(effect.key)}});
      }
      entries.push_back(std::move(text));
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const json& a, const json& b) {
    return a.at("id").get_ref<const std::string&>() < b.at("id").get_ref<const std::string&>();
  });
  return http::json_response(200, entries.dump());
}

http::Response show_entry(const Context& context, const std::string& id) {
  return with_entry(context, id, [&](cache::Store& store, const Entry& entry) {
    json text = print_entry(entry, store.principal());
    text["body"] = parsed_or_null(entry.body);
    auto reader = store.reader();
    text["effects"] = print_effects(store.overlay().effects(*reader, entry.sequence));
    return http::json_response(200, text.dump());
  });
}

http::Response retry_entry(const Context& context, const std::string& id) {
  return change_entry(
      context, id, [](queue::Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
        outbox.retry(transaction, entry);
      });
}

http::Response discard_entry(const Context& context, const std::string& id) {
  const Timestamp now = context.clock.now();
  return change_entry(context, id,
                      [now](queue::Outbox& outbox, cache::Transaction& transaction,
                            const Entry& entry) { outbox.discard(transaction, entry, now); });
}

}  // namespace holdfast::routes
