#include "cache/query/resolve.h"

#include <algorithm>

#include "cache/values/codec.h"

namespace holdfast::cache::query {
namespace {

constexpr std::size_t kMaxPlaces = 200;

Error not_embedded(const std::string& name) {
  return invalid_request("PGRST108", "'" + name + "' is not an embedded resource in this request",
                         std::nullopt,
                         "Verify that '" + name + "' is included in the 'select' query parameter.");
}

// Selected fields first, then embeds: the order in which PostgREST answers them.
void fill(Place& place, const std::vector<SelectItem>& items) {
  for (const auto& item : items) {
    if (const auto* field = std::get_if<SelectField>(&item)) {
      place.fields.push_back(field);
      continue;
    }
    const auto& embed = std::get<SelectEmbed>(item);
    auto child = std::make_unique<Place>();
    child->embed = &embed;
    child->parent = &place;
    child->name = embed.alias.empty() ? embed.name : embed.alias;
    child->join = embed.join;
    child->spread = embed.spread;
    child->depth = place.depth + 1;
    fill(*child, embed.items);
    place.embeds.push_back(std::move(child));
  }
}

// A parameter may name an embed by its alias or, alias or not, by the requested name. As in
// PostgREST each embed on the way then stands before its siblings.
Result<Place*> at(Place& root, const EmbedPath& path) {
  Place* place = &root;
  for (const auto& name : path) {
    auto& embeds = place->embeds;
    const auto found = std::find_if(embeds.begin(), embeds.end(), [&](const auto& child) {
      return child->embed->name == name || child->embed->alias == name;
    });
    if (found == embeds.end()) return not_embedded(name);
    std::rotate(embeds.begin(), found, found + 1);
    place = embeds.front().get();
  }
  return place;
}

// The parameters of one kind are attached from the last to the first: it decides which embed stands
// in front and which error is reported.
Result<void> attach(Place& root, const std::vector<std::pair<EmbedPath, Condition>>& conditions,
                    Wanted wanted) {
  for (auto last = conditions.rbegin(); last != conditions.rend(); ++last) {
    const auto& [path, condition] = *last;
    HF_TRY(Place* const place, at(root, path));
    if (place == &root && wanted == Wanted::kWithoutRootFilters) continue;
    place->conditions.insert(place->conditions.begin(), &condition);
  }
  return {};
}

Result<void> attach_orders(Place& root, const QueryTree& tree) {
  for (auto last = tree.order.rbegin(); last != tree.order.rend(); ++last) {
    const auto& [path, terms] = *last;
    HF_TRY(Place* const place, at(root, path));
    // Of several order parameters for one place the first counts.
    place->order.clear();
    for (const auto& term : terms) place->order.push_back({&term, nullptr});
  }
  return {};
}

Result<void> attach_ranges(Place& root, const QueryTree& tree) {
  for (auto last = tree.ranges.rbegin(); last != tree.ranges.rend(); ++last) {
    const auto& [path, range] = *last;
    HF_TRY(Place* const place, at(root, path));
    place->range = range;
  }
  return {};
}

// Tables for all embeds.
Result<void> relate(Place& place, RelationshipFinder& finder, std::size_t& count) {
  if (++count > kMaxPlaces) return forward("more than 200 embeds");
  place.alias = "t" + std::to_string(count);
  for (auto& child : place.embeds) {
    HF_TRY(child->relationship, finder.find(*place.table, child->embed->name, child->embed->hint));
    child->table = child->relationship.target;
    HF_TRY_VOID(relate(*child, finder, count));
    const bool unique = !child->to_many() && target_is_unique(child->relationship);
    child->joined =
        !child->to_many() && (child->spread || !unique || child->join == JoinKind::kInner);
  }
  return {};
}

// PostgREST joins each embed under a name made of these parts, and Postgres takes no name twice.
Result<void> check_names(const Place& place) {
  for (auto child = place.embeds.begin(); child != place.embeds.end(); ++child) {
    HF_TRY_VOID(check_names(**child));
    const bool again = std::any_of(place.embeds.begin(), child, [&](const auto& other) {
      return other->name == (*child)->name;
    });
    if (!again) continue;
    const std::string joined =
        place.table->name + "_" + (*child)->name + "_" + std::to_string((*child)->depth);
    return invalid_request("42712", "table name \"" + joined + "\" specified more than once");
  }
  return {};
}

Error unrelated_order(const Place& place, const Place& child) {
  return invalid_request("PGRST118", "A related order on '" + child.name + "' is not possible",
                         "'" + place.table->name + "' and '" + child.name +
                             "' do not form a many-to-one or one-to-one relationship");
}

Result<void> relate_orders(Place& place) {
  for (auto& order : place.order) {
    if (order.term->embed.empty()) continue;
    auto* child = const_cast<Place*>(place.find_embed(order.term->embed));
    if (child == nullptr) return not_embedded(order.term->embed);
    if (child->to_many()) return unrelated_order(place, *child);
    child->joined = true;
    order.embed = child;
  }
  for (auto& child : place.embeds) HF_TRY_VOID(relate_orders(*child));
  return {};
}

// SQLite joins at most 64 tables.
constexpr std::size_t kMaxJoined = 60;

std::size_t joined_count(const Place& place) {
  std::size_t count = place.joined ? 1 : 0;
  for (const auto& child : place.embeds) count += joined_count(*child);
  return count;
}

bool has_aggregate(const Place& place) {
  return std::any_of(place.fields.begin(), place.fields.end(),
                     [](const SelectField* field) { return field->aggregate.has_value(); }) ||
         std::any_of(place.embeds.begin(), place.embeds.end(),
                     [](const auto& child) { return has_aggregate(*child); });
}

Result<void> check_spread_aggregates(const Place& place) {
  for (const auto& child : place.embeds) {
    if (child->spread && child->to_many() && child->aggregated()) {
      return invalid_request(
          "PGRST127", "Feature not implemented",
          "Aggregates are not implemented for one-to-many or many-to-many spreads.");
    }
    HF_TRY_VOID(check_spread_aggregates(*child));
  }
  return {};
}

Result<void> check_aggregates(const Place& root, const PlanOptions& options) {
  if (!has_aggregate(root)) return {};
  if (!options.aggregates) {
    return invalid_request("PGRST123", "Use of aggregate functions is not allowed");
  }
  return check_spread_aggregates(root);
}

// The window over at most one row leaves it or leaves none.
Result<void> apply_to_one(Place& embed) {
  const bool none = embed.range.limit == 0 || embed.range.offset > 0;
  const bool single = target_is_unique(embed.relationship);
  if (embed.aggregated() || (!single && embed.range.limit != 0)) {
    return forward("a range on a to-one embed");
  }
  embed.left_out = none;
  return {};
}

Result<void> check_ranges(Place& place) {
  for (auto& child : place.embeds) {
    const Range& range = child->range;
    if (range.offset < 0 || range.limit.value_or(0) < 0) return forward("a negative embed range");
    if (range.offset_too_large || range.limit_too_large) return forward("a range beyond bigint");
    if (!child->to_many() && (range.limit || range.offset != 0)) {
      HF_TRY_VOID(apply_to_one(*child));
    }
    HF_TRY_VOID(check_ranges(*child));
  }
  return {};
}

}  // namespace

bool Place::aggregated() const {
  return std::any_of(fields.begin(), fields.end(),
                     [](const SelectField* field) { return field->aggregate.has_value(); }) ||
         std::any_of(embeds.begin(), embeds.end(), [](const auto& child) {
           return child->spread && !child->to_many() && child->aggregated();
         });
}

const Place* Place::find_embed(std::string_view embed_name) const {
  for (const auto& child : embeds) {
    if (child->name == embed_name) return child.get();
  }
  return nullptr;
}

Error forward(std::string reason) {
  return {ErrorKind::kNotAnswerable, kForwardCode, std::move(reason), std::nullopt, std::nullopt};
}

Result<std::unique_ptr<Place>> resolve(const Query& query, const Catalog& catalog,
                                       const Table& table, const PlanOptions& options,
                                       Wanted wanted) {
  const QueryTree& tree = query.tree();
  auto root = std::make_unique<Place>();
  root->table = &table;
  root->name = table.name;
  fill(*root, tree.select);
  HF_TRY_VOID(attach(*root, tree.filters, wanted));
  HF_TRY_VOID(attach_orders(*root, tree));
  HF_TRY_VOID(attach_ranges(*root, tree));
  HF_TRY_VOID(attach(*root, tree.logic, wanted));
  std::size_t count = 0;
  RelationshipFinder finder(catalog);
  HF_TRY_VOID(relate(*root, finder, count));
  HF_TRY_VOID(relate_orders(*root));
  HF_TRY_VOID(check_aggregates(*root, options));
  if (joined_count(*root) > kMaxJoined) return forward("more than 60 joined embeds");
  HF_TRY_VOID(check_ranges(*root));
  HF_TRY_VOID(check_names(*root));
  return root;
}

}  // namespace holdfast::cache::query
