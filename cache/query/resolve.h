#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cache/query/query.h"
#include "cache/query/relationships.h"
#include "cache/query/syntax.h"

// The request's tree of relations: which parameter applies where, and to which table.
namespace holdfast::cache::query {

struct Place;

// An order term whose embed, when it names one, is found.
struct ResolvedOrder {
  const OrderTerm* term = nullptr;
  const Place* embed = nullptr;
};

// The root relation or one embed of it. It borrows from the Query and the Catalog.
struct Place {
  const Table* table = nullptr;
  std::string name;   // under which parameters name it: its alias, else the requested name
  std::string alias;  // of its table in SQL
  int depth = 0;
  const SelectEmbed* embed = nullptr;  // null at the root
  const Place* parent = nullptr;       // null at the root
  Relationship relationship;           // not at the root
  JoinKind join = JoinKind::kNone;
  bool spread = false;
  // A to-one embed that stands in its parent's FROM, because its columns are needed there or
  // because more than one row may match, which then repeats the parent as in PostgREST.
  bool joined = false;
  bool own_rows = false;  // see PlanOptions
  bool left_out = false;  // a to-one embed whose only row its limit or offset leaves out
  std::vector<const SelectField*> fields;
  std::vector<std::unique_ptr<Place>> embeds;
  std::vector<const Condition*> conditions;
  std::vector<ResolvedOrder> order;
  Range range;

  bool to_many() const { return embed != nullptr && !relationship.to_one(); }
  // Its rows are answered in groups: it selects aggregates, or a to-one spread of it does.
  bool aggregated() const;
  const Place* find_embed(std::string_view embed_name) const;
  // Of the junction's table, where there is one.
  std::string junction_alias() const { return "j" + alias; }
};

// What of the query is wanted: a mutation's targets need no select, its representation no filter.
enum class Wanted { kAll, kFiltersOnly, kWithoutRootFilters };

// Errors are PGRST108, PGRST118, PGRST200, PGRST201, PGRST123, PGRST127, 42712; kForwardCode where
// the request means something that is not evaluated here.
Result<std::unique_ptr<Place>> resolve(const Query& query, const Catalog& catalog,
                                       const Table& table, const PlanOptions& options,
                                       Wanted wanted);

// The Error that stands for Forward inside planning.
Error forward(std::string reason);

}  // namespace holdfast::cache::query
