#include <algorithm>

#include "cache/query/json_text.h"
#include "cache/query/outcome_words.h"
#include "cache/query/query.h"
#include "cache/query/render.h"
#include "cache/query/resolve.h"
#include "cache/sqlite/time_limit.h"

namespace holdfast::cache::query {
namespace {

// What Supabase lets the statements of a signed-in user take: 8 s (its guide "Timeouts"). Whoever
// reads on for longer keeps a thread from all others.
constexpr std::chrono::milliseconds kLongest{8'000};

// The result of `read`, which may run into that limit.
template <typename Read>
auto within_limit(Database& database, Read read) -> decltype(read()) {
  const TimeLimit limit(database, kLongest);
  try {
    return read();
  } catch (const SqliteError& error) {
    if (!error.interrupted()) throw;
    return forward("a read that takes more than eight seconds");
  }
}

// BEGIN … COMMIT around a count and its page, unless the caller has a transaction already.
class ReadTransaction {
 public:
  ReadTransaction(Database& database, bool wanted)
      : database_(wanted && !database.in_transaction() ? &database : nullptr) {
    if (database_ != nullptr) database_->execute("BEGIN");
  }
  ~ReadTransaction() {
    if (database_ != nullptr && database_->in_transaction()) database_->execute("ROLLBACK");
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  Database* database_;
};

// A statement of the cache that is reset and emptied when its use ends, also by an error.
class BorrowedStatement {
 public:
  BorrowedStatement(Database& database, const std::string& sql)
      : statement_(database.cached(sql)) {}
  ~BorrowedStatement() {
    statement_.reset();
    statement_.clear_bindings();
  }
  BorrowedStatement(const BorrowedStatement&) = delete;
  BorrowedStatement& operator=(const BorrowedStatement&) = delete;

  Statement& operator*() { return statement_; }
  Statement* operator->() { return &statement_; }

 private:
  Statement& statement_;
};

// Values are borrowed from the binding, which outlives the statement's use.
void bind(Statement& statement, const Plan& plan, const Binding& binding, std::size_t count) {
  // The last parameters may be those of an operand that its condition turned out not to need.
  count = std::min(count, static_cast<std::size_t>(statement.parameter_count()));
  for (std::size_t i = 0; i < count; ++i) {
    const int parameter = static_cast<int>(i) + 1;
    if (const auto* text = std::get_if<std::string>(&binding.values[i])) {
      statement.bind_borrowed(parameter, *text);
    } else {
      statement.bind(parameter, binding.values[i]);
    }
  }
  for (const auto& [parameter, shape] : plan.pointers) {
    if (static_cast<std::size_t>(parameter) <= count) {
      statement.bind_pointer(parameter, shape, kShapePointer);
    }
  }
}

Error outcome_of(const Statement& statement) {
  auto error = decode_outcome(statement.error_text());
  // SQLite's own error: a bug of the planner.
  if (!error) throw std::runtime_error("query plan failed: " + statement.error_text());
  return *std::move(error);
}

// Calls row() for each row, until it fails.
template <typename Row>
Result<void> step_all(Statement& statement, Row row) {
  for (;;) {
    switch (statement.try_step()) {
      case Statement::Step::kRow:
        HF_TRY_VOID(row());
        break;
      case Statement::Step::kDone:
        return {};
      case Statement::Step::kFunctionError:
        return outcome_of(statement);
    }
  }
}

Result<std::int64_t> count_rows(Database& database, const Plan& plan, const Binding& binding) {
  BorrowedStatement statement(database, plan.count_sql);
  bind(*statement, plan, binding, plan.count_values);
  std::int64_t total = 0;
  HF_TRY_VOID(step_all(*statement, [&]() -> Result<void> {
    total = statement->integer(0);
    return {};
  }));
  return total;
}

Error beyond_total(std::int64_t offset, std::int64_t total) {
  Error error =
      invalid_request("PGRST103", "Requested range not satisfiable",
                      "An offset of " + std::to_string(offset) +
                          " was requested, but there are only " + std::to_string(total) + " rows.");
  error.total_rows = total;
  return error;
}

Error not_one_row(std::int64_t rows) {
  return invalid_request("PGRST116", "Cannot coerce the result to a single JSON object",
                         "The result contains " + std::to_string(rows) + " rows");
}

void render_object(const Statement& statement, const RowShape& shape, TextBuilder& out) {
  out.append('{');
  render_members(
      shape, [&](int i) { return statement.column(i); }, out);
  out.append('}');
}

Result<void> render_csv_row(const Statement& statement, const RowShape& shape, TextBuilder& out) {
  for (std::size_t i = 0; i < shape.members.size(); ++i) {
    if (i > 0) out.append(',');
    HF_TRY_VOID(render_csv_value(shape.members[i], statement.column(static_cast<int>(i)), out));
  }
  return {};
}

// Names come with the first row, as in PostgREST: no rows, no names.
void render_csv_names(const RowShape& shape, TextBuilder& out) {
  for (const auto& member : shape.members) {
    if (&member != &shape.members.front()) out.append(',');
    out.append(member.name);
  }
}

Result<void> render_row(const Statement& statement, const RowShape& shape, Form form, bool first,
                        TextBuilder& out) {
  if (form == Form::kCsv) {
    if (first) render_csv_names(shape, out);
    out.append('\n');
    return render_csv_row(statement, shape, out);
  }
  if (form == Form::kArray) out.append(first ? '[' : ',');
  if (form == Form::kArray || first) render_object(statement, shape, out);
  return {};
}

std::string json_array(const std::vector<std::int64_t>& numbers) {
  std::string out = "[";
  for (const auto number : numbers) {
    if (out.size() > 1) out += ',';
    out += std::to_string(number);
  }
  return out + ']';
}

Result<void> read_rows(Database& database, const Plan& plan, const Binding& binding, Form form,
                       const std::vector<std::int64_t>& rowids, Output& output) {
  const std::string rows = plan.rowids_parameter == 0 ? std::string() : json_array(rowids);
  BorrowedStatement statement(database, plan.sql);
  bind(*statement, plan, binding, binding.values.size());
  if (plan.rowids_parameter != 0) statement->bind_borrowed(plan.rowids_parameter, rows);
  TextBuilder body;
  HF_TRY_VOID(step_all(*statement, [&] {
    return render_row(*statement, *plan.root, form, output.rows++ == 0, body);
  }));
  if (form == Form::kArray) body.append(output.rows == 0 ? "[]" : "]");
  if (form == Form::kCsv && output.rows == 0) body.append('\n');
  output.body = body.take();
  return {};
}

Result<Output> read(Database& database, const Plan& plan, const Binding& binding, Form form,
                    bool nulls_stripped, const std::vector<std::int64_t>& rowids) {
  Output output;
  output.offset = binding.window.offset;
  const bool counting = !plan.count_sql.empty();
  const ReadTransaction transaction(database, counting);
  // Of an answer without any limit PostgREST counts the rows that it gives, groups too.
  const bool is_whole = !binding.window.has_limit();
  if (counting && !is_whole) {
    HF_TRY(output.total, count_rows(database, plan, binding));
    // PostgREST counts the rows of a single object before it looks at the range.
    if (output.offset > *output.total && form != Form::kObject) {
      return beyond_total(output.offset, *output.total);
    }
  }
  HF_TRY_VOID(read_rows(database, plan, binding, form, rowids, output));
  if (counting && is_whole) output.total = output.rows;
  if (form == Form::kObject && output.rows != 1) return not_one_row(output.rows);
  if (nulls_stripped && form != Form::kCsv) {
    HF_TRY_VOID(check_escapes(output.body));
    output.body = strip_nulls(output.body);
  }
  return output;
}

}  // namespace

Result<Output> execute(Database& database, const Plan& plan, Form form, bool nulls_stripped,
                       const std::vector<std::int64_t>& rowids) {
  return execute(database, plan, plan.binding, form, nulls_stripped, rowids);
}

Result<Output> execute(Database& database, const Plan& plan, const Binding& binding, Form form,
                       bool nulls_stripped, const std::vector<std::int64_t>& rowids) {
  return within_limit(database,
                      [&] { return read(database, plan, binding, form, nulls_stripped, rowids); });
}

bool shows_new_rows(Database& database, const Plan& plan) {
  if (plan.new_rows_sql.empty()) return false;
  BorrowedStatement statement(database, plan.new_rows_sql);
  return statement->step() && statement->integer(0) != 0;
}

Result<std::vector<std::int64_t>> execute_targets(Database& database, const Plan& plan) {
  return within_limit(database, [&]() -> Result<std::vector<std::int64_t>> {
    std::vector<std::int64_t> rowids;
    BorrowedStatement statement(database, plan.sql);
    bind(*statement, plan, plan.binding, plan.binding.values.size());
    HF_TRY_VOID(step_all(*statement, [&]() -> Result<void> {
      rowids.push_back(statement->integer(0));
      return {};
    }));
    return rowids;
  });
}

}  // namespace holdfast::cache::query
