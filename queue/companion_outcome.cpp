#include "queue/companion_outcome.h"

#include <algorithm>
#include <charconv>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "queue/bare_call.h"
#include "queue/companion_event.h"
#include "queue/conflict_policy.h"
#include "queue/row_version.h"
#include "queue/three_way.h"
#include "queue/touched.h"

namespace holdfast::queue {
namespace {

using cache::Row;
using cache::UpstreamImage;
using Images = std::vector<UpstreamImage>;

int number_in(const std::string& token) {
  int number = 0;
  std::from_chars(token.data(), token.data() + token.size(), number);
  return number;
}

EventOutcome outcome_of(const upstream::Answer& whole, const cache::RawObject& object) {
  EventOutcome outcome;
  outcome.answer.received_at = whole.received_at;
  outcome.answer.date = whole.date;
  outcome.answer.headers.set("Content-Type", "application/json");
  for (const auto& [name, token] : object) {
    if (name == "status") outcome.answer.status = number_in(token);
    if (name == "code") outcome.code = cache::decode_json_string(token);
    if (name == "rows" && token != "null") outcome.rows = token;
    if (name == "value" && token != "null") outcome.value = token;
    if (name == "replayed") outcome.replayed = token == "true";
    if (name == "before") outcome.before = token;
    if (name == "after") outcome.after = token;
    if (name == "rows" || name == "value" || name == "before" || name == "after") continue;
    std::string& body = outcome.answer.body;
    body += body.empty() ? "{" : ",";
    cache::append_json_string(name, body);
    body += ":" + token;
  }
  outcome.answer.body += "}";
  return outcome;
}

std::optional<Images> images_of(const EventOutcome& outcome, const cache::Table& table) {
  if (!outcome.rows) return std::nullopt;
  auto rows = cache::parse_rows(table, *outcome.rows);
  if (!rows) return std::nullopt;
  Images images;
  for (Row& row : *rows) images.push_back({&table, cache::key_of(table, row), std::move(row)});
  return images;
}

// An image for each key, without a row where `seen` has none.
Images at_keys(const cache::Table& table, const std::vector<std::string>& keys,
               const Images& seen) {
  Images images;
  for (const auto& key : keys) {
    const auto found = std::find_if(seen.begin(), seen.end(),
                                    [&](const UpstreamImage& image) { return image.key == key; });
    images.push_back(found == seen.end() ? UpstreamImage{&table, key, std::nullopt} : *found);
  }
  return images;
}

cache::Others others_in(const EventOutcome& outcome, const Entry& entry) {
  if (outcome.replayed) return cache::Others::kAll;
  return entry.operation == "upsert" ? cache::Others::kUnnamed : cache::Others::kNone;
}

// Whether the event found nothing at the key, and watched it.
bool was_not_there(const Parcel& parcel, const SeenWatched& before, const UpstreamImage& image) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto& [table, key] = parcel.watched[i];
    if (table == image.table && key == image.key) return !before[i];
  }
  return false;
}

Verdict judge_applied(const EventOutcome& outcome, const Parcel& parcel, const cache::Table& table,
                      const cache::TableOptions& options) {
  auto images = images_of(outcome, table);
  if (!images) return Applied{};  // presumed, and read again by key
  const auto writes = row_writes(parcel.entry, parcel.effects);
  const auto versions = version_columns(table, options);
  const auto before = seen_by_companion(parcel.watched, outcome.before);
  for (UpstreamImage& image : *images) {
    image.others = others_in(outcome, parcel.entry);
    const bool told = image.others == cache::Others::kUnnamed;
    if (told && was_not_there(parcel, before, image)) image.others = cache::Others::kNone;
  }
  Images gone;
  for (const RowWrite& write : writes) {
    const auto base = stored_row(table, write.base);
    for (UpstreamImage& image : *images) {
      if (image.key != write.new_key || !base || !image.row || outcome.replayed) continue;
      image.guarded = raises_version(versions, *base, *image.row);
      image.compared = compared_columns(table, options, write, reach_of(writes));
    }
    if (write.deletion || write.moves()) gone.push_back({&table, write.old_key, std::nullopt});
  }
  if (parcel.entry.operation == "delete") return Applied{std::move(gone)};
  std::move(images->begin(), images->end(), std::back_inserter(gone));
  return Applied{std::move(gone)};
}

// Whether the row is all that the event compared, so that only a policy kept it from changing.
bool as_compared(const cache::Table& table, const cache::TableOptions& options,
                 const RowWrite& write, const Row& now) {
  const auto base = stored_row(table, write.base);
  const auto columns = compared_columns(table, options, write, Reach::kOneRow);
  return base && std::all_of(columns.begin(), columns.end(), [&](std::size_t column) {
           return is_same(table.columns[column], (*base)[column], now[column]);
         });
}

