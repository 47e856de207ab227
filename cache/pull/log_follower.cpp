#include "cache/pull/log_follower.h"

#include "cache/pull/deviations.h"
#include "cache/pull/images.h"
#include "cache/pull/kept_answers.h"
#include "cache/replica/key.h"
#include "cache/replica/meta.h"

namespace holdfast::cache {
namespace {

using Priority = Writer::Priority;

// The log's rows are JSON: what a null of theirs, or an array of arrays, means is asked again.
bool is_unclear(const Table& table, const Row& row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Column& column = table.columns[i];
    if (is_null(row[i]) ? column.has_two_nulls() : column.is_array_of_json()) return true;
  }
  return false;
}

}  // namespace

std::optional<double> watermark_lag(Database& database) {
  const auto text = meta_text(database, "log_held_back");
  return text ? std::optional(std::stod(*text)) : std::nullopt;
}

std::optional<PullFailure> LogFollower::follow() {
  Position position = load_position();
  for (;;) {
    std::int64_t mark = 0;
    {
      auto reader = store_.reader();
      mark = store_.overlay().acknowledgements(*reader);
    }
    auto asked = log_.window(position.cursor, wanted(), options_.window_changes);
    if (auto* failure = std::get_if<PullFailure>(&asked)) return std::move(*failure);
    if (std::holds_alternative<NoLog>(asked)) return std::nullopt;
    const auto& window = std::get<LogWindow>(asked);
    found_ = true;
    relations_ = window.relations;
    if (!position.cursor || window.behind || window.lineage != position.lineage) {
      return start();
    }
    apply(window, mark, window.access != position.access);
    if (!window.more) return std::nullopt;
    position.cursor = window.cursor;
    position.access = window.access;
  }
}

// From the newest position on. What was before it is found by comparing.
std::optional<PullFailure> LogFollower::start() {
  auto asked = log_.window(std::nullopt, {}, options_.window_changes);
  if (auto* failure = std::get_if<PullFailure>(&asked)) return std::move(*failure);
  if (std::holds_alternative<NoLog>(asked)) return std::nullopt;
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    recheck_all(transaction);
    save_position(transaction, std::get<LogWindow>(asked));
  });
  return std::nullopt;
}

LogFollower::Position LogFollower::load_position() {
  auto reader = store_.reader();
  return {meta_text(*reader, "log_cursor"), meta_text(*reader, "log_lineage").value_or(""),
          meta_text(*reader, "log_access").value_or("")};
}

void LogFollower::save_position(Transaction& transaction, const LogWindow& window) {
  Database& database = transaction.database();
  put_meta(database, "log_cursor", window.cursor);
  put_meta(database, "log_lineage", window.lineage);
  put_meta(database, "log_access", window.access);
  put_meta(database, "log_held_back", std::to_string(window.held_back));
}

void LogFollower::apply(const LogWindow& window, std::int64_t mark, bool access_changed) {
  std::vector<Image> images;
  for (const LogLine& line : window.lines) {
    if (!line.key) continue;
    if (auto image = image_of(line)) images.push_back(*std::move(image));
  }
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    for (const auto& [relation, keys] : gone_in(images)) {
      forget_answers_with(transaction, relation, keys);
    }
    for (const Image& image : images) apply_image(transaction, image, mark);
    for (const LogLine& line : window.lines) {
      if (!line.key) note_part(transaction, line);
    }
    for (const std::string& relation : window.recheck) {
      recheck(transaction, relation, Recheck::kKeys);
    }
    if (access_changed) recheck_all(transaction);
    save_position(transaction, window);
  });
}

// Keys of the rows that are not there any more for the caller, by relation.
std::map<std::string, std::vector<std::string>> LogFollower::gone_in(
    const std::vector<Image>& images) {
  std::map<std::string, std::vector<std::string>> gone;
  for (const Image& image : images) {
    if (image.row || image.read_by_key || !image.unreadable.empty()) continue;
    gone[relation_of(*image.table)].push_back(image.key);
  }
  return gone;
}

// nullopt: of a table that is not replicated here.
std::optional<LogFollower::Image> LogFollower::image_of(const LogLine& line) const {
  for (const Table* table : store_.replicated()) {
    if (relation_of(*table) != line.relation || !table->primary_key) continue;
    auto key = parse_row(*table, *line.key);
    if (!key) return std::nullopt;
    Image image{table, key_of(*table, *key), std::nullopt, !line.has_row, ""};
    // The log does not know which rows are kept here.
    image.read_by_key = image.read_by_key || !store_.part(*table).whole();
    if (!line.row || image.read_by_key) return image;
    auto row = parse_row(*table, *line.row);
    if (row && is_unclear(*table, *row)) {
      image.read_by_key = true;
    } else if (row) {
      image.row = *std::move(row);
    } else {
      image.unreadable = row.error().message;
    }
    return image;
  }
  return std::nullopt;
}

void LogFollower::apply_image(Transaction& transaction, const Image& image, std::int64_t mark) {
  const std::string relation = relation_of(*image.table);
  if (image.read_by_key) return queue_for_reading(transaction, relation, image.key);
  if (!image.unreadable.empty()) {
    met_unreadable_ = true;
    return note_unreadable(transaction, relation, {{image.key, image.unreadable}});
  }
  if (is_newer_here(transaction, relation, image.key, mark)) return;
  if (appends_only(*image.table)) {
    const auto here = store_.overlay().base_of(transaction.database(), *image.table, image.key);
    if (here && here != image.row) {
      report_deviation(transaction, *image.table, image.key, *here, image.row, clock_.now());
    }
    if (here) return;
  }
  rows_ += image.row ? 1 : 0;
  store_.overlay().put_base(transaction, *image.table, image.key, image.row);
  forget_unreadable(transaction, relation, image.key);
}

void LogFollower::note_part(Transaction& transaction, const LogLine& line) {
  // Where in the table the change is nobody tells, nor whether its stamp tells of it.
  if (!line.block) return recheck(transaction, line.relation, Recheck::kValues);
  Statement& statement =
      transaction.database().cached("INSERT OR IGNORE INTO hf_blocks VALUES(?1, ?2)");
  statement.bind(1, std::string_view(line.relation)).bind(2, std::string_view(*line.block)).run();
}

void LogFollower::recheck(Transaction& transaction, const std::string& relation, Recheck what) {
  Statement& statement = transaction.database().cached(
      "UPDATE hf_tables SET recheck=max(recheck, ?2) WHERE relation=?1");
  statement.bind(1, std::string_view(relation)).bind(2, static_cast<std::int64_t>(what)).run();
}

void LogFollower::recheck_all(Transaction& transaction) {
  transaction.database().execute("UPDATE hf_tables SET recheck=2");
}

// Rows come along for the tables that are here; the others read them anyway.
std::vector<const Table*> LogFollower::wanted() const {
  std::vector<const Table*> tables;
  for (const Table* table : store_.replicated()) {
    if (table->primary_key && store_.status(*table) != TableStatus::kDenied) {
      tables.push_back(table);
    }
  }
  return tables;
}

}  // namespace holdfast::cache
