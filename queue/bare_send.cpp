#include "queue/bare_send.h"

#include <algorithm>
#include <array>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "queue/own_columns.h"
#include "queue/row_write.h"

namespace holdfast::queue {
namespace {

using cache::Effect;
using cache::EffectKind;
using cache::Row;
using cache::UpstreamImage;

bool names_primary_key(const cache::Table& table, const ClassifiedAnswer& answer) {
  return table.primary_key &&
         answer.message.find('"' + table.primary_key->name + '"') != std::string::npos;
}

// Whether each key has a random UUID in it: nobody else has made the same.
bool are_random(const cache::Table& table, const std::vector<std::string>& keys) {
  const auto is_random = [](const cache::Column& column, const cache::Value& value) {
    if (column.type.kind != cache::TypeKind::kUuid || cache::is_null(value)) return false;
    std::string text;
    cache::print_text(column.type, cache::view(value), text);
    constexpr std::size_t kVersion = 14;
    return text.size() > kVersion && (text[kVersion] == '4' || text[kVersion] == '7');
  };
  return std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
    const auto values = cache::key_values(table, key);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (is_random(table.columns[table.primary_key->columns[i]], values[i])) return true;
    }
    return false;
  });
}

bool prefers(const http::Headers& headers, std::string_view wanted) {
  const auto members = headers.list("Prefer");
  return std::find(members.begin(), members.end(), wanted) != members.end();
}

bool gives_rows_back(const http::Headers& headers) {
  return prefers(headers, "return=representation");
}

bool shows_rows(const http::Headers& headers) {
  return gives_rows_back(headers) || prefers(headers, "return=headers-only");
}

}  // namespace

BareSend::BareSend(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel,
                   const cache::Table& table)
    : upstream_(upstream),
      sender_(sender),
      entry_(parcel.entry),
      effects_(parcel.effects),
      watched_(parcel.watched),
      asked_(parcel.asked),
      table_(table),
      counted_(BareKeyless::applies(sender, parcel.entry)) {
  if (counted_ && !sender.keeps_keys) {
    const std::array<const Parcel*, 1> alone = {&parcel};
    keyless_.emplace(upstream, sender, alone, table);
  }
}

Verdict BareSend::deliver() {
  if (auto verdict = look()) return *std::move(verdict);
  if (keyless_) {
    if (auto verdict = keyless_->note()) return *std::move(verdict);
  }
  if (asked_ && !entry_.lost_answer) return send_asked();
  // A principal that may not read the table cannot be given the row back.
  const bool readable = sender_.store.status(table_) != cache::TableStatus::kDenied;
  return told_apart(send(readable ? Representation::kRows : Representation::kNone));
}

Verdict BareSend::send(Representation representation) {
  if (keyless_ && representation == Representation::kNone) keyless_->note_invisible();
  auto call = entry_call(sender_, entry_, table_, entry_.target, entry_.body, representation);
  call.fresh_connection = keyless_.has_value();
  const auto outcome = upstream_.call(call);
  if (!outcome.answered()) return lost(outcome.failure());
  return judge(outcome.answer(), representation);
}

Verdict BareSend::lost(const upstream::Failure& failure) {
  if (keyless_) return keyless_->lost(failure).front();
  if (!may_arrive_late() || failure.loss != upstream::Loss::kAnswerLost) return no_answer(failure);
  return Uncertain{0, failure.reason + "; its rows are looked for before it is sent again", true,
                   true};
}

// The app's own request has no condition, so it would overwrite what others do until it arrives.
bool BareSend::may_arrive_late() const {
  return asked_ && !entry_.lost_answer && !sender_.keeps_keys && entry_.operation != "insert";
}

upstream::Outcome BareSend::call_asked(const std::string& target, const http::Headers& headers) {
  upstream::Call call;
  call.method = asked_->method;
  call.target = target;
  call.body = asked_->body;
  call.force = sender_.force;
  call.fresh_connection = keyless_.has_value();
  call.headers = headers;
  asks_rows_ = gives_rows_back(headers);
  add_key(entry_, call.headers);
  upstream::add_credentials(sender_.credentials, call.headers);
  // Rows are surely seen afterwards only where the upstream has to show them.
  if (keyless_ && !shows_rows(headers)) keyless_->note_invisible();
  return upstream_.call(call);
}

Verdict BareSend::send_asked() {
  const auto& wider = asked_->wider;
  auto outcome = call_asked(wider ? wider->target : asked_->target, asked_->headers);
  told_.with_rows = true;
  bool widened = wider.has_value();
  if (outcome.answered() && (asked_->without_rows || widened) &&
      classify(outcome.answer()).kind == AnswerClass::kNotPermitted) {
    // The whole statement was rolled back with the row, or column, that may not be given back.
    told_.with_rows = !asked_->without_rows;
    widened = false;
    outcome = call_asked(asked_->target, asked_->without_rows.value_or(asked_->headers));
  }
  if (!outcome.answered()) return lost(outcome.failure());
  told_.answer = outcome.answer();
  const bool rows = classify(outcome.answer()).kind == AnswerClass::kApplied;
  if (widened && rows) {
    auto split = split_rows(told_.answer->body, table_, wider->asked);
    if (!split) return unreadable();
    told_.answer->body = std::move(split->theirs);
    own_rows_ = std::move(split->own);
  }
  return judge_asked(outcome.answer());
}

Verdict BareSend::unreadable() {
  told_.answer.reset();
  return lost({upstream::Loss::kAnswerLost, "the answer cannot be read"});
}

