#include "queue/bare_keyless.h"

#include <algorithm>
#include <set>

#include "cache/replica/key.h"
#include "cache/replica/temporary_ids.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"
#include "queue/outbox.h"
#include "queue/own_keys.h"

namespace holdfast::queue {
namespace {

using cache::Row;
using cache::TemporaryIds;

// Noted where the rows may not be seen after the send. No key prints so.
constexpr const char* kHidden = "-";
constexpr int kRowsInPage = 500;
// Behind so many foreign rows one's own is for a person to find.
constexpr int kMostPages = 40;

}  // namespace

BareKeyless::BareKeyless(upstream::Upstream& upstream, const Sender& sender,
                         std::span<const Parcel* const> parcels, const cache::Table& table)
    : upstream_(upstream),
      sender_(sender),
      parcels_(parcels.begin(), parcels.end()),
      entry_(parcels.front()->entry),
      table_(table),
      column_(TemporaryIds::column_of(table).value_or(0)),
      noted_(entry_.noted_key) {}

bool BareKeyless::applies(const Sender& sender, const Entry& entry) {
  auto reader = sender.store.reader();
  return TemporaryIds::unresolved(*reader, entry.sequence) > 0;
}

bool BareKeyless::joins(const Sender& sender, std::span<const Parcel> batch, const Parcel& next,
                        const cache::Table& table) {
  // A trigger may leave rows out; and what was lost is looked for alone.
  if (has_insert_trigger(table) || batch.front().entry.lost_answer || next.entry.lost_answer) {
    return false;
  }
  if (sender.store.status(table) == cache::TableStatus::kDenied) return false;
  return std::ranges::none_of(batch, [&](const Parcel& other) {
    return std::ranges::any_of(other.effects, [&](const cache::Effect& theirs) {
      return std::ranges::find(next.effects, theirs.changes, &cache::Effect::changes) !=
             next.effects.end();
    });
  });
}

std::optional<Verdict> BareKeyless::note() {
  const std::string name = cache::quoted_name(table_.columns[column_].name);
  const auto outcome = upstream_.call(question(
      sender_, table_, name, "order=" + http::percent_encode(name + ".desc") + "&limit=1"));
  if (!outcome.answered()) {
    return TryAgain{0, outcome.failure().reason, false, std::nullopt, false};
  }
  const upstream::Answer& answer = outcome.answer();
  const auto classified = classify(answer);
  if (classified.kind == AnswerClass::kNotPermitted) {
    note_invisible();
    return std::nullopt;
  }
  if (classified.kind != AnswerClass::kApplied) return judge_refusal(answer, classified);
  const auto rows = cache::parse_rows(table_, answer.body);
  if (!rows) return TryAgain{answer.status, "the answer cannot be read", false, {}, false};
  keep(rows->empty() ? std::string() : key_text(rows->front()));
  return std::nullopt;
}

void BareKeyless::note_invisible() { keep(kHidden); }

void BareKeyless::keep(const std::string& largest) {
  sender_.store.writer().run(cache::Writer::Priority::kEssential,
                             [&](cache::Transaction& transaction) {
                               Outbox outbox(sender_.store.overlay());
                               for (const Parcel* parcel : parcels_)
                                 outbox.note_key(transaction, parcel->entry, largest);
                             });
  noted_ = largest;
}

std::vector<Verdict> BareKeyless::lost(const upstream::Failure& failure) {
  if (failure.loss != upstream::Loss::kAnswerLost) return for_all(no_answer(failure));
  if (!noted_ || *noted_ == kHidden) {
    return for_all(Uncertain{0,
                             "The answer was lost, and rows that may not be read cannot be looked "
                             "for: " +
                                 failure.reason,
                             true});
  }
  auto read = rows_behind(*noted_);
  if (const auto* rows = std::get_if<Rows>(&read); rows && !others_send_) {
    auto verdicts = adopt(compare(*rows));
    if (!verdicts.empty() && std::holds_alternative<Applied>(verdicts.front())) return verdicts;
  }
  return for_all(Uncertain{0, failure.reason + "; its rows are looked for before it is sent again",
                           true, true});
}

std::vector<Verdict> BareKeyless::for_all(const Verdict& verdict) const {
  return std::vector<Verdict>(parcels_.size(), verdict);
}

std::optional<std::vector<Verdict>> BareKeyless::applied(std::vector<Row> rows) const {
  const auto all = wanted();
  if (rows.size() != all.size()) return std::nullopt;
  auto verdicts = for_all(Applied{});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& images = std::get<Applied>(verdicts[all[i].parcel]).images;
    std::string key = cache::key_of(table_, rows[i]);
    images.push_back({&table_, std::move(key), std::move(rows[i])});
  }
  return verdicts;
}

