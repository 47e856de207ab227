#include "cache/query/relationship_hint.h"

#include <algorithm>

#include "cache/query/relationship_paths.h"
#include "cache/query/suggestions.h"
#include "cache/values/text.h"

namespace holdfast::cache::query {
namespace {

using Names = std::vector<std::string>;

std::string perhaps(const std::string& meant, std::string_view instead) {
  return "Perhaps you meant '" + meant + "' instead of '" + std::string(instead) + "'.";
}

class Hints {
 public:
  Hints(const Catalog& catalog, const std::vector<Reference>& references, const Table& origin)
      : catalog_(catalog), references_(references), origin_(origin) {}

  // The relations of the schema with a relationship inside it.
  Names related() const {
    Names names;
    for (const Reference& reference : references_) {
      const Names from = appearing(*reference.from, reference.key->columns);
      const Names to = appearing(*reference.to, reference.to_columns);
      if (from.empty() || to.empty()) continue;
      names.insert(names.end(), from.begin(), from.end());
      names.insert(names.end(), to.begin(), to.end());
    }
    // A hidden junction cannot be embedded through, yet what it joins counts as related.
    for (const Table& junction : catalog_.tables()) {
      if (is_visible(junction)) continue;
      const auto ends = ends_of(junction);
      join_through(catalog_, junction, ends, ends,
                   [&](const Relationship& found) { names.push_back(found.origin->name); });
    }
    for (const Function& function : catalog_.functions()) {
      const Table* row = row_of(function);
      if (row != nullptr && returned(function) != nullptr) names.push_back(row->name);
    }
    return names;
  }

  Names targets() const {
    Names names;
    const Emit collect = [&](const Relationship& found) { names.push_back(found.target->name); };
    for (const Reference& reference : references_) {
      follow(catalog_, origin_, reference, visible(), collect);
      follow_back(catalog_, origin_, reference, visible(), collect);
    }
    for (const Table& junction : catalog_.tables()) {
      if (junction.exposed) add_joined(junction, collect);
    }
    for (const Function& function : catalog_.functions()) {
      const Table* target = row_of(function) == &origin_ ? returned(function) : nullptr;
      if (target != nullptr) names.push_back(target->name);
    }
    return names;
  }

 private:
  bool is_visible(const Table& table) const {
    return table.exposed && table.schema == origin_.schema;
  }

  Accept visible() const {
    return [this](const Table& table) { return is_visible(table); };
  }

  Names appearing(const Table& base, const Columns& columns) const {
    Names names;
    for (const Table& table : catalog_.tables()) {
      if (is_visible(table) && !appearances(table, base, columns).empty()) {
        names.push_back(table.name);
      }
    }
    return names;
  }

  // To what the keys of a junction lead.
  std::vector<Relationship> ends_of(const Table& junction) const {
    std::vector<Relationship> ends;
    for (const Reference& reference : references_) {
      follow(catalog_, junction, reference, visible(), [&](Relationship found) {
        if (found.kind == Relationship::Kind::kManyToOne) ends.push_back(std::move(found));
      });
    }
    return ends;
  }

  void add_joined(const Table& junction, const Emit& emit) const {
    const auto ends = ends_of(junction);
    std::vector<Relationship> to_origin;
    std::copy_if(ends.begin(), ends.end(), std::back_inserter(to_origin),
                 [&](const Relationship& end) { return end.target == &origin_; });
    if (!to_origin.empty()) join_through(catalog_, junction, to_origin, ends, emit);
  }

  // The relation whose rows a computed relationship starts from, and the one that it leads to.
  const Table* row_of(const Function& function) const {
    if (function.arguments.size() != 1 || !function.arguments[0].row_of) return nullptr;
    const auto& row = *function.arguments[0].row_of;
    return find_visible(row.schema, row.table);
  }

  const Table* returned(const Function& function) const {
    std::string_view name = function.returns;
    const std::string qualified = origin_.schema + ".";
    if (name.starts_with(qualified)) name.remove_prefix(qualified.size());
    return find_visible(origin_.schema, name);
  }

  const Table* find_visible(std::string_view schema, std::string_view name) const {
    const Table* table = catalog_.find(schema, name);
    return table != nullptr && is_visible(*table) ? table : nullptr;
  }

  const Catalog& catalog_;
  const std::vector<Reference>& references_;
  const Table& origin_;
};

}  // namespace

std::optional<std::string> relationship_hint(const Catalog& catalog,
                                             const std::vector<Reference>& references,
                                             const Table& origin, std::string_view name) {
  const Hints hints(catalog, references, origin);
  const Names origins = hints.related();
  if (std::find(origins.begin(), origins.end(), origin.name) == origins.end()) {
    const auto meant = closest_name(origins, origin.name);
    return meant ? std::optional(perhaps(*meant, origin.name)) : std::nullopt;
  }
  const auto meant = closest_name(hints.targets(), name);
  // What is related by that very name lacked something else.
  if (!meant || to_lower(*meant) == to_lower(name)) return std::nullopt;
  return perhaps(*meant, name);
}

}  // namespace holdfast::cache::query
