#include "queue/overtaken.h"

#include <algorithm>

#include "queue/three_way.h"

namespace holdfast::queue {

using cache::Effect;
using cache::Table;

namespace {

cache::RawObject members_of(const std::string& object) {
  auto body = cache::parse_body(object).value();
  return body.rows.empty() ? cache::RawObject() : std::move(body.rows[0]);
}

// What the upsert names, as it was decided; the rest is said as it is there now.
cache::RawObject decided_row(const Table& table, const std::string& changes, const Overtaken& row) {
  const auto ours = members_of(row.decision.changes);
  const auto theirs = members_of(cache::print_row(table, *row.image->row));
  cache::RawObject decided = members_of(changes);
  for (auto& [name, token] : decided) {
    const auto mine = cache::find_member(ours, name);
    const auto stands = mine ? mine : cache::find_member(theirs, name);
    if (stands) token = *stands;
  }
  return decided;
}

void overwrite_members(const cache::RawObject& with, cache::RawObject& object) {
  for (const auto& [name, token] : with) cache::set_member(object, name, token);
}

}  // namespace

std::vector<Overtaken> overtaken_rows(const Entry& entry, const std::vector<Effect>& effects,
                                      const Collided& collided,
                                      const cache::ReplicaOptions& options) {
  std::vector<Overtaken> rows;
  const auto starts = upsert_starts(entry, effects);
  for (const RowWrite& write : overwritten_rows(entry, effects)) {
    const auto image =
        std::ranges::find(collided.images, write.old_key, &cache::UpstreamImage::key);
    if (image == collided.images.end()) continue;
    const Table& table = *image->table;
    if (!is_overtaken(table, write, image->row)) continue;
    const auto place = std::ranges::find_if(
        starts, [&](std::size_t start) { return effects[start].key == write.old_key; });
    Overtaken row{*place,
                  static_cast<std::size_t>(place - starts.begin()),
                  write.effect(entry.relation),
                  &*image,
                  {}};
    row.decision =
        decide({table, options.of(table), entry, row.effect, image->row, collided.clock_offset});
    rows.push_back(std::move(row));
  }
  return rows;
}

bool has_own_key(const Table& table) {
  return table.primary_key &&
         std::ranges::none_of(table.primary_key->columns, [&](std::size_t column) {
           return table.columns[column].identity == cache::Identity::kAlways;
         });
}

void rewrite_row(const Table& table, const Overtaken& row, Effect& effect, cache::RawObject& body) {
  if (row.decision.insert) {
    effect.base = std::nullopt;
    return;
  }
  const auto decided = decided_row(table, row.effect.changes, row);
  overwrite_members(decided, body);
  if (!effect.row.empty()) {
    auto anew = members_of(effect.row);
    overwrite_members(decided, anew);
    effect.row = cache::print_object(anew);
  }
  effect.changes = row.decision.changes;
  effect.base = cache::print_row(table, row.image->row);
}

std::string left_of(const cache::RawBody& body, const std::set<std::size_t>& given_way) {
  std::string text;
  for (std::size_t i = 0; i < body.rows.size(); ++i) {
    if (given_way.contains(i)) continue;
    text += (text.empty() ? "" : ",") + cache::print_object(body.rows[i]);
  }
  return body.is_array ? "[" + text + "]" : text;
}

std::vector<Effect> left_of(const Entry& entry, const std::vector<Effect>& effects,
                            const std::set<std::size_t>& given_way) {
  const auto starts = upsert_starts(entry, effects);
  std::vector<Effect> left;
  std::size_t row = 0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    while (row + 1 < starts.size() && starts[row + 1] <= i) ++row;
    const bool own = !effects[i].consequence && effects[i].relation == entry.relation;
    if (own && !given_way.contains(row)) left.push_back(effects[i]);
  }
  return left;
}

}  // namespace holdfast::queue