std::optional<Verdict> BareKeyless::look() {
  // Nothing leaves before a note: a crash came first.
  if (!noted_) return std::nullopt;
  if (*noted_ == kHidden) {
    return Uncertain{0,
                     "The answer was lost, and without a key of ours nothing shows whether the "
                     "rows arrived"};
  }
  auto read = rows_behind(*noted_);
  if (auto* failed = std::get_if<Verdict>(&read)) return std::move(*failed);
  if (others_send_) {
    return TryAgain{0, "another user of this gateway sends rows there as well", false, {}};
  }
  const Rows& rows = std::get<Rows>(read);
  const auto wanted = compare(rows);
  if (auto verdicts = adopt(wanted); !verdicts.empty()) return std::move(verdicts.front());
  if (auto verdict = suspect(wanted, rows)) return verdict;
  if (noted_->empty()) return std::nullopt;
  auto before = alike_before(*noted_);
  if (auto* failed = std::get_if<Verdict>(&before)) return std::move(*failed);
  if (!std::get<bool>(before)) return std::nullopt;
  return Uncertain{
      0,
      "The answer was lost, and an older row says the same as what was sent, unless it "
      "is what was sent: the upstream need not count its keys upwards"};
}

std::vector<Verdict> BareKeyless::adopt(const std::vector<Wanted>& wanted) const {
  const auto found = [](const Wanted& one) { return !one.found.empty(); };
  if (std::none_of(wanted.begin(), wanted.end(), found)) return {};
  auto verdicts = for_all(Applied{});
  std::set<std::string> taken;
  for (const Wanted& one : wanted) {
    const bool taken_already =
        one.found.size() == 1 && !taken.insert(cache::key_of(table_, one.found.front())).second;
    if (one.found.size() != 1 || taken_already) {
      return for_all(Uncertain{0, "The answer was lost, and " + std::to_string(one.found.size()) +
                                      " rows there say the same as what was sent"});
    }
    auto& images = std::get<Applied>(verdicts[one.parcel]).images;
    images.push_back({&table_, cache::key_of(table_, one.found.front()), one.found.front()});
    images.back().others = cache::Others::kAll;
  }
  return verdicts;
}

std::optional<Verdict> BareKeyless::suspect(const std::vector<Wanted>& wanted,
                                            const Rows& rows) const {
  if (!rows.empty() && has_insert_trigger(table_)) {
    return Uncertain{0,
                     "The answer was lost, and a trigger may have changed what was sent: look "
                     "whether one of the newest rows is it"};
  }
  const bool alike = std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& one) {
      return has_values(table_, row, owners_among(table_, one.defaults)) &&
             says_nearly(table_, *one.effect, row);
    });
  });
  if (!alike) return std::nullopt;
  return Uncertain{0,
                   "The answer was lost, and one of the newest rows says nearly what was sent: "
                   "look whether it is it, changed since"};
}

std::vector<BareKeyless::Wanted> BareKeyless::wanted() const {
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < parcels_.size(); ++i) {
    for (const cache::Effect& effect : parcels_[i]->effects) {
      if (effect.consequence || effect.relation != entry_.relation) continue;
      wanted.push_back({i, &effect, defaults_of(parcels_[i]->entry, effect), {}});
    }
  }
  return wanted;
}

std::vector<BareKeyless::Wanted> BareKeyless::compare(const Rows& rows) const {
  std::vector<Wanted> wanted = this->wanted();
  for (Wanted& one : wanted) {
    for (const Row& row : rows) {
      const bool ours = has_values(table_, row, one.defaults) && shows(table_, *one.effect, row);
      if (ours) one.found.push_back(row);
    }
  }
  // Rows of one request that say the same are told apart by nothing, and need not be: each has one.
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::vector<Wanted*> alike;
    for (std::size_t j = i; j < wanted.size(); ++j) {
      if (wanted[j].effect->changes == wanted[i].effect->changes) alike.push_back(&wanted[j]);
    }
    if (alike.size() < 2 || wanted[i].found.size() != alike.size()) continue;
    const Rows each = wanted[i].found;
    for (std::size_t j = 0; j < alike.size(); ++j) alike[j]->found = {each[j]};
  }
  return wanted;
}

