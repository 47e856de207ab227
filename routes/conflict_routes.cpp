#include "routes/conflict_routes.h"

#include <algorithm>
#include <map>

#include "cache/values/json.h"
#include "gateway/http/uri.h"
#include "queue/arbiter.h"
#include "routes/error_response.h"
#include "routes/old_ids.h"
#include "routes/outbox_routes.h"
#include "routes/raw_json.h"
#include "routes/request_query.h"

namespace holdfast::routes {
namespace {

using queue::Arbiter;
using queue::Conflict;
using queue::Conflicts;

std::string time_text(const std::optional<Timestamp>& time) {
  return time ? format_rfc3339(*time) : "";
}

std::string print_conflict(const Conflict& conflict, const http::Principal& principal) {
  RawObjectWriter out;
  out.text("id", conflict.id).text("state", queue::name_of(conflict.state));
  out.text("principal", principal.id).text("table", conflict.relation).raw("key", conflict.key);
  out.text_or_null("entry", conflict.entry).text("operation", conflict.operation);
  out.text("strategy", conflict.strategy).texts("columns", conflict.columns);
  out.raw("base", conflict.base).raw("local", conflict.local).raw("remote", conflict.remote);
  out.text("reason", conflict.reason).text("role", conflict.role);
  out.text_or_null("local_at", time_text(conflict.local_at));
  out.text_or_null("remote_at", time_text(conflict.remote_at));
  out.text("detected_at", format_rfc3339(conflict.detected_at));
  out.text_or_null("choice", conflict.choice).text_or_null("resolved_by", conflict.resolved_by);
  out.text_or_null("resolved_at", time_text(conflict.resolved_at));
  return std::move(out).finish();
}

http::Response no_conflict(const std::string& id) {
  return error_response(
      {ErrorKind::kNotFound, "HF404", "There is no conflict " + id, std::nullopt, std::nullopt});
}

// The store that has the conflict; nullptr when none has.
std::shared_ptr<cache::Store> store_of(const Context& context, const std::string& id) {
  for (const auto& store : context.stores.all()) {
    auto reader = store->reader();
    if (Conflicts::find(*reader, id)) return store;
  }
  return nullptr;
}

struct Choice {
  Arbiter::Choice choice = Arbiter::Choice::kRemote;
  std::string row;
};

// What a person has put together may name rows by the ids that they had here.
Result<std::string> with_real_ids_in_row(const Context& context, cache::Store& store,
                                         cache::Database& database, std::string row) {
  cache::TemporaryIds::Named named;
  const cache::TemporaryIds ids(store.overlay());
  if (auto known = ids.resolve(database, row, named)) row = *std::move(known);
  if (auto refused = refuse_ids(context, store, named)) return *std::move(refused);
  if (named.waiting) {
    return conflict_error("The row with this temporary id is not upstream yet", std::nullopt,
                          "Decide it once the row's insert has been sent.");
  }
  return row;
}

Result<Choice> read_choice(const std::string& text) {
  const auto body = cache::parse_body(text);
  Choice choice;
  std::string name;
  if (body && body->rows.size() == 1) {
    for (const auto& [member, token] : body->rows[0]) {
      if (member == "choice") name = cache::decode_json_string(token);
      if (member == "row") choice.row = token;
    }
  }
  const std::map<std::string, Arbiter::Choice> names = {{"local", Arbiter::Choice::kLocal},
                                                        {"remote", Arbiter::Choice::kRemote},
                                                        {"merged", Arbiter::Choice::kMerged}};
  const auto found = names.find(name);
  if (found == names.end()) {
    return invalid_request("HF400", "choice must be local, remote or merged");
  }
  choice.choice = found->second;
  if (choice.choice == Arbiter::Choice::kMerged && choice.row.empty()) {
    return invalid_request("HF400", "merged needs the row: {\"choice\":\"merged\",\"row\":{…}}");
  }
  return choice;
}

}  // namespace

http::Response list_conflicts(const Context& context, const http::Request& request) {
  std::optional<Conflict::State> state;
  for (const auto& [name, value] : http::parse_query(request.query())) {
    if (name != "state") continue;
    state = queue::conflict_state_named(value);
    if (!state) return error_response(invalid_request("HF400", "There is no state " + value));
  }
  const auto limit = positive_parameter(request, "limit");
  if (!limit) return error_response(limit.error());
  std::map<std::string, std::string> printed;  // ids are in the order of time
  for (const auto& store : context.stores.all()) {
    auto reader = store->reader();
    for (const Conflict& conflict : Conflicts::list(*reader, state)) {
      printed.emplace(conflict.id, print_conflict(conflict, store->principal()));
    }
  }
  const auto most =
      static_cast<std::size_t>(limit->value_or(std::numeric_limits<std::int64_t>::max()));
  while (printed.size() > most) printed.erase(printed.begin());
  std::string body = "[";
  for (const auto& [id, text] : printed) body += (body.size() > 1 ? "," : "") + text;
  return http::json_response(200, body + "]");
}

http::Response show_conflict(const Context& context, const std::string& id) {
  const auto store = store_of(context, id);
  if (!store) return no_conflict(id);
  auto reader = store->reader();
  return http::json_response(
      200, print_conflict(Conflicts::find(*reader, id).value(), store->principal()));
}

http::Response resolve_conflict(const Context& context, const std::string& id,
                                const std::string& body) {
  const auto choice = read_choice(body);
  if (!choice) return error_response(choice.error());
  const auto store = store_of(context, id);
  if (!store) return no_conflict(id);
  Result<void> resolved{};
  store->writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
    queue::Outbox outbox(store->overlay());
    const auto conflict = Conflicts::find(transaction.database(), id);
    auto row = with_real_ids_in_row(context, *store, transaction.database(), choice->row);
    if (!row) {
      resolved = std::move(row).error();
      return;
    }
    resolved =
        Arbiter(outbox, context.replica)
            .resolve(transaction, conflict.value(), choice->choice, *row, context.clock.now());
  });
  if (!resolved) return error_response(resolved.error());
  context.synchronizer.wake_dispatcher();
  return show_conflict(context, id);
}

}  // namespace holdfast::routes
