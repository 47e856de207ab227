#include "queue/bare_keyless.h"

#include <algorithm>
#include <set>

#include "cache/replica/defaults.h"
#include "cache/replica/key.h"
#include "cache/replica/temporary_ids.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"
#include "queue/outbox.h"
#include "queue/own_keys.h"
#include "queue/three_way.h"

namespace holdfast::queue {
namespace {

using cache::Row;
using cache::TemporaryIds;

// Noted where the rows may not be seen after the send. No key prints so.
constexpr const char* kHidden = "-";
constexpr int kRowsInPage = 500;
// Behind so many foreign rows one's own is for a person to find.
constexpr int kMostPages = 40;
constexpr std::size_t kLongestPart = 300;  // bytes

bool has_insert_trigger(const cache::Table& table) {
  return std::any_of(
      table.triggers.begin(), table.triggers.end(),
      [](const cache::Trigger& trigger) { return trigger.before && trigger.on_insert; });
}

// Values that mean the same in a filter as in a row, and are not too long for one.
bool is_comparable(const cache::Type& type) {
  switch (type.kind) {
    case cache::TypeKind::kInt2:
    case cache::TypeKind::kInt4:
    case cache::TypeKind::kInt8:
    case cache::TypeKind::kNumeric:
    case cache::TypeKind::kBool:
    case cache::TypeKind::kText:
    case cache::TypeKind::kUuid:
    case cache::TypeKind::kDate:
    case cache::TypeKind::kTimestamp:
    case cache::TypeKind::kTimestamptz:
      return true;
    default:
      return false;
  }
}

// Conditions of a filter that every row meets which says what the effect says, and few others.
std::string conditions_of(const cache::Table& table, const cache::Effect& effect) {
  Row row(table.columns.size(), cache::Null{});
  if (!cache::merge_row(table, effect.changes, row)) return "";
  std::string conditions;
  for (const std::size_t index : changed_columns(table, effect.changes, std::nullopt)) {
    const cache::Column& column = table.columns[index];
    if (table.is_key(index) || !is_comparable(column.type)) continue;
    const std::string condition = cache::value_filter(column, row[index]);
    if (condition.size() <= kLongestPart) conditions += "&" + condition;
  }
  return conditions;
}

// The columns that the effect does not name, with the values that the upstream surely gives them:
// whose, and not when or by chance.
BareKeyless::Values sure_defaults(const cache::Table& table, const cache::Effect& effect,
                                  const http::Principal& principal, Timestamp now) {
  const auto named = changed_columns(table, effect.changes, std::nullopt);
  BareKeyless::Values values;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const cache::Column& column = table.columns[i];
    if (std::find(named.begin(), named.end(), i) != named.end() || !column.kept) continue;
    const auto value = cache::compute_default(column, {principal, now});
    const auto later = cache::compute_default(column, {principal, now + std::chrono::hours(1)});
    if (value && later && value->value == later->value) values.emplace_back(i, value->value);
  }
  return values;
}

// Those that tell whose a row is: others change what it says, and not that.
BareKeyless::Values owners_among(const cache::Table& table, BareKeyless::Values values) {
  std::erase_if(values, [&](const auto& value) {
    const auto& expression = table.columns[value.first].default_expression;
    return !expression || expression->find("auth.") == std::string::npos;
  });
  return values;
}

bool has(const cache::Table& table, const Row& row, const BareKeyless::Values& values) {
  return std::all_of(values.begin(), values.end(), [&](const auto& value) {
    return is_same(table.columns[value.first], row[value.first], value.second);
  });
}

bool shows(const cache::Table& table, const cache::Effect& effect, const Row& row) {
  Row expected = row;
  return cache::merge_row(table, effect.changes, expected) && expected == row;
}

// How much a value tells apart its row from others.
std::size_t weight_of(const cache::Column& column, const cache::Value& value) {
  if (cache::is_null(value) || column.type.kind == cache::TypeKind::kBool) return 0;
  std::string text;
  cache::print_text(column.type, cache::view(value), text);
  return text.size();
}

// Whether at least half of what the effect says is in the row: it may be that row, changed since.
bool says_nearly(const cache::Table& table, const cache::Effect& effect, const Row& row) {
  Row expected = row;
  if (!cache::merge_row(table, effect.changes, expected)) return false;
  std::size_t all = 0;
  std::size_t same = 0;
  for (const std::size_t index : changed_columns(table, effect.changes, std::nullopt)) {
    const std::size_t weight = weight_of(table.columns[index], expected[index]);
    all += weight;
    if (expected[index] == row[index]) same += weight;
  }
  return 2 * same >= all;
}

}  // namespace

BareKeyless::BareKeyless(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel,
                         const cache::Table& table)
    : upstream_(upstream),
      sender_(sender),
      entry_(parcel.entry),
      effects_(parcel.effects),
      table_(table),
      column_(TemporaryIds::column_of(table).value_or(0)),
      noted_(parcel.entry.noted_key) {}

bool BareKeyless::applies(const Sender& sender, const Entry& entry) {
  auto reader = sender.store.reader();
  return TemporaryIds::unresolved(*reader, entry.sequence) > 0;
}

