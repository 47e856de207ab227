#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/query/query.h"
#include "cache/query/sql_text.h"

namespace holdfast::cache::query {

// A literal of a request's filters that its plan takes as a parameter: one text, or a list of them.
// It borrows from the Query.
struct Literal {
  const std::string* text = nullptr;
  const std::vector<std::string>* list = nullptr;

  const void* address() const { return text != nullptr ? static_cast<const void*>(text) : list; }
};

// What of a request decides its plan, and what is left.
//
// Literals of = <> < <= > >= LIKE, IS DISTINCT FROM and lists are left, and so are the numbers of
// the root's limit and offset; everything else, other operators' literals included, is in the key.
struct RequestShape {
  // Equal for requests of one shape; starts with no table's name.
  std::string key;
  std::vector<Literal> literals;
  RowWindow window;
};

// nullopt when the range is an error, which only planning words. `query` must outlive the shape.
std::optional<RequestShape> shape_of(const Query& query, const PlanOptions& options);

// The values with which `plan`, made for a request of the same shape, catalog and table and the
// same options but for the range, answers this one. nullopt when it cannot: a literal that its type
// refuses, or a plan that uses one in another way. The request is then planned for itself.
std::optional<Binding> rebind(const Plan& plan, const RequestShape& shape);

// For the planner: which parameter of the plan takes which literal. A plan whose literals are not
// all taken by parameters gets no slots, and cannot be bound anew.
void note_slots(const Query& query, const std::vector<LiteralParameter>& parameters, Plan& plan);

}  // namespace holdfast::cache::query
