#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cache/catalog/catalog.h"
#include "cache/query/literals.h"
#include "cache/sqlite/database.h"
#include "gateway/base/result.h"

// PostgREST's URL query language over the replica: text -> syntax tree -> plan against the catalog
// -> one SQLite statement -> JSON. The source of the language is PostgREST v16's documentation and
// its specification's cases.
namespace holdfast::cache::query {

struct QueryTree;  // syntax.h

// A parsed query string: grammar only, nothing is looked up.
// Immutable after construction.
class Query {
 public:
  // `raw` is the target's part after '?'. Parameters that are no part of the language (`apikey`)
  // are left out. Errors are PostgREST's PGRST100 with its details.
  static Result<Query> parse(std::string_view raw);

  const QueryTree& tree() const { return *tree_; }
  // The only value that the rows have in the column, by name=eq.value; nullptr: there may be
  // others.
  const std::string* equal_value(std::string_view column) const;
  // The query with other values in its filters, where `replace` gives any; nullopt when it gives
  // none.
  std::optional<Query> with_values(
      const std::function<std::optional<std::string>(const std::string& value)>& replace) const;
  // columns= of a mutation; empty when the request names none.
  const std::vector<std::string>& columns() const;
  // on_conflict=, likewise.
  const std::vector<std::string>& on_conflict() const;
  bool has_select() const;
  // Whether select shows the column of the root; an embed may lead back to it.
  bool may_show(std::string_view column) const;
  std::optional<std::int64_t> limit() const;  // at the root
  std::int64_t offset() const;

 private:
  std::shared_ptr<const QueryTree> tree_;
};

enum class TextOrder {
  kExact,  // order and ranges on text whose collation this machine does not have are not answered
  kClose,  // they are answered in the order that comes closest
};

struct PlanOptions {
  bool aggregates = false;       // count(), sum(), … in select are allowed
  std::int64_t max_rows = 1000;  // limit of every answer at the root; 0 = none
  TextOrder text_order = TextOrder::kExact;
  // Range of the Range header (Range-Unit items), first and last row; nullopt without one. What is
  // beyond bigint is the largest bigint.
  std::optional<std::pair<std::int64_t, std::optional<std::int64_t>>> range;
  bool count = false;  // the total without limit and offset is wanted
  // Time zone of the session, as Prefer: timezone names it; empty = UTC. Errors: 22023, but where
  // it is `sessions_own` and not the request's: then moments are for the upstream to print.
  std::string timezone = {};
  bool sessions_own = false;
  // What a text search without a configuration uses: the session's default_text_search_config.
  std::string text_search = "english";
  // The session prints some types otherwise than they are printed here.
  struct Elsewhere {
    bool moments = false;
    bool intervals = false;  // another intervalstyle than postgres
    bool bytes = false;      // another bytea_output than hex
  };
  Elsewhere elsewhere = {};
  // Of a representation: the rows are new, so that also columns that are not kept here are known.
  bool own_rows = false;
  // Rows with temporary ids come last where no order is asked, as new rows do upstream.
  bool new_rows_last = false;
};

// Sets what the session says.
void set_session(const Session& session, PlanOptions& options);

// The rows that are answered of those that there are.
struct RowWindow {
  std::int64_t offset = 0;
  std::optional<std::int64_t> limit;

  bool has_limit() const { return limit.has_value() || offset > 0; }  // in SQL
};

// What a statement is run with.
struct Binding {
  std::vector<Value> values;  // of parameters 1 … n
  RowWindow window;
};

struct LiteralSlot {
  std::size_t literal = 0;  // of RequestShape::literals
  int parameter = 0;
  LiteralUse use = LiteralUse::kOperand;
  const Type* type = nullptr;
};

// Columns of a table in the order in which an index on them would serve a read.
struct IndexWish {
  const Table* table = nullptr;
  std::vector<std::size_t> columns;
};

// Names and printers of one JSON object's members; lives in its Plan.
struct RowShape;

// One statement, ready to run on any connection of the replica that it was planned for.
// Immutable after construction. It borrows from the Catalog, which must outlive it.
struct Plan {
  std::string sql;
  Binding binding;                                        // of the request it was made for
  std::vector<std::pair<int, const RowShape*>> pointers;  // parameter -> shape, for embeds
  std::shared_ptr<const std::vector<std::unique_ptr<RowShape>>> shapes;
  const RowShape* root = nullptr;
  std::string count_sql;             // empty unless PlanOptions::count; its values come first
  std::size_t count_values = 0;      // how many of `values` (from the first) count_sql takes
  int rowids_parameter = 0;          // where a representation takes its rows; 0 = none
  std::vector<const Table*> tables;  // that it reads: the root first, then each embedded one
  int limit_parameter = 0;           // 0 = none, as for the offset
  int offset_parameter = 0;
  // Where the literals of another request of its shape go (request_shape.h); nullopt when it serves
  // no other.
  std::optional<std::vector<LiteralSlot>> slots;
  std::optional<IndexWish> wish;  // of a read that no declared key serves
  std::string new_rows_sql;       // see shows_new_rows(); empty when it never does
};

// Why the engine will not answer: it would not be exact. Shown in Cache-Status.
struct Forward {
  std::string reason;
};

using Planned = std::variant<Plan, Forward, Error>;

// A read of `table`.
Planned plan_read(const Query& query, const Catalog& catalog, const Table& table,
                  const PlanOptions& options);

// The rows of `table` that a mutation's filters select: one column, the rowid. `exact` in the sense
// of plan_read. Embeds do not restrict it, not even !inner; they must exist.
Planned plan_targets(const Query& query, const Catalog& catalog, const Table& table,
                     const PlanOptions& options);

// What return=representation answers of given rows: select, embeds and order of the query, without
// its root filters. execute() takes the rows as rowids.
Planned plan_representation(const Query& query, const Catalog& catalog, const Table& table,
                            const PlanOptions& options);

enum class Form { kArray, kObject, kCsv };

struct Output {
  std::string body;
  std::int64_t offset = 0;  // of the first row
  std::int64_t rows = 0;
  std::optional<std::int64_t> total;  // when the plan counts
};

// Runs a plan inside one read transaction, so that rows and total agree. `nulls_stripped` leaves
// members that are null out of every object. Errors: PGRST116 (406) when Form::kObject meets
// another number of rows than one, SQLSTATE errors raised by casts, else PGRST103 (416) when the
// offset lies behind the total of a counting plan.
Result<Output> execute(Database& database, const Plan& plan, const Binding& binding, Form form,
                       bool nulls_stripped = false, const std::vector<std::int64_t>& rowids = {});
// With the plan's own binding.
Result<Output> execute(Database& database, const Plan& plan, Form form, bool nulls_stripped = false,
                       const std::vector<std::int64_t>& rowids = {});

// Whether the plan, made without PlanOptions::new_rows_last, shows rows with temporary ids where it
// has no order for them.
bool shows_new_rows(Database& database, const Plan& plan);

// The rowids that plan_targets()' plan selects: in rowid order, temporary ids last.
Result<std::vector<std::int64_t>> execute_targets(Database& database, const Plan& plan);

// Registers the functions and collations that plans use; for every connection, after opening.
void register_functions(Database& database);

}  // namespace holdfast::cache::query
