#include "queue/bare_send.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cache/pull/table_source.h"
#include "cache/replica/key.h"
#include "cache/values/json.h"
#include "gateway/http/uri.h"

namespace holdfast::queue {
namespace {

using cache::Effect;
using cache::EffectKind;
using cache::Row;
using cache::UpstreamImage;

// Rows read in one request when a lost answer is settled; an entry has at most this many.
constexpr int kRowsInRequest = 1000;

std::string words(const ClassifiedAnswer& answer) {
  std::string text = answer.code.empty() ? answer.message : answer.code + ": " + answer.message;
  if (!answer.details.empty()) text += " (" + answer.details + ")";
  return text;
}

bool names_primary_key(const cache::Table& table, const ClassifiedAnswer& answer) {
  return table.primary_key &&
         answer.message.find('"' + table.primary_key->name + '"') != std::string::npos;
}

bool inserts(const Effect& effect) {
  return effect.kind == EffectKind::kInsert || effect.kind == EffectKind::kInsertIgnore;
}

}  // namespace

BareSend::BareSend(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel)
    : upstream_(upstream),
      store_(sender.store),
      entry_(parcel.entry),
      effects_(parcel.effects),
      asked_(parcel.asked),
      credentials_(sender.credentials),
      force_(sender.force),
      table_(nullptr) {
  for (const cache::Table& table : store_.catalog().tables()) {
    if (cache::relation_of(table) == entry_.relation) table_ = &table;
  }
}

Verdict BareSend::deliver() {
  if (table_ == nullptr) {
    return Refused{0, "the table " + entry_.relation + " is not in the upstream's schema any more"};
  }
  if (entry_.lost_answer) {
    if (auto verdict = settle()) return *std::move(verdict);
  }
  if (asked_ && !entry_.lost_answer) return send_asked();
  // A principal that may not read the table cannot be given the row back.
  const bool readable = store_.status(*table_) != cache::TableStatus::kDenied;
  return send(readable ? Representation::kRows : Representation::kNone);
}

std::optional<Verdict> BareSend::settle() {
  // A plain insert settles itself: it meets its own row as a duplicate.
  if (entry_.operation == "insert") return std::nullopt;
  auto rows = read_rows(keys_after());
  if (auto* failed = std::get_if<Verdict>(&rows)) return std::move(*failed);
  const auto& images = std::get<Images>(rows);
  return entry_.operation == "delete" ? settle_deletion(images) : settle_rows(images);
}

std::optional<Verdict> BareSend::settle_rows(const Images& rows) {
  if (std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return shows_effect(row); })) {
    return Applied{rows};
  }
  // Untouched rows prove that it did not take effect: one request, all or nothing.
  if (std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return shows_base(row); })) {
    return std::nullopt;
  }
  return Superseded{"the row was changed by somebody else while the answer was lost", rows};
}

std::optional<Verdict> BareSend::settle_deletion(const Images& rows) {
  if (std::none_of(rows.begin(), rows.end(), [](const auto& row) { return row.row.has_value(); })) {
    return Applied{rows};
  }
  if (std::any_of(rows.begin(), rows.end(),
                  [&](const auto& row) { return row.row && shows_base(row); })) {
    return std::nullopt;
  }
  return Superseded{"the row was changed or made again while the answer was lost", rows};
}

Verdict BareSend::send(Representation representation) {
  const auto outcome = upstream_.call(make_call(representation));
  if (!outcome.answered()) {
    const auto& failure = outcome.failure();
    return TryAgain{0, failure.reason, failure.loss == upstream::Loss::kAnswerLost, std::nullopt,
                    false};
  }
  return judge(outcome.answer(), representation);
}

Verdict BareSend::send_asked() {
  upstream::Call call;
  call.method = entry_.method;
  call.target = asked_->target;
  call.body = asked_->body;
  call.force = force_;
  call.headers = asked_->headers;
  call.headers.set("Idempotency-Key", entry_.idempotency_key);
  upstream::add_credentials(credentials_, call.headers);
  auto outcome = upstream_.call(call);
  told_.with_rows = true;
  if (outcome.answered() && asked_->without_rows &&
      classify(outcome.answer()).kind == AnswerClass::kNotPermitted) {
    // The whole statement was rolled back with the row that may not be given back.
    call.headers = *asked_->without_rows;
    call.headers.set("Idempotency-Key", entry_.idempotency_key);
    upstream::add_credentials(credentials_, call.headers);
    outcome = upstream_.call(call);
    told_.with_rows = false;
  }
  if (!outcome.answered()) {
    const auto& failure = outcome.failure();
    return TryAgain{0, failure.reason, failure.loss == upstream::Loss::kAnswerLost, std::nullopt,
                    false};
  }
  told_.answer = outcome.answer();
  return judge_asked(outcome.answer());
}

