#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/query/query.h"
#include "cache/query/shape.h"

namespace holdfast::cache::query {

// An identifier of the catalog as SQL.
std::string quote_identifier(std::string_view identifier);

// A parameter that takes a literal of the request, known by its address in the tree.
struct LiteralParameter {
  const void* literal = nullptr;
  int number = 0;
  LiteralUse use = LiteralUse::kOperand;
  const Type* type = nullptr;
};

// How the upstream's session would read and print.
struct SessionView {
  std::shared_ptr<const TimeZone> zone = nullptr;  // nullptr: UTC
  PlanOptions::Elsewhere elsewhere = {};
};

// The parameters of the statement that is being written. Each gets its own number; a pointer's
// value is NULL until it is bound.
// One thread at a time: the planner.
class Parameters {
 public:
  explicit Parameters(const Catalog& catalog, SessionView session = {})
      : catalog_(&catalog), session_(std::move(session)) {}

  const Catalog* catalog() const { return catalog_; }
  // Each returns what stands for the parameter in SQL: "?3".
  std::string value(Value value);
  // A value that was read from `literal`, a text or list of the request's tree.
  std::string literal(const void* literal, LiteralUse use, const Type& type, Value value);
  // The value that a literal was read as. What its type refuses is NULL here, and move_into() tells
  // of it: Postgres reads values once it knows the whole statement. Errors: kForwardCode.
  Result<Value> defer_refusal(Result<Value> read);
  const std::optional<Error>& refused() const { return refused_; }
  std::string shape(std::unique_ptr<RowShape> shape);
  // A shape with these types as its members.
  std::string types(const std::vector<const Type*>& types, std::deque<Type> owned = {});
  std::size_t count() const { return values_.size(); }
  const std::vector<LiteralParameter>& literals() const { return literals_; }
  // `type` as the session's time zone makes it; it lives as long as the plan. kForwardCode for
  // types whose values are not printed here as the session would.
  Result<const Type*> in_session(const Type& type);
  const RowShape* keep(std::unique_ptr<RowShape> shape);

  // Hands everything over to the plan. Errors: the first that defer_refusal() has kept.
  Result<void> move_into(Plan& plan);

 private:
  const Catalog* catalog_;
  SessionView session_;
  std::vector<Value> values_;
  std::vector<LiteralParameter> literals_;
  std::optional<Error> refused_;
  std::vector<std::pair<int, const RowShape*>> pointers_;
  std::shared_ptr<std::vector<std::unique_ptr<RowShape>>> shapes_ =
      std::make_shared<std::vector<std::unique_ptr<RowShape>>>();
};

// Joins terms with `glue` (" AND ", " OR ") in groups, so that neither a chain of a thousand terms
// nor their parentheses reach SQLite's limits on depth. Empty terms give an empty text.
std::string balanced(const std::vector<std::string>& terms, std::string_view glue);

// Whether SQLite's parser, whose stack holds a hundred symbols, can surely read the statement.
// `sql` is one of the planner's.
bool parser_can_read(std::string_view sql);

}  // namespace holdfast::cache::query
