#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/cache/replica/replay_library.h"

// What a person should see, as plainly as it can be said: the upstream's rows, then every pending
// write in order. Knows nothing of how the replica keeps them.
namespace holdfast::cache::replay {

// Column name -> JSON token.
using Columns = std::map<std::string, std::string>;
using MaybeRow = std::optional<Columns>;

inline std::string print(const Columns& columns, const std::vector<std::string>& names) {
  std::string text = "{";
  for (const auto& name : names) {
    const auto found = columns.find(name);
    if (found == columns.end()) continue;
    text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + found->second;
  }
  return text + "}";
}

struct Place {
  std::string table;
  std::string key;  // as JSON object
  auto operator<=>(const Place&) const = default;
};

inline Place place_of(const std::string& table, const Columns& row) {
  return {table, print(row, rules().at(table).key)};
}

// The place of the row that `value` in a column of `reference` names.
inline Place referred(const Reference& reference, const std::string& value) {
  return {reference.parent, "{\"" + rules().at(reference.parent).key[0] + "\":" + value + "}"};
}

enum class Kind { kInsert, kInsertIgnore, kUpdate, kDelete };

struct Op {
  Kind kind;
  Place place;
  Columns changes = {};
  Columns whole = {};  // inserts: the row where none is there
};

inline MaybeRow replay(const Op& op, MaybeRow row) {
  if (op.kind == Kind::kDelete) return std::nullopt;
  if (!row) return op.kind == Kind::kUpdate ? std::nullopt : MaybeRow(op.whole);
  if (op.kind == Kind::kInsertIgnore) return row;
  for (const auto& [name, value] : op.changes) (*row)[name] = value;
  return row;
}

struct Entry {
  enum class State { kPending, kDead, kEnded } state = State::kPending;
  std::vector<Op> ops;
  std::set<Place> refers;                    // rows that its rows name by foreign key
  std::vector<std::int64_t> temporary = {};  // ids that it waits for

  bool pending() const { return state == State::kPending; }
};

class Model {
 public:
  std::map<Place, Columns> base;
  std::map<std::int64_t, Entry> entries;

  void put_base(const Place& place, const MaybeRow& row) {
    if (row) {
      base[place] = *row;
    } else {
      base.erase(place);
    }
  }
  MaybeRow base_at(const Place& place) const {
    const auto found = base.find(place);
    return found == base.end() ? std::nullopt : MaybeRow(found->second);
  }

  std::map<Place, Columns> visible() const {
    std::map<Place, Columns> rows = base;
    for (const auto& [sequence, entry] : entries) {
      if (!entry.pending()) continue;
      for (const Op& op : entry.ops) {
        const auto found = rows.find(op.place);
        auto row = replay(op, found == rows.end() ? std::nullopt : MaybeRow(found->second));
        if (row) {
          rows[op.place] = *std::move(row);
        } else {
          rows.erase(op.place);
        }
      }
    }
    return rows;
  }

  // Whether a pending write takes the row away that was there.
  bool taken_away(const Place& place) const {
    bool gone = false;
    for (const auto& [sequence, entry] : entries) {
      if (!entry.pending()) continue;
      for (const Op& op : entry.ops) {
        if (op.place == place) gone = op.kind == Kind::kDelete;
      }
    }
    return gone;
  }

  std::set<Place> pending_places() const {
    std::set<Place> places;
    for (const auto& [sequence, entry] : entries) {
      if (!entry.pending()) continue;
      for (const Op& op : entry.ops) places.insert(op.place);
    }
    return places;
  }

  // An entry goes after every earlier one that it shares a row or a foreign key with.
  bool may_go(std::int64_t sequence) const {
    const Entry& mine = entries.at(sequence);
    if (!mine.pending()) return false;
    for (const auto& [earlier, other] : entries) {
      if (earlier == sequence) break;
      if (!other.pending()) continue;
      for (const Op& op : other.ops) {
        if (mine.refers.contains(op.place) || touches(mine, op.place)) return false;
      }
      for (const Op& op : mine.ops) {
        if (other.refers.contains(op.place)) return false;
      }
    }
    return true;
  }

  // `temporary` ids turn out to be these.
  void rename(const std::map<std::string, std::string>& real) {
    for (auto& [sequence, entry] : entries) {
      for (Op& op : entry.ops) {
        for (Columns* columns : {&op.changes, &op.whole}) rename(op.place.table, real, *columns);
        if (op.place.table == "shelves") op.place = renamed(op.place, real);
      }
      std::set<Place> refers;
      for (const Place& place : entry.refers) {
        refers.insert(place.table == "shelves" ? renamed(place, real) : place);
      }
      entry.refers = refers;
    }
  }

 private:
  static bool touches(const Entry& entry, const Place& place) {
    return std::any_of(entry.ops.begin(), entry.ops.end(),
                       [&](const Op& op) { return op.place == place; });
  }
  static void rename(const std::string& table, const std::map<std::string, std::string>& real,
                     Columns& columns) {
    const auto found = columns.find(table == "shelves" ? "id" : "shelf_id");
    if (found != columns.end() && real.contains(found->second)) {
      found->second = real.at(found->second);
    }
  }
  static Place renamed(const Place& place, const std::map<std::string, std::string>& real) {
    for (const auto& [temporary, id] : real) {
      if (place.key == "{\"id\":" + temporary + "}") return {place.table, "{\"id\":" + id + "}"};
    }
    return place;
  }
};

}  // namespace holdfast::cache::replay
