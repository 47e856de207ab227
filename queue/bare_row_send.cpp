#include "queue/bare_row_send.h"

#include <algorithm>

#include "cache/replica/key.h"
#include "queue/three_way.h"

namespace holdfast::queue {

using cache::Row;

namespace {

// Types that do not fit, and values that their types do not have.
bool is_about_values(const ClassifiedAnswer& answer) {
  return answer.code == "42883" || answer.code == "42804" || answer.code.starts_with("220");
}

// It says that no row met the conditions.
bool touched_none(const upstream::Answer& answer) {
  return answer.headers.find("Content-Range").value_or("").ends_with("/0");
}

// As PostgREST words it; another schema may have the column.
TryAgain lacks_column(const cache::Table& table, const std::string& column) {
  TryAgain again;
  again.status = 400;
  again.reason = "PGRST204: Could not find the '" + column + "' column of '" + table.name +
                 "' in the schema cache";
  again.parks = true;
  return again;
}

}  // namespace

BareRowSend::BareRowSend(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel,
                         const cache::Table& table, const RowWrite& write,
                         const cache::TableOptions& options)
    : upstream_(upstream),
      sender_(sender),
      entry_(parcel.entry),
      table_(table),
      write_(write),
      columns_(version_columns(table, options)),
      base_(stored_row(table, write.base)) {}

Verdict BareRowSend::deliver() {
  // A principal that may not read the table can name the row at most by its key.
  if (sender_.store.status(table_) == cache::TableStatus::kDenied) {
    return send(Guard::kKeyOnly, {}, Representation::kNone);
  }
  const RowCondition condition = this->condition();
  if (auto verdict = send_exactly(condition)) return *std::move(verdict);
  if (must_read_first(condition)) {
    if (auto verdict = look()) return *std::move(verdict);
  }
  return send_plainly(condition);
}

// Between a look and a send another device may change what the send does not compare.
std::optional<Verdict> BareRowSend::send_exactly(const RowCondition& condition) {
  if (condition.whole || !base_ || entry_.lost_answer || presumed()) return std::nullopt;
  const auto named = this->named();
  const auto decisive = write_.deletion ? table_.kept_columns() : named.changed;
  const RowCondition exact = exact_condition(table_, *base_, decisive, named.restated);
  if (!exact.whole) return std::nullopt;
  return send(Guard::kExact, exact, Representation::kRows);
}

Verdict BareRowSend::send_plainly(const RowCondition& condition) {
  const bool versioned = columns_.version || columns_.stamp;
  if (base_ && !versioned && !write_.deletion) {
    return send(Guard::kWholeRow, whole_condition(table_, *base_, named().restated),
                Representation::kRows);
  }
  return send(Guard::kBase, condition, Representation::kRows);
}

bool BareRowSend::must_read_first(const RowCondition& condition) const {
  return entry_.lost_answer || !base_ || !condition.whole || presumed();
}

bool BareRowSend::presumed() const {
  auto reader = sender_.store.reader();
  cache::Statement& statement =
      reader->cached("SELECT 1 FROM hf_rereads WHERE relation=?1 AND key=?2");
  statement.bind(1, std::string_view(entry_.relation)).bind(2, std::string_view(write_.old_key));
  const bool found = statement.step();
  statement.reset();
  return found;
}

RowCondition BareRowSend::condition() const {
  if (!base_) return {};
  if (write_.deletion) return deletion_condition(table_, columns_, *base_);
  return update_condition(table_, columns_, *base_, named());
}

Named BareRowSend::named() const {
  if (write_.deletion || !base_) return {};
  return {changed_columns(table_, write_.changes, base_),
          restated_columns(table_, columns_, write_.changes, *base_)};
}

std::string BareRowSend::body_under(const RowCondition& condition) const {
  if (write_.deletion) return "";
  auto sent = changed_columns(table_, write_.changes, std::nullopt);
  std::erase_if(sent, [&](std::size_t column) {
    return std::find(condition.left_out.begin(), condition.left_out.end(), column) !=
           condition.left_out.end();
  });
  const bool all = condition.left_out.empty() || sent.empty();
  return all ? write_.changes : keep_columns(table_, write_.changes, sent);
}

Verdict BareRowSend::send(Guard guard, const RowCondition& condition,
                          Representation representation) {
  std::string target = cache::rest_path(table_) + "?" + cache::key_filter(table_, {write_.old_key});
  if (guard != Guard::kKeyOnly && !condition.parameters.empty())
    target += "&" + condition.parameters;
  auto call =
      entry_call(sender_, entry_, table_, std::move(target), body_under(condition), representation);
  if (representation == Representation::kNone) {
    // Where rows may not be given back, their number may.
    call.headers.set("Prefer", std::string(*call.headers.find("Prefer")) + ", count=exact");
  }
  const auto outcome = upstream_.call(call);
  if (!outcome.answered()) return no_answer(outcome.failure());
  return judge_answer(outcome.answer(), guard, condition, representation);
}

Verdict BareRowSend::judge_answer(const upstream::Answer& answer, Guard guard,
                                  const RowCondition& condition, Representation representation) {
  const ClassifiedAnswer classified = classify(answer);
  if (classified.kind == AnswerClass::kNotPermitted && representation == Representation::kRows) {
    // A policy may let a role change what it may not see afterwards.
    return send(guard, condition, Representation::kNone);
  }
  if (auto verdict = send_otherwise(classified, guard, condition, representation)) {
    return *std::move(verdict);
  }
  if (classified.kind != AnswerClass::kApplied) return judge_refusal(answer, classified);
  const bool rows_asked = representation == Representation::kRows;
  auto rows = rows_asked ? rows_given_back(table_, answer.body) : std::nullopt;
  if (rows_asked ? !rows : !gives_nothing_back(answer)) {
    return TryAgain{answer.status, "the answer cannot be read", true, std::nullopt, false};
  }
  if (!rows_asked && !touched_none(answer)) return Applied{};
  if (rows_asked && !rows->empty()) {
    const bool alone = base_ && raises_version(columns_, *base_, rows->front());
    return applied(std::move(rows->front()), {alone, condition.compared});
  }
  if (auto verdict = look()) return *std::move(verdict);
  // It is as it was.
  if (guard != Guard::kKeyOnly) {
    const auto met = meets(condition);
    if (const auto* failed = std::get_if<TryAgain>(&met)) return *failed;
    if (std::get<bool>(met)) return withheld(entry_, table_, {});
  }
  if (guard == Guard::kExact) return send_plainly(this->condition());
  // Columns that this does not change may have been changed by others.
  if (guard == Guard::kWholeRow) return send(Guard::kBase, this->condition(), representation);
  // What it was compared with may be printed differently there, the key is not.
  if (guard == Guard::kBase) return send(Guard::kKeyOnly, condition, representation);
  return withheld(entry_, table_, {});
}

std::variant<bool, TryAgain> BareRowSend::meets(const RowCondition& condition) {
  if (condition.parameters.empty()) return true;
  const auto& first = table_.columns[table_.primary_key->columns.front()];
  const auto outcome = upstream_.call(
      question(sender_, table_, cache::quoted_name(first.name),
               cache::key_filter(table_, {write_.old_key}) + "&" + condition.parameters));
  if (!outcome.answered()) {
    return TryAgain{0, outcome.failure().reason, false, std::nullopt, false};
  }
  // What it is compared with may not be comparable there.
  if (classify(outcome.answer()).kind != AnswerClass::kApplied) return false;
  const auto rows = cache::parse_rows(table_, outcome.answer().body);
  return rows && !rows->empty();
}

std::optional<Verdict> BareRowSend::send_otherwise(const ClassifiedAnswer& answer, Guard guard,
                                                   const RowCondition& condition,
                                                   Representation representation) {
  // Perhaps a column that does not matter cannot be compared, or is not there any more.
  const bool refused =
      answer.kind == AnswerClass::kRefused || answer.kind == AnswerClass::kSchemaChanged;
  if (guard == Guard::kWholeRow && refused) {
    return send(Guard::kBase, this->condition(), representation);
  }
  if (guard == Guard::kExact && (refused || answer.kind == AnswerClass::kServerError)) {
    if (auto verdict = look()) return verdict;
    return send_plainly(this->condition());
  }
  if (guard != Guard::kBase || condition.parameters.empty() || !is_about_values(answer)) {
    return std::nullopt;
  }
  // Perhaps about those that are compared: some servers take text such as "true" for a boolean.
  if (auto verdict = look()) return verdict;
  return send(Guard::kKeyOnly, condition, representation);
}

Verdict BareRowSend::applied(std::optional<Row> row, const Ours& ours) const {
  Images images;
  if (write_.deletion || write_.moves()) images.push_back({&table_, write_.old_key, std::nullopt});
  if (!write_.deletion)
    images.push_back({&table_, write_.new_key, std::move(row), ours.guarded, ours.compared});
  return Applied{std::move(images)};
}

std::optional<Verdict> BareRowSend::look() {
  std::vector<std::string> keys = {write_.old_key};
  // In one look: a send whose answer was lost may move the row at any moment.
  if (write_.moves()) keys.push_back(write_.new_key);
  auto read = read_rows(upstream_, sender_, entry_, table_, keys);
  if (auto* failed = std::get_if<Verdict>(&read)) return std::move(*failed);
  auto& seen = std::get<SeenRows>(read);
  if (write_.moves()) {
    // Zero rows are judged at the new key first (hard case 13). What stands there is this one only
    // where a lost send may have moved it and nothing is left at the old one.
    if (entry_.lost_answer && !seen.images.front().row) {
      if (auto verdict = judge_arrival(seen.images.back())) return verdict;
    }
    seen.images.pop_back();
  }
  return write_.deletion ? judge_deletion(seen) : judge_update(seen);
}

std::optional<Verdict> BareRowSend::judge_arrival(const cache::UpstreamImage& seen) const {
  const auto& row = seen.row;
  if (!row || !named_columns(table_, write_.changes).unknown.empty() ||
      !changed_columns(table_, write_.changes, row).empty()) {
    return std::nullopt;
  }
  if (write_.moves() && !is_rest_as_it_was(*row)) return std::nullopt;
  return applied(row, {});
}

bool BareRowSend::is_rest_as_it_was(const Row& row) const {
  const auto ours = changed_columns(table_, write_.changes, std::nullopt);
  const auto columns = plain_columns(table_);
  const bool triggered = std::ranges::any_of(
      table_.triggers, [](const cache::Trigger& one) { return one.before && one.on_update; });
  if (triggered || !base_) return triggered;
  return std::ranges::all_of(columns, [&](std::size_t column) {
    const bool said = std::ranges::find(ours, column) != ours.end();
    const bool made = table_.columns[column].generated != cache::Generated::kNo;
    return said || made || table_.is_key(column) || columns_.bookkeeping(column) ||
           is_same(table_.columns[column], (*base_)[column], row[column]);
  });
}

std::optional<Verdict> BareRowSend::judge_update(const SeenRows& seen) const {
  if (!write_.moves()) {
    if (auto verdict = judge_arrival(seen.images.front())) return verdict;
  }
  // Whether somebody else has changed that, nothing tells any more.
  if (const auto unknown = named_columns(table_, write_.changes).unknown; !unknown.empty()) {
    return lacks_column(table_, unknown);
  }
  const auto& now = seen.images.front().row;
  if (!now || !base_) return Collided{seen.images, seen.clock_offset};
  const auto unchanged = [&](std::optional<std::size_t> column) {
    return !column || is_same(table_.columns[*column], (*base_)[*column], (*now)[*column]);
  };
  const auto restated = named().restated;
  const bool same =
      unchanged(columns_.version) && unchanged(columns_.stamp) &&
      std::all_of(restated.begin(), restated.end(), unchanged) &&
      compare_three_ways(table_, columns_, write_.changes, base_, *now).collisions.empty();
  if (same) return std::nullopt;
  return Collided{seen.images, seen.clock_offset};
}

std::optional<Verdict> BareRowSend::judge_deletion(const SeenRows& seen) const {
  const auto& now = seen.images.front().row;
  if (!now) return applied(std::nullopt, {});
  if (!columns_.any() && entry_.lost_answer) {
    return Uncertain{0,
                     "The answer to the deletion was lost, and nothing tells whether the row that "
                     "is there now is the same one"};
  }
  // More than what it was sent under: a stamp that nobody raises proves nothing.
  // A column that was added since says nothing either.
  const auto known = named_columns(table_, write_.base.value_or("")).known;
  const bool same = base_ && std::all_of(known.begin(), known.end(), [&](std::size_t column) {
                      return !table_.columns[column].kept ||
                             is_same(table_.columns[column], (*base_)[column], (*now)[column]);
                    });
  if (same) return std::nullopt;
  return Collided{seen.images, seen.clock_offset};
}

}  // namespace holdfast::queue