Verdict BareSend::judge_asked(const upstream::Answer& answer) {
  if (classify(answer).kind != AnswerClass::kApplied) {
    Verdict verdict = judge(answer, Representation::kNone);
    // Applied in spite of its answer: what the answer says is not what the app has done.
    if (std::holds_alternative<Applied>(verdict)) told_.answer.reset();
    return verdict;
  }
  std::optional<Images> images;
  if (asks_rows_ ? gives_some_back(answer) : gives_nothing_back(answer)) images.emplace();
  const bool complete = told_.with_rows && (asked_->complete_rows || own_rows_);
  if (complete) images = images_of(own_rows_.value_or(answer.body));
  if (!images) return unreadable();
  told_.rows_known = true;
  // Its rows are told by their order, as their keys are not those that they have here.
  if (counted_) {
    told_.rows_known = complete;
    return Applied{*std::move(images)};
  }
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
  auto rows = read_rows(upstream_, sender_, entry_, table_, missing);
  // It took effect; only how its rows look now is not known yet.
  auto* seen = std::get_if<SeenRows>(&rows);
  told_.rows_known = seen != nullptr;
  if (seen == nullptr) return Applied{*std::move(images)};
  auto read = complete ? std::move(seen->images) : seen_later(std::move(seen->images));
  std::move(read.begin(), read.end(), std::back_inserter(*images));
  return Applied{*std::move(images)};
}

Verdict BareSend::judge(const upstream::Answer& answer, Representation representation) {
  const ClassifiedAnswer classified = classify(answer);
  switch (classified.kind) {
    case AnswerClass::kApplied:
      break;
    case AnswerClass::kDuplicate:
      return judge_duplicate(answer, classified);
    case AnswerClass::kNotPermitted:
      // Where a policy lets a role insert and not read, only the row given back is refused; the
      // whole statement was rolled back with it.
      if (representation == Representation::kRows) return send(Representation::kNone);
      [[fallthrough]];
    default:
      return refused(answer, classified);
  }
  if (representation == Representation::kNone) {
    if (gives_nothing_back(answer)) return Applied{};
  } else if (auto images = images_of(answer.body)) {
    return Applied{*std::move(images)};
  }
  return TryAgain{answer.status, "the answer cannot be read", true, std::nullopt, false};
}

Verdict BareSend::refused(const upstream::Answer& answer, const ClassifiedAnswer& classified) {
  Verdict verdict = judge_refusal(answer, classified);
  const auto* again = std::get_if<TryAgain>(&verdict);
  if (again == nullptr || !again->lost_answer) return verdict;
  if (!keyless_ && !may_arrive_late()) return verdict;
  return lost({upstream::Loss::kAnswerLost, again->reason});
}

Verdict BareSend::judge_duplicate(const upstream::Answer& answer,
                                  const ClassifiedAnswer& classified) {
  const Refused refused{answer.status, words_of(classified), Lack::kFreeValue};
  const bool primary = names_primary_key(table_, classified);
  // To an app that waits it is somebody else's row, unless nobody else can have made its key.
  if (!entry_.lost_answer && !(primary && (entry_.minted_key || !asked_))) return refused;
  auto rows = read_rows(upstream_, sender_, entry_, table_, keys_after(entry_, effects_));
  const bool unknowable = std::holds_alternative<Verdict>(rows) &&
                          std::holds_alternative<Uncertain>(std::get<Verdict>(rows));
  if (unknowable && primary && entry_.minted_key) return Applied{};
  if (auto* failed = std::get_if<Verdict>(&rows)) return std::move(*failed);
  auto& images = std::get<SeenRows>(rows).images;
  // What was lost, and nobody else can have made, is ours whatever the row says by now; unless the
  // upstream, which keeps our keys, does not know this one.
  const bool told_not = sender_.keeps_keys && entry_.keyed;
  const bool made_here =
      entry_.minted_key || (entry_.lost_answer && !told_not && !had_been_here() &&
                            are_random(table_, keys_after(entry_, effects_)));
  const bool ours =
      (primary && made_here) ||
      std::all_of(images.begin(), images.end(), [&](const auto& row) { return shows_effect(row); });
  if (!ours && primary && entry_.lost_answer && !told_not) {
    // What is shown from now on is right in either case.
    return Refused{answer.status,
                   words_of(classified) +
                       "; as its answer was lost, that row may be this one, changed by a trigger "
                       "or by others since",
                   Lack::kFreeValue};
  }
  if (!ours) return refused;
  // A row of ours that the principal may not see is presumed, not gone.
  std::erase_if(images, [](const UpstreamImage& image) { return !image.row; });
  return Applied{seen_later(std::move(images))};
}

bool BareSend::had_been_here() const {
  auto reader = sender_.store.reader();
  cache::Statement& statement =
      reader->cached("SELECT 1 FROM hf_effects WHERE relation=?1 AND key=?2 AND entry<?3 LIMIT 1");
  return std::any_of(effects_.begin(), effects_.end(), [&](const Effect& effect) {
    if (effect.base) return true;
    statement.bind(1, std::string_view(effect.relation)).bind(2, std::string_view(effect.key));
    statement.bind(3, entry_.sequence);
    const bool found = statement.step();
    statement.reset();
    return found;
  });
}

std::optional<BareSend::Images> BareSend::images_of(const std::string& body) const {
  const auto parsed = rows_given_back(table_, body);
  if (!parsed) return std::nullopt;
  Images images;
  for (const Row& row : *parsed) images.push_back({&table_, cache::key_of(table_, row), row});
  if (entry_.operation != "upsert") return images;
  for (UpstreamImage& image : images) image.others = cache::Others::kUnnamed;
  return images;
}

}  // namespace holdfast::queue