Verdict BareSend::judge_asked(const upstream::Answer& answer) {
  if (classify(answer).kind != AnswerClass::kApplied) {
    Verdict verdict = judge(answer, Representation::kNone);
    // Applied in spite of its answer: what the answer says is not what the app has done.
    if (std::holds_alternative<Applied>(verdict)) told_.answer.reset();
    return verdict;
  }
  std::optional<Images> images = Images{};
  if (told_.with_rows && asked_->complete_rows) images = images_of(answer.body);
  if (!images) return Applied{};  // presumed, and read again by key
  told_.rows_known = true;
  if (entry_.operation == "delete") {
    for (auto& image : *images) image.row = std::nullopt;
  }
  // What did not come back is where it was, or changed in a way that only a read shows.
  std::vector<std::string> missing;
  for (const Effect& effect : effects_) {
    if (effect.relation != entry_.relation || effect.consequence) continue;
    if (std::none_of(images->begin(), images->end(),
                     [&](const UpstreamImage& image) { return image.key == effect.key; })) {
      missing.push_back(effect.key);
    }
  }
  if (missing.empty()) return Applied{*std::move(images)};
  auto rows = read_rows(missing);
  // It took effect; only how its rows look now is not known yet.
  auto* seen = std::get_if<Images>(&rows);
  told_.rows_known = seen != nullptr;
  if (seen != nullptr) images->insert(images->end(), seen->begin(), seen->end());
  return Applied{*std::move(images)};
}

upstream::Call BareSend::make_call(Representation representation) const {
  upstream::Call call;
  call.method = entry_.method;
  call.target = entry_.target;
  call.body = entry_.body;
  call.force = force_;
  std::string prefer;
  const auto headers = nlohmann::json::parse(entry_.headers);
  for (const auto& [name, value] : headers.items()) {
    if (name == "Prefer") {
      prefer = value.get<std::string>() + ", ";
    } else {
      call.headers.set(name, value.get<std::string>());
    }
  }
  const bool rows = representation == Representation::kRows;
  call.headers.set("Prefer", prefer + (rows ? "return=representation" : "return=minimal"));
  if (rows) {
    std::string select;
    for (const auto& column : table_->columns) {
      if (!select.empty()) select += ',';
      select += cache::quoted_name(column.name);
    }
    call.target += call.target.find('?') == std::string::npos ? "?" : "&";
    call.target += "select=" + http::percent_encode(select);
  }
  call.headers.set("Accept", "application/json");
  call.headers.set("Idempotency-Key", entry_.idempotency_key);
  upstream::add_credentials(credentials_, call.headers);
  return call;
}

Verdict BareSend::judge(const upstream::Answer& answer, Representation representation) {
  const ClassifiedAnswer classified = classify(answer);
  switch (classified.kind) {
    case AnswerClass::kApplied:
      return judge_applied(answer, representation);
    case AnswerClass::kTransient:
      return TryAgain{answer.status, words(classified), false, classified.retry_after, false};
    case AnswerClass::kServerError:
      return TryAgain{answer.status, words(classified), false, classified.retry_after, true};
    case AnswerClass::kToken:
      return TokenRefused{answer.status, words(classified)};
    case AnswerClass::kDuplicate:
      return judge_duplicate(answer, classified);
    case AnswerClass::kNotPermitted:
      // Where a policy lets a role insert and not read, only the row given back is refused; the
      // whole statement was rolled back with it.
      if (representation == Representation::kRows) return send(Representation::kNone);
      return Refused{answer.status, words(classified), true};
    case AnswerClass::kMissingParent:
    case AnswerClass::kRaised:
      return Refused{answer.status, words(classified), true};
    case AnswerClass::kRefused:
      break;
  }
  return Refused{answer.status, words(classified)};
}

Verdict BareSend::judge_applied(const upstream::Answer& answer, Representation representation) {
  if (representation == Representation::kNone) return Applied{};
  auto images = images_of(answer.body);
  if (!images)
    return TryAgain{answer.status, "the answer cannot be read", true, std::nullopt, false};
  if (entry_.operation == "insert" || entry_.operation == "upsert") return Applied{*images};
  std::vector<std::string> missing;
  for (const std::string& key : keys_after()) {
    if (std::none_of(images->begin(), images->end(),
                     [&](const UpstreamImage& image) { return image.key == key; })) {
      missing.push_back(key);
    }
  }
  if (entry_.operation == "delete") {
    for (auto& image : *images) image.row = std::nullopt;  // these are the rows that went
  }
  // A changed key leaves its old place.
  for (const Effect& effect : effects_) {
    if (effect.kind == EffectKind::kDelete && !effect.consequence && entry_.operation == "update") {
      images->push_back({table_, effect.key, std::nullopt});
    }
  }
  if (missing.empty()) return Applied{*std::move(images)};
  return judge_missing(*std::move(images), missing);
}