std::optional<Verdict> BareKeyless::note() {
  const std::string name = cache::quoted_name(table_.columns[column_].name);
  const auto outcome =
      upstream_.call(question(name, "order=" + http::percent_encode(name + ".desc") + "&limit=1"));
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
  sender_.store.writer().run(
      cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
        Outbox(sender_.store.overlay()).note_key(transaction, entry_, largest);
      });
  noted_ = largest;
}

Verdict BareKeyless::lost(const upstream::Failure& failure) {
  if (failure.loss != upstream::Loss::kAnswerLost) return no_answer(failure);
  if (!noted_ || *noted_ == kHidden) {
    return Uncertain{0,
                     "The answer was lost, and rows that may not be read cannot be looked for: " +
                         failure.reason,
                     true};
  }
  auto read = rows_behind(*noted_);
  if (const auto* rows = std::get_if<Rows>(&read); rows && !others_send_) {
    auto verdict = adopt(compare(*rows));
    if (verdict && std::holds_alternative<Applied>(*verdict)) return *std::move(verdict);
  }
  return Uncertain{0, failure.reason + "; its rows are looked for before it is sent again", true,
                   true};
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
  if (auto verdict = adopt(wanted)) return verdict;
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

std::optional<Verdict> BareKeyless::adopt(const std::vector<Wanted>& wanted) const {
  const auto found = [](const Wanted& one) { return !one.found.empty(); };
  if (std::none_of(wanted.begin(), wanted.end(), found)) return std::nullopt;
  Applied applied;
  std::set<std::string> taken;
  for (const Wanted& one : wanted) {
    const bool taken_already =
        one.found.size() == 1 && !taken.insert(cache::key_of(table_, one.found.front())).second;
    if (one.found.size() != 1 || taken_already) {
      return Uncertain{0, "The answer was lost, and " + std::to_string(one.found.size()) +
                              " rows there say the same as what was sent"};
    }
    applied.images.push_back(
        {&table_, cache::key_of(table_, one.found.front()), one.found.front()});
    applied.images.back().others = cache::Others::kAll;
  }
  return applied;
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
      return has(table_, row, owners_among(table_, one.defaults)) &&
             says_nearly(table_, *one.effect, row);
    });
  });
  if (!alike) return std::nullopt;
  return Uncertain{0,
                   "The answer was lost, and one of the newest rows says nearly what was sent: "
                   "look whether it is it, changed since"};
}

std::vector<BareKeyless::Wanted> BareKeyless::compare(const Rows& rows) const {
  std::vector<Wanted> wanted;
  for (const cache::Effect& effect : effects_) {
    if (effect.consequence || effect.relation != entry_.relation) continue;
    wanted.push_back({&effect, defaults_of(effect), {}});
    for (const Row& row : rows) {
      const bool ours = has(table_, row, wanted.back().defaults) && shows(table_, effect, row);
      if (ours) wanted.back().found.push_back(row);
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

BareKeyless::Values BareKeyless::defaults_of(const cache::Effect& effect) const {
  http::Principal principal = sender_.store.principal();
  principal.role = entry_.role;
  principal.claims = entry_.claims;
  return sure_defaults(table_, effect, principal, entry_.created_at);
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
  const auto sent = std::find_if(effects_.begin(), effects_.end(), [&](const auto& effect) {
    return !effect.consequence && effect.relation == entry_.relation;
  });
  if (sent == effects_.end()) return false;
  const std::string name = http::percent_encode(cache::quoted_name(table_.columns[column_].name));
  std::string before = "order=" + name + ".asc&limit=" + std::to_string(kRowsInPage);
  before.append("&").append(name).append("=lte.").append(noted).append(
      conditions_of(table_, *sent));
  const Values defaults = defaults_of(*sent);
  std::string last;
  for (int page = 0; page < kMostPages; ++page) {
    std::string target = before;
    if (!last.empty()) target.append("&").append(name).append("=gt.").append(last);
    auto read = this->page(target, last);
    if (auto* failed = std::get_if<Verdict>(&read)) return std::move(*failed);
    Rows& rows = std::get<Rows>(read);
    if (rows.empty()) return false;
    const bool alike = std::ranges::any_of(unexplained(std::move(rows)), [&](const Row& row) {
      return has(table_, row, defaults) && shows(table_, *sent, row);
    });
    if (alike) return true;
  }
  return true;
}

std::variant<BareKeyless::Rows, Verdict> BareKeyless::page(const std::string& parameters,
                                                           std::string& after) {
  const auto outcome = upstream_.call(question("*", parameters));
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

upstream::Call BareKeyless::question(const std::string& select,
                                     const std::string& parameters) const {
  upstream::Call call;
  call.target = "/rest/v1/" + http::percent_encode(table_.name) +
                "?select=" + http::percent_encode(select) + "&" + parameters;
  call.headers.set("Accept", "application/json");
  call.headers.set("Accept-Profile", table_.schema);
  call.force = sender_.force;
  upstream::add_credentials(sender_.credentials, call.headers);
  return call;
}

}  // namespace holdfast::queue
