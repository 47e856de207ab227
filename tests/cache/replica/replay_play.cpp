#include "tests/cache/replica/replay_play.h"

#include <functional>

#include "cache/replica/temporary_ids.h"

// What comes from the upstream in a Play, and the comparison after each step.
namespace holdfast::cache::replay {
namespace {

std::string listed(const std::map<Place, Columns>& rows, const std::string& table) {
  std::string text;
  for (const auto& [place, row] : rows) {
    if (place.table == table) text += print(row, rules().at(table).columns);
  }
  return text;
}

}  // namespace

Rows of_table(const Rows& all, const std::string& table) {
  Rows rows;
  for (const auto& [place, row] : all) {
    if (place.table == table) rows.emplace(place, row);
  }
  return rows;
}

std::string Play::step(unsigned seed) {
  random_.seed(seed);
  did_ = "nothing";
  problem_.clear();
  act();
  if (problem_.empty()) problem_ = compare();
  return problem_;
}

void Play::act() {
  const int choice = pick(21);
  if (choice < 2) return insert_shelves();
  if (choice < 5) return insert_rows();
  if (choice < 7) return upsert();
  if (choice < 9) return patch();
  if (choice < 10) return change_key();
  if (choice < 12) return erase();
  if (choice < 15) return pull();
  if (choice < 18) return acknowledge();
  if (choice < 19) return pick(2) == 0 ? reject() : discard();
  if (choice < 20) return pick(2) == 0 ? revive() : supersede();
  if (pick(4) != 0) return;
  did_ = "restart";
  sample_.reopen();
}

std::string Play::random_table() {
  return any_of(std::vector<std::string>{"shelves", "books", "books", "pages", "loans"});
}

std::string Play::visible_id(const std::string& table) {
  const Rows rows = of_table(model_.visible(), table);
  return rows.empty() || pick(5) == 0 ? "null" : any_of(rows).second.at("id");
}

Columns Play::random_row(const std::string& table) {
  if (table == "shelves") return {{"id", number(4)}, {"name", text()}, {"rank", number(3)}};
  if (table == "pages") return {{"book_id", number(6)}, {"number", number(2)}, {"body", text()}};
  if (table == "loans") {
    return {
        {"id", number(3)}, {"shelf_id", visible_id("shelves")}, {"book_id", visible_id("books")}};
  }
  return {{"id", number(6)},
          {"shelf_id", visible_id("shelves")},
          {"title", text()},
          {"done", pick(2) == 0 ? "true" : "false"}};
}

std::optional<Row> Play::row_of(const Place& place, const MaybeRow& row) {
  if (!row) return std::nullopt;
  const std::string text = print(*row, rules().at(place.table).columns);
  return parse_row(sample_.table(place.table), text).value();
}

UpstreamImage Play::image(const Place& place, const MaybeRow& row) {
  return {&sample_.table(place.table), place.key, row_of(place, row)};
}

// The upstream knows no temporary ids.
void Play::pull() {
  const std::string table = random_table();
  Columns row = random_row(table);
  for (auto& [name, value] : row) {
    if (value.starts_with('-')) value = "null";
  }
  Place place = place_of(table, row);
  if (!model_.base.empty() && pick(3) == 0) place = any_of(model_.base).first;
  MaybeRow pulled;
  if (pick(4) != 0) {
    pulled = model_.base_at(place).value_or(row);
    for (const auto& [name, value] : row) {
      const auto& key = rules().at(table).key;
      if (place.table != table || std::find(key.begin(), key.end(), name) != key.end()) continue;
      (*pulled)[name] = value;
    }
    place = place_of(place.table, *pulled);
  }
  did_ = "pull " + place.table + " " + place.key + (pulled ? "" : " gone");
  if (pulled) did_ += " " + print(*pulled, rules().at(place.table).columns);
  sample_.write([&](Transaction& transaction) {
    sample_.overlay().put_base(transaction, sample_.table(place.table), place.key,
                               row_of(place, pulled));
  });
  model_.put_base(place, pulled);
}

std::optional<std::int64_t> Play::sendable() {
  std::set<std::string> unknown;
  for (const auto& [sequence, entry] : model_.entries) {
    for (const auto id : entry.temporary) unknown.insert("{\"id\":" + std::to_string(id) + "}");
  }
  std::vector<std::int64_t> found;
  for (const auto& [sequence, entry] : model_.entries) {
    if (!model_.may_go(sequence)) continue;
    const auto names_unknown = [&](const Place& place) {
      return place.table == "shelves" && unknown.contains(place.key);
    };
    const bool waits =
        std::any_of(entry.refers.begin(), entry.refers.end(), names_unknown) ||
        (entry.temporary.empty() && std::any_of(entry.ops.begin(), entry.ops.end(),
                                                [&](auto& op) { return names_unknown(op.place); }));
    if (!waits) found.push_back(sequence);
  }
  if (found.empty()) return std::nullopt;
  return any_of(found);
}

std::map<Place, MaybeRow> Play::rows_after(const Entry& entry) {
  std::map<Place, MaybeRow> rows;
  for (const Op& op : entry.ops) {
    if (!rows.contains(op.place)) rows[op.place] = model_.base_at(op.place);
    rows[op.place] = replay(op, rows[op.place]);
  }
  return rows;
}

void Play::end(std::int64_t sequence, const char* how, Entry::State state,
               const std::function<void(Transaction&)>& job) {
  did_ = how + (" entry " + std::to_string(sequence));
  sample_.write(job);
  model_.entries.at(sequence).state = state;
}

std::vector<UpstreamImage> Play::give_ids(Entry& entry) {
  std::vector<UpstreamImage> images;
  std::map<std::string, std::string> real;
  if (pick(5) == 0) return images;
  for (std::size_t i = 0; i < entry.ops.size(); ++i) {
    Columns row = entry.ops[i].whole;
    row["id"] = std::to_string(++real_ids_);
    real[std::to_string(entry.temporary[i])] = row["id"];
    images.push_back(image(place_of("shelves", row), row));
  }
  model_.rename(real);
  return images;
}

void Play::acknowledge() {
  const auto sequence = sendable();
  if (!sequence) return;
  Entry& entry = model_.entries.at(*sequence);
  const bool counted = !entry.temporary.empty();
  std::vector<UpstreamImage> images;
  if (counted) images = give_ids(entry);
  const bool unknown = counted && images.empty();
  auto after = rows_after(entry);
  const int how = pick(3);  // no images, some, all
  for (auto& [place, row] : after) {
    if (unknown) row = std::nullopt;
    if (counted || how == 0 || (how == 1 && pick(2) == 0)) continue;
    // The upstream's triggers may have made something else of it, or somebody deleted it.
    if (row && place.table == "books" && pick(2) == 0) (*row)["title"] = "\"by a trigger\"";
    if (row && pick(8) == 0) row = std::nullopt;
    images.push_back(image(place, row));
  }
  end(*sequence, images.empty() ? "acknowledge without images" : "acknowledge",
      Entry::State::kEnded, [&](Transaction& transaction) {
        if (counted) TemporaryIds(sample_.overlay()).adopt(transaction, *sequence, images);
        sample_.overlay().acknowledge(transaction, *sequence, images);
      });
  for (const auto& [place, row] : after) model_.put_base(place, row);
  if (!unknown) entry.temporary.clear();
}

// By the policy of its table: the upstream's rows stand.
void Play::supersede() {
  const auto sequence = sendable();
  if (!sequence || !model_.entries.at(*sequence).temporary.empty()) return;
  std::vector<UpstreamImage> images;
  std::map<Place, MaybeRow> rows;
  for (const Op& op : model_.entries.at(*sequence).ops) {
    if (pick(2) == 0 || rows.contains(op.place)) continue;
    MaybeRow row = model_.base_at(op.place);
    if (row && op.place.table == "books") (*row)["title"] = "\"theirs\"";
    rows[op.place] = row;
    images.push_back(image(op.place, row));
  }
  end(*sequence, "supersede", Entry::State::kEnded, [&](Transaction& transaction) {
    sample_.overlay().supersede(transaction, *sequence, images);
  });
  for (const auto& [place, row] : rows) model_.put_base(place, row);
}

void Play::reject() {
  const auto sequence = sendable();
  if (!sequence) return;
  end(*sequence, "reject", Entry::State::kDead,
      [&](Transaction& transaction) { sample_.overlay().drop(transaction, *sequence); });
}

// A person may do it at any time.
void Play::discard() {
  std::vector<std::int64_t> pending;
  for (const auto& [sequence, entry] : model_.entries) {
    if (entry.pending()) pending.push_back(sequence);
  }
  if (pending.empty()) return;
  const auto sequence = any_of(pending);
  end(sequence, "discard", Entry::State::kEnded,
      [&](Transaction& transaction) { sample_.overlay().drop(transaction, sequence); });
}

void Play::revive() {
  for (const auto& [sequence, entry] : model_.entries) {
    if (entry.state != Entry::State::kDead) continue;
    const auto dead = sequence;
    return end(dead, "revive", Entry::State::kPending,
               [&](Transaction& transaction) { sample_.overlay().reactivate(transaction, dead); });
  }
}

std::string Play::compare() {
  const auto visible = model_.visible();
  for (const auto& [table, rule] : rules()) {
    const std::string shown = sample_.rows(table, rule.columns);
    const std::string expected = listed(visible, table);
    if (shown != expected) return table + ": shown " + shown + "\n  expected " + expected;
  }
  const auto bases = sample_.number("SELECT count(*) FROM hf_pending_base");
  const auto pending = static_cast<std::int64_t>(model_.pending_places().size());
  if (bases == pending) return "";
  return std::to_string(bases) + " bases, " + std::to_string(pending) + " rows with pending writes";
}

}  // namespace holdfast::cache::replay
