#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cache/query/query.h"
#include "cache/replica/defaults.h"
#include "cache/replica/overlay.h"
#include "cache/values/json.h"

namespace holdfast::cache {

enum class Operation { kInsert, kUpdate, kDelete };
enum class Resolution { kNone, kMergeDuplicates, kIgnoreDuplicates };
enum class Missing { kNull, kDefault };  // what a row lacks that columns= names

// One client write, parsed: what PostgREST's POST, PATCH and DELETE say.
struct Mutation {
  const Table* table = nullptr;
  Operation operation = Operation::kInsert;
  Resolution resolution = Resolution::kNone;
  Missing missing = Missing::kNull;
  bool single = false;  // a PUT: one row, by its key
  RawBody body;         // insert: the rows; update: one object; delete: nothing
  query::Query query;
};

// Whether the upstream's trigger fires for it.
bool fires(const Mutation& mutation, const Trigger& trigger);

// What a mutation does to the replica, computed and not yet written.
struct Changes {
  std::vector<Effect> effects;
  // Rows of the mutation's table that it inserts or changes, by key_of(), in the request's order;
  // for a deletion those that go.
  std::vector<std::string> keys;
  // Rows that the affected rows refer to by foreign key: relation and key, or "*" for any row.
  std::vector<std::pair<std::string, std::string>> references;
  // And to which no more: what becomes of those, a cascade say, must not reach the own rows before
  // the write does.
  std::vector<std::pair<std::string, std::string>> former_references;
  // Columns whose value only the upstream can compute; they are shown as NULL until then.
  std::vector<std::string> provisional;
  // Columns whose values the upstream may print otherwise than they were sent.
  std::vector<std::string> reshaped;
  std::int64_t inserted = 0;
  // The keys of the inserted rows, where they are ids that stand for the upstream's own (see
  // TemporaryIds), in the order of the request; empty otherwise.
  std::vector<std::int64_t> temporary_ids;
  // Why the replica's rows make the outcome doubtful, if they do: the upstream is to be asked while
  // it can be, else the changes hold.
  std::string doubt;
  // A row refers to a table of which none is kept here: whether it is there only the upstream
  // knows.
  bool refers_elsewhere = false;
  // An insert as it is to be sent: rows with the minted keys, and the columns to name.
  std::string body;
  std::vector<std::string> columns;
  bool minted_key = false;  // the keys are random UUIDs made here
};

// Why only the upstream can decide a mutation: keys made by a sequence, no key at all, filters that
// the engine does not evaluate exactly.
struct AskUpstream {
  std::string reason;
  // How many rows it affects, as far as the rows here tell.
  std::optional<std::int64_t> rows = std::nullopt;
};

// Names that the table does not have in columns= or in the body: PGRST204, whatever the rows are.
Result<void> check_columns(const Mutation& mutation);

using Computed = std::variant<Changes, AskUpstream, Error>;

struct MutationContext {
  DefaultContext defaults;
  query::PlanOptions plan;
  // The local store is the truth (standalone): keys of sequences are made here, and constraints
  // are decided here. Otherwise stale data proves nothing, and only rows of the same request and
  // own pending writes do.
  bool authoritative = false;
  // Nobody else changes the rows here: one that is here proves that its key is taken.
  bool sole = false;
  // Where the upstream counts keys, temporary ones stand for them.
  bool temporary_ids = false;
};

// Computes what `mutation` does to the rows as they are visible now. Errors are those that
// PostgREST and Postgres would answer whatever the upstream holds: unknown columns (PGRST204), type
// syntax (22xxx), not-null (23502), generated columns (428C9), keys that come twice (23505, 21000).
Computed compute_changes(Database& database, const Catalog& catalog, const Overlay& overlay,
                         const Mutation& mutation, const MutationContext& context);

}  // namespace holdfast::cache