Verdict BareSend::judge_missing(Images images, const std::vector<std::string>& missing) {
  auto rows = read_rows(missing);
  if (auto* failed = std::get_if<Verdict>(&rows)) return std::move(*failed);
  const auto& seen = std::get<Images>(rows);
  const bool visible = std::any_of(seen.begin(), seen.end(),
                                   [](const auto& image) { return image.row.has_value(); });
  const bool all_missing = missing.size() == keys_after().size();
  images.insert(images.end(), seen.begin(), seen.end());
  if (entry_.operation == "delete" && !visible) return Applied{std::move(images)};
  if (!all_missing) return Applied{std::move(images)};
  return Superseded{
      visible ? "the upstream's policies do not permit this change" : "the row is gone upstream",
      std::move(images)};
}

Verdict BareSend::judge_duplicate(const upstream::Answer& answer,
                                  const ClassifiedAnswer& classified) {
  const Refused refused{answer.status, words(classified), true};
  const bool primary = names_primary_key(*table_, classified);
  // Without a lost answer it is somebody else's row, unless nobody else can have made its key.
  if (!entry_.lost_answer && !(primary && entry_.minted_key)) return refused;
  auto rows = read_rows(keys_after());
  const bool unknowable = std::holds_alternative<Verdict>(rows) &&
                          std::holds_alternative<Uncertain>(std::get<Verdict>(rows));
  if (unknowable && primary && entry_.minted_key) return Applied{};
  if (auto* failed = std::get_if<Verdict>(&rows)) return std::move(*failed);
  auto& images = std::get<Images>(rows);
  const bool ours =
      (primary && entry_.minted_key) ||
      std::all_of(images.begin(), images.end(), [&](const auto& row) { return shows_effect(row); });
  if (!ours) return refused;
  // A row of ours that the principal may not see is presumed, not gone.
  std::erase_if(images, [](const UpstreamImage& image) { return !image.row; });
  return Applied{std::move(images)};
}

std::variant<BareSend::Images, Verdict> BareSend::read_rows(const std::vector<std::string>& keys) {
  cache::TableSource source(upstream_, *table_, credentials_, kRowsInRequest, force_);
  auto page = source.of_keys(keys);
  if (auto* failure = std::get_if<cache::PullFailure>(&page)) {
    // Not known is not proved: the entry keeps its lost answer and is settled later, or by a
    // person.
    if (failure->kind == cache::PullFailure::Kind::kDenied) {
      if (!entry_.lost_answer) return Images{};
      return Verdict(Uncertain{failure->status,
                               "The answer was lost, and the row may not be read to see whether "
                               "it arrived"});
    }
    return Verdict(TryAgain{failure->status, failure->reason, false, std::nullopt, false});
  }
  Images images;
  for (const std::string& key : keys) images.push_back({table_, key, std::nullopt});
  for (Row& row : std::get<cache::RowPage>(page).rows) {
    const std::string key = cache::key_of(*table_, row);
    for (UpstreamImage& image : images) {
      if (image.key == key) image.row = row;
    }
  }
  return images;
}

std::optional<BareSend::Images> BareSend::images_of(const std::string& body) const {
  const auto parsed = cache::parse_rows(*table_, body);
  if (!parsed) return std::nullopt;
  Images images;
  for (const Row& row : *parsed) images.push_back({table_, cache::key_of(*table_, row), row});
  return images;
}

std::vector<std::string> BareSend::keys_after() const {
  std::vector<std::string> keys;
  for (const Effect& effect : effects_) {
    if (effect.consequence || effect.relation != entry_.relation) continue;
    // An update's deletion is the old key of a row whose key it changes.
    if (entry_.operation == "update" && effect.kind == EffectKind::kDelete) continue;
    keys.push_back(effect.key);
  }
  return keys;
}

const Effect* BareSend::effect_of(const std::string& key) const {
  for (const Effect& effect : effects_) {
    if (effect.key == key && effect.relation == entry_.relation) return &effect;
  }
  return nullptr;
}

bool BareSend::shows_effect(const UpstreamImage& image) const {
  const Effect* effect = effect_of(image.key);
  if (effect == nullptr || !image.row) return false;
  if (effect->kind == EffectKind::kInsertIgnore) return true;
  Row expected = *image.row;
  if (!cache::merge_row(*table_, effect->changes, expected)) return false;
  return expected == *image.row;
}

bool BareSend::shows_base(const UpstreamImage& image) const {
  const Effect* effect = effect_of(image.key);
  if (effect == nullptr) return false;
  if (!effect->base || !image.row) {
    // A row with a changed key is not at its new place before; others are where they were.
    return inserts(*effect) ? !image.row : !effect->base && !image.row;
  }
  auto base = cache::parse_row(*table_, *effect->base);
  if (!base) return false;
  if (effect->kind == EffectKind::kDelete) return *base == *image.row;
  // What others did to other columns is no conflict with this change.
  Row expected = *base;
  if (!cache::merge_row(*table_, effect->changes, expected)) return false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != (*base)[i] && (*image.row)[i] != (*base)[i]) return false;
  }
  return true;
}

}  // namespace holdfast::queue