Verdict collided(const EventOutcome& outcome, const Sender& sender, Images images) {
  std::chrono::microseconds offset{0};
  if (outcome.answer.date) {
    offset = clock_offset(sender.now, outcome.answer.received_at, *outcome.answer.date);
  }
  return Collided{std::move(images), offset};
}

Images images_at(const EventOutcome& outcome, const cache::Table& table,
                 const std::vector<RowWrite>& writes) {
  std::vector<std::string> keys;
  keys.reserve(writes.size());
  for (const RowWrite& write : writes) keys.push_back(write.old_key);
  return at_keys(table, keys, images_of(outcome, table).value_or(Images{}));
}

Verdict judge_upsert_mismatch(const EventOutcome& outcome, const Sender& sender,
                              const Parcel& parcel, const cache::Table& table) {
  const auto writes = overwritten_rows(parcel.entry, parcel.effects);
  Images images = images_at(outcome, table, writes);
  bool overtaken = !outcome.rows;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    overtaken = overtaken || is_overtaken(table, writes[i], images[i].row);
  }
  if (!overtaken) return withheld(parcel.entry, table, std::move(images));
  const auto alone = contested_row(parcel.entry, parcel.effects);
  if (alone && images[0].row && changed_columns(table, alone->changes, *images[0].row).empty()) {
    return Applied{std::move(images)};
  }
  return collided(outcome, sender, std::move(images));
}

Verdict judge_mismatch(const EventOutcome& outcome, const Sender& sender, const Parcel& parcel,
                       const cache::Table& table, const cache::TableOptions& options) {
  if (parcel.entry.operation == "upsert") {
    return judge_upsert_mismatch(outcome, sender, parcel, table);
  }
  const auto writes = row_writes(parcel.entry, parcel.effects);
  Images images = images_at(outcome, table, writes);
  if (writes.size() == 1 && images[0].row) {
    const Row& now = *images[0].row;
    if (as_compared(table, options, writes[0], now)) {
      return withheld(parcel.entry, table, std::move(images));
    }
    if (!writes[0].deletion && changed_columns(table, writes[0].changes, now).empty()) {
      return Applied{std::move(images)};
    }
  }
  return collided(outcome, sender, std::move(images));
}

}  // namespace

std::vector<EventOutcome> outcomes_in(const upstream::Answer& answer, std::size_t expected) {
  std::vector<EventOutcome> outcomes;
  if (answer.status != 200) return outcomes;
  const auto body = cache::parse_body(answer.body, cache::BodyKeys::kAny);
  if (!body || body->is_array || body->rows.size() != 1) return outcomes;
  for (const auto& [name, token] : body->rows[0]) {
    if (name != "results") continue;
    const auto results = cache::parse_body(token, cache::BodyKeys::kAny);
    if (!results || results->rows.size() != expected) return {};
    for (const auto& result : results->rows) outcomes.push_back(outcome_of(answer, result));
  }
  return outcomes;
}

bool lacks_rows(const EventOutcome& outcome, const Parcel& parcel) {
  const bool deletes = parcel.entry.operation == "delete";
  if (outcome.answer.status != 200 || !outcome.rows) return false;
  if (!deletes && (outcome.replayed || parcel.entry.operation != "update")) return false;
  const auto rows = cache::parse_body(*outcome.rows, cache::BodyKeys::kAny);
  return rows && rows->rows.size() < row_writes(parcel.entry, parcel.effects).size();
}

bool is_unknown_key(const EventOutcome& outcome) { return outcome.code == "HF404"; }

bool is_mismatch(const EventOutcome& outcome) { return outcome.code == "HF409"; }

bool was_left_out(const EventOutcome& outcome) {
  return outcome.code == "HF424" || lacks_part_of_companion(classify(outcome.answer));
}

std::vector<TouchedRow> touched_in(const EventOutcome& outcome, const Parcel& parcel) {
  return touched_rows(parcel.watched, seen_by_companion(parcel.watched, outcome.before),
                      seen_by_companion(parcel.watched, outcome.after));
}

Verdict judge_call(const EventOutcome& outcome, const Parcel& parcel) {
  const ClassifiedAnswer classified = classify(outcome.answer);
  if (classified.kind != AnswerClass::kApplied) return judge_refusal(outcome.answer, classified);
  Applied applied{{}, outcome.value};
  applied.touched = touched_in(outcome, parcel);
  return applied;
}

Verdict judge_outcome(const EventOutcome& outcome, const Sender& sender, const Parcel& parcel,
                      const cache::Table& table, const cache::TableOptions& options) {
  if (is_mismatch(outcome)) return judge_mismatch(outcome, sender, parcel, table, options);
  const ClassifiedAnswer classified = classify(outcome.answer);
  if (classified.kind == AnswerClass::kApplied)
    return judge_applied(outcome, parcel, table, options);
  return judge_refusal(outcome.answer, classified);
}

}  // namespace holdfast::queue
