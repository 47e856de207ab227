#include <algorithm>

#include "cache/replica/mutation.h"
#include "cache/replica/temporary_id_text.h"
#include "cache/replica/temporary_ids.h"
#include "cache/values/json.h"
#include "queue/conflicts.h"
#include "queue/outbox.h"
#include "routes/error_response.h"
#include "routes/old_ids.h"
#include "routes/outbox_entries.h"
#include "routes/outbox_routes.h"
#include "routes/session.h"

// A dead letter, or another entry that is not under way, with another body.
namespace holdfast::routes {
namespace {

using cache::Mutation;
using queue::Entry;

bool names_columns(const std::string& target) {
  return target.find("?columns=") != target.npos || target.find("&columns=") != target.npos;
}

// The target with `columns` instead of those that columns= names.
std::string naming(const std::string& target, const std::vector<std::string>& columns) {
  const auto query = target.find('?');
  std::string text = target.substr(0, query);
  char separator = '?';
  std::string_view rest = std::string_view(target).substr(std::min(query, target.size()));
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    rest.remove_prefix(parameter.size());
    if (parameter.starts_with("columns=") && columns.empty()) continue;
    text.append(1, separator);
    separator = '&';
    if (parameter.starts_with("columns=")) {
      text.append("columns=" + name_list(columns));
    } else {
      text.append(parameter);
    }
  }
  return text;
}

// All names of its objects, in their order.
std::vector<std::string> names_of(const cache::RawBody& body) {
  std::vector<std::string> names;
  for (const auto& row : body.rows) {
    for (const auto& [name, token] : row) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

// The write that the entry is, with `body`: what that names is what is written, whatever the one
// before it named, so the entry's target names it too.
Result<Mutation> mutation_of(Entry& entry, const cache::Table& table, const std::string& body) {
  if (entry.operation == "delete") return conflict_error("A deletion has no body to edit");
  if (queue::is_opaque(entry)) {
    return conflict_error("What it does only the upstream knows: discard it, and write it anew");
  }
  Mutation mutation;
  mutation.table = &table;
  const bool named = names_columns(entry.target);
  using cache::BodyKeys;
  HF_TRY(mutation.body, cache::parse_body(body, named ? BodyKeys::kAny : BodyKeys::kMustMatch));
  if (named) entry.target = naming(entry.target, names_of(mutation.body));
  const auto query = entry.target.find('?');
  HF_TRY(mutation.query, cache::query::Query::parse(
                             query == std::string::npos ? "" : entry.target.substr(query + 1)));
  const bool has = entry.headers.find("resolution=merge-duplicates") != std::string::npos;
  const bool ignores = entry.headers.find("resolution=ignore-duplicates") != std::string::npos;
  if (has) mutation.resolution = cache::Resolution::kMergeDuplicates;
  if (ignores) mutation.resolution = cache::Resolution::kIgnoreDuplicates;
  if (entry.headers.find("missing=default") != std::string::npos) {
    mutation.missing = cache::Missing::kDefault;
  }
  mutation.operation =
      entry.operation == "update" ? cache::Operation::kUpdate : cache::Operation::kInsert;
  return mutation;
}

Result<std::string> body_of(const std::string& request) {
  const auto parsed = cache::parse_body(request);
  if (parsed && parsed->rows.size() == 1) {
    for (const auto& [name, token] : parsed->rows[0]) {
      if (name == "body") return token;
    }
  }
  return invalid_request("HF400", "Say the new body, as {\"body\":{…}}");
}

// In the writer, with the store's own catalog.
class Edit {
 public:
  Edit(const Context& context, cache::Store& store, cache::Transaction& transaction)
      : context_(context), store_(store), transaction_(transaction), outbox_(store.overlay()) {}

  Result<void> run(const std::string& id, const std::string& body) {
    auto entry = outbox_.find(transaction_.database(), id);
    if (!entry || !queue::may_change(*entry)) return entry_closed();
    // A new key would let both of them take effect.
    if (entry->lost_answer && !is_end(entry->state)) {
      return conflict_error(
          "Its answer was lost, and it may have arrived: wait until that is known");
    }
    const cache::Table* table = store_.overlay().find_table(entry->relation);
    if (table == nullptr) return conflict_error("Its table is not there any more");
    HF_TRY(auto mutation, mutation_of(*entry, *table, body));
    if (!put_in_zone(store_.catalog(), principal_of(*entry), {}, mutation)) {
      return conflict_error("What its moments mean is known at the upstream only");
    }
    const auto named =
        cache::TemporaryIds(store_.overlay()).resolve(transaction_.database(), mutation);
    if (auto refused = refuse_ids(context_, store_, named)) return *std::move(refused);
    if (named.last_entry > entry->sequence) {
      return conflict_error(
          "It names a row by a temporary id whose insert comes after it: edit it once that is "
          "delivered");
    }
    // Computed on the rows as they are at its place, without it.
    auto& overlay = store_.overlay();
    if (!is_end(entry->state)) overlay.drop(transaction_, entry->sequence);
    const auto later = overlay.later_on_its_rows(transaction_.database(), entry->sequence);
    for (const std::int64_t each : later) overlay.drop(transaction_, each);
    HF_TRY(auto changes, compute(mutation, *entry));
    HF_TRY_VOID(keep_ids(*entry, *table, changes));
    std::ranges::copy(named.rows, std::back_inserter(changes.references));
    const bool insert = mutation.operation == cache::Operation::kInsert;
    if (insert && names_columns(entry->target)) {
      entry->target = naming(entry->target, changes.columns);
    }
    entry->body = insert ? changes.body : body;
    entry->minted_key = changes.minted_key;
    queue::Conflicts::close_of(transaction_, entry->id, "merged", context_.clock.now());
    outbox_.edit(transaction_, *entry, changes.effects, changes.references,
                 changes.former_references);
    for (const std::int64_t each : later) overlay.reactivate(transaction_, each);
    return {};
  }

 private:
  http::Principal principal_of(const Entry& entry) const {
    http::Principal principal = store_.principal();
    principal.role = entry.role;
    principal.claims = entry.claims;
    return principal;
  }

  Result<cache::Changes> compute(const Mutation& mutation, const Entry& entry) {
    const auto principal = principal_of(entry);
    const auto options = write_options(context_.rest, store_.catalog(), principal, {});
    auto computed = cache::compute_changes(
        transaction_.database(), store_.catalog(), store_.overlay(), mutation,
        {.defaults = {principal, entry.created_at, options.timezone.empty()},
         .plan = options,
         .temporary_ids = true});
    if (auto* error = std::get_if<Error>(&computed)) return std::move(*error);
    if (auto* ask = std::get_if<cache::AskUpstream>(&computed)) return conflict_error(ask->reason);
    auto& changes = std::get<cache::Changes>(computed);
    if (changes.effects.empty()) return conflict_error("The row that it changes is not here");
    return std::move(changes);
  }

  // Rows whose keys the upstream makes keep the ids that they have here: later writes name them.
  Result<void> keep_ids(const Entry& entry, const cache::Table& table, cache::Changes& changes) {
    const cache::TemporaryIds ids(store_.overlay());
    const auto had = ids.unresolved_of(transaction_.database(), entry.sequence).second;
    const auto& has = changes.temporary_ids;
    if (had.empty()) {
      cache::TemporaryIds::remember(transaction_, entry.sequence, table, has);
      return {};
    }
    if (had.size() != has.size()) {
      return conflict_error(
          "Its rows have no keys of the app's own, and stay as many as they were");
    }
    std::map<std::int64_t, std::int64_t> own;
    for (std::size_t i = 0; i < has.size(); ++i) own[has[i]] = had[i];
    for (cache::Effect& effect : changes.effects) {
      effect.key = cache::replace_ids(own, effect.key);
      effect.row = cache::replace_ids(own, effect.row);
      effect.values.reset();
    }
    return {};
  }

  const Context& context_;
  cache::Store& store_;
  cache::Transaction& transaction_;
  queue::Outbox outbox_;
};

}  // namespace

http::Response edit_entry(const Context& context, const std::string& id, const std::string& body) {
  const auto text = body_of(body);
  if (!text) return error_response(text.error());
  for (const auto& store : context.stores.all()) {
    if (!queue::Outbox(store->overlay()).find(*store->reader(), id)) continue;
    std::optional<Error> error;
    store->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
      cache::Savepoint savepoint(transaction);
      const auto edited = Edit(context, *store, transaction).run(id, *text);
      if (!edited) {
        error = edited.error();
        return;
      }
      savepoint.release();
    });
    if (error) return error_response(*error);
    context.synchronizer.wake_dispatcher();
    return show_entry(context, id);
  }
  return show_entry(context, id);
}

}  // namespace holdfast::routes