ColumnValues BareKeyless::defaults_of(const Entry& entry, const cache::Effect& effect) const {
  http::Principal principal = sender_.store.principal();
  principal.role = entry.role;
  principal.claims = entry.claims;
  return sure_defaults(table_, effect, principal, entry.created_at);
}

std::variant<BareKeyless::Rows, Verdict> BareKeyless::rows_behind(const std::string& noted) {
  Rows rows;
  std::string last = noted;
  const std::string name = cache::quoted_name(table_.columns[column_].name);
  for (int page = 0; page < kMostPages; ++page) {
    std::string parameters =
        "order=" + http::percent_encode(name + ".asc") + "&limit=" + std::to_string(kRowsInPage);
    if (!last.empty()) parameters += "&" + http::percent_encode(name) + "=gt." + last;
    auto read = this->page(parameters, last);
    if (auto* failed = std::get_if<Verdict>(&read)) return std::move(*failed);
    Rows& more = std::get<Rows>(read);
    if (more.empty()) return rows;
    std::ranges::move(unexplained(std::move(more)), std::back_inserter(rows));
  }
  return Verdict(Uncertain{0, "The answer was lost, and very many rows have come since"});
}

std::variant<bool, Verdict> BareKeyless::alike_before(const std::string& noted) {
  const auto all = wanted();
  if (all.empty()) return false;
  const cache::Effect& sent = *all.front().effect;
  const ColumnValues& defaults = all.front().defaults;
  const std::string name = http::percent_encode(cache::quoted_name(table_.columns[column_].name));
  std::string before = "order=" + name + ".asc&limit=" + std::to_string(kRowsInPage);
  before.append("&").append(name).append("=lte.").append(noted).append(conditions_of(table_, sent));
  std::string last;
  for (int page = 0; page < kMostPages; ++page) {
    std::string target = before;
    if (!last.empty()) target.append("&").append(name).append("=gt.").append(last);
    auto read = this->page(target, last);
    if (auto* failed = std::get_if<Verdict>(&read)) return std::move(*failed);
    Rows& rows = std::get<Rows>(read);
    if (rows.empty()) return false;
    const bool alike = std::ranges::any_of(unexplained(std::move(rows)), [&](const Row& row) {
      return has_values(table_, row, defaults) && shows(table_, sent, row);
    });
    if (alike) return true;
  }
  return true;
}

std::variant<BareKeyless::Rows, Verdict> BareKeyless::page(const std::string& parameters,
                                                           std::string& after) {
  const auto outcome = upstream_.call(question(sender_, table_, "*", parameters));
  if (!outcome.answered()) return Verdict(no_answer(outcome.failure()));
  const upstream::Answer& answer = outcome.answer();
  const auto classified = classify(answer);
  if (classified.kind != AnswerClass::kApplied) {
    Verdict refused = judge_refusal(answer, classified);
    if (!std::holds_alternative<Refused>(refused)) return refused;
    return Verdict(Uncertain{answer.status, "The answer was lost, and the rows may not be read: " +
                                                words_of(classified)});
  }
  auto parsed = cache::parse_rows(table_, answer.body);
  if (!parsed) {
    return Verdict(TryAgain{answer.status, "the answer cannot be read", false, {}, false});
  }
  if (!parsed->empty()) after = key_text(parsed->back());
  return *std::move(parsed);
}

BareKeyless::Rows BareKeyless::unexplained(Rows rows) {
  const auto key = [&](const Row& row) { return std::get<std::int64_t>(row[column_]); };
  if (rows.empty()) return rows;
  const auto keys = own_keys(sender_, entry_.relation, key(rows.front()), key(rows.back()));
  std::erase_if(rows, [&](const Row& row) { return keys.made.contains(key(row)); });
  others_send_ = others_send_ || (keys.more_may_come && !rows.empty());
  return rows;
}

std::string BareKeyless::key_text(const Row& row) const {
  std::string text;
  cache::print_text(table_.columns[column_].type, cache::view(row[column_]), text);
  return text;
}

}  // namespace holdfast::queue
