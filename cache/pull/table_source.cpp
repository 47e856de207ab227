#include "cache/pull/table_source.h"

#include <algorithm>
#include <charconv>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"

namespace holdfast::cache {
namespace {

std::vector<Value> values_of(const std::vector<std::size_t>& columns, const Row& row) {
  std::vector<Value> values;
  values.reserve(columns.size());
  for (const std::size_t index : columns) values.push_back(row[index]);
  return values;
}

// Groups of conditions of which one has to hold in each, as one parameter: not every server takes
// several of a name. "" without any, else "&or=(…)" or "&and=(or(…),or(…))".
std::string one_of_each(const std::vector<std::string>& groups) {
  std::string list;
  int count = 0;
  for (const std::string& group : groups) {
    if (group.empty()) continue;
    list += (count++ > 0 ? ",or(" : "or(") + group + ")";
  }
  if (count == 0) return "";
  if (count == 1) return "&or=" + http::percent_encode(list.substr(2));
  return "&and=" + http::percent_encode("(" + list + ")");
}

std::string order_by(const Table& table, const std::vector<std::size_t>& columns) {
  std::string order;
  for (const std::size_t index : columns) {
    order += (order.empty() ? "" : ",") + quoted_name(table.columns[index].name) + ".asc";
  }
  return "order=" + http::percent_encode(order);
}

bool looks_like_postgrest(const upstream::Answer& answer) {
  const auto type = answer.headers.find("Content-Type");
  return type && type->find("json") != std::string_view::npos;
}

// Cast to text only the absent value is null.
bool is_read_as_text(const Column& column) {
  return (column.has_two_nulls() || column.is_array_of_json()) && !column.custom_casts;
}

Result<Value> read_value(const Column& column, std::string_view token) {
  if (is_read_as_text(column) && token.starts_with('"')) {
    return parse_text(column.type, decode_json_string(token));
  }
  return parse_json(column.type, token);
}

// The number behind the slash of Content-Range.
std::optional<std::int64_t> total_of(const upstream::Answer& answer) {
  const auto range = answer.headers.find("Content-Range");
  if (!range) return std::nullopt;
  const auto slash = range->find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::int64_t total = 0;
  const char* end = range->data() + range->size();
  const auto read = std::from_chars(range->data() + slash + 1, end, total);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return total;
}

}  // namespace

PullFailure failure_of(const upstream::Answer& answer) {
  const std::string reason = "HTTP " + std::to_string(answer.status);
  if (!looks_like_postgrest(answer) || answer.status == 429) {
    return {PullFailure::Kind::kUnreachable, reason, answer.status, answer.body};
  }
  const bool denied = answer.body.find("\"42501\"") != std::string::npos;
  return {denied ? PullFailure::Kind::kDenied : PullFailure::Kind::kRefused,
          reason + ": " + answer.body.substr(0, 200), answer.status, answer.body};
}

TableSource::TableSource(upstream::Upstream& upstream, const Table& table,
                         upstream::Credentials credentials, int page_rows, bool force,
                         std::string scope)
    : upstream_(upstream),
      table_(table),
      credentials_(std::move(credentials)),
      page_rows_(page_rows),
      force_(force),
      scope_(std::move(scope)) {}

void TableSource::leave_out(std::size_t deleted_at, Timestamp cutoff) {
  const std::string name = quoted_name(table_.columns[deleted_at].name);
  const std::string time = format_rfc3339(cutoff);
  living_ = name + ".is.null," + name + ".gte.\"" + time + "\"";
  expired_ = "&" + http::percent_encode(table_.columns[deleted_at].name) + "=lt." +
             http::percent_encode(time);
}

std::variant<RowPage, PullFailure> TableSource::left_out() {
  return fetch(table_.primary_key ? table_.primary_key->columns : table_.kept_columns(),
               expired_.substr(1) + "&limit=1");
}

std::variant<RowPage, PullFailure> TableSource::unordered(const std::vector<std::size_t>& columns) {
  const std::string living = one_of_each({living_});
  return fetch(columns, living.empty() ? "" : living.substr(1), true);
}

std::variant<RowPage, PullFailure> TableSource::by_key(const std::vector<std::size_t>& columns,
                                                       const std::optional<Row>& after,
                                                       const KeyRange& range) {
  const std::string order = order_by(table_, table_.primary_key->columns);
  return advanced(fetch(columns, order + range_condition(after, range)), after);
}

std::variant<RowPage, PullFailure> TableSource::newest(std::optional<std::size_t> stamp,
                                                       std::int64_t offset, std::int64_t limit) {
  std::string order;
  if (stamp) order = quoted_name(table_.columns[*stamp].name) + ".desc.nullslast";
  for (const std::size_t index : table_.primary_key->columns) {
    order += (order.empty() ? "" : ",") + quoted_name(table_.columns[index].name) + ".desc";
  }
  return fetch(table_.kept_columns(),
               "order=" + http::percent_encode(order) + one_of_each({living_}) +
                   "&offset=" + std::to_string(offset) +
                   "&limit=" + std::to_string(std::min<std::int64_t>(limit, page_rows_)));
}

std::variant<RowPage, PullFailure> TableSource::summary(std::size_t stamp, const KeyRange& range) {
  const std::string order =
      http::percent_encode(quoted_name(table_.columns[stamp].name) + ".desc.nullslast");
  return fetch({stamp}, "order=" + order + range_condition(std::nullopt, range) + "&limit=1", true);
}

std::variant<RowPage, PullFailure> TableSource::having(std::size_t column,
                                                       const std::optional<Row>& after) {
  const auto& key = table_.primary_key->columns;
  std::vector<std::size_t> columns = key;
  columns.push_back(column);
  const std::string filled = "&" + presence_filter(table_.columns[column]);
  return advanced(fetch(columns, order_by(table_, key) + filled + range_condition(after, {})),
                  after);
}

std::string TableSource::range_condition(const std::optional<Row>& after,
                                         const KeyRange& range) const {
  const auto& key = table_.primary_key->columns;
  std::string lower;
  if (after) {
    lower = following(table_, key, values_of(key, *after));
  } else if (!range.from.empty()) {
    lower = following(table_, key, range.from, true);
  }
  const std::string upper = range.before.empty() ? "" : preceding(table_, key, range.before);
  return one_of_each({lower, upper, living_});
}

std::variant<RowPage, PullFailure> TableSource::since(std::size_t stamp, const Value& from,
                                                      const std::optional<Row>& after) {
  std::vector<std::size_t> order = {stamp};
  for (const std::size_t index : table_.primary_key->columns) order.push_back(index);
  std::string conditions = order_by(table_, order);
  if (after) {
    conditions += one_of_each({following(table_, order, values_of(order, *after))});
  } else {
    std::string text;
    print_text(table_.columns[stamp].type, view(from), text);
    conditions += "&" + http::percent_encode(table_.columns[stamp].name) + "=gte." +
                  http::percent_encode(text);
  }
  return advanced(fetch(table_.kept_columns(), conditions), after);
}

// Who gives rows again that came before would be asked for ever. Their order is the upstream's own,
// so that only a key that comes again tells: Brent's search for a cycle.
std::variant<RowPage, PullFailure> TableSource::advanced(std::variant<RowPage, PullFailure> fetched,
                                                         const std::optional<Row>& after) {
  const auto* page = std::get_if<RowPage>(&fetched);
  if (page == nullptr || !page->last) return fetched;
  std::string last = key_of(table_, *page->last);
  if (!after) {
    pages_ = 0;
    anchor_at_ = 1;
    anchor_.clear();
  }
  if ((after && last == key_of(table_, *after)) || last == anchor_) {
    return PullFailure{PullFailure::Kind::kRefused,
                       "the upstream repeats a page instead of giving the one that follows", 200};
  }
  if (++pages_ == anchor_at_) {
    anchor_ = std::move(last);
    anchor_at_ *= 2;
  }
  return fetched;
}

std::variant<RowPage, PullFailure> TableSource::of_keys(const std::vector<std::string>& keys) {
  RowPage all;
  std::vector<std::string> left = keys;
  // The upstream's own limit may cut an answer short: a row is not there when it is in none of
  // them.
  while (!left.empty()) {
    const std::size_t before = left.size();
    if (auto failure = take_keys(std::vector(left), left, all)) return *std::move(failure);
    if (left.size() == before) break;
  }
  if (keys.size() == 1 || table_.primary_key->columns.size() == 1) return all;
  // Not every server undoes the escapes of values in a tree of conditions; alone a row needs none.
  for (const std::string& key : std::vector(left)) {
    if (key.find('\\') == std::string::npos) continue;
    if (auto failure = take_keys({key}, left, all)) return *std::move(failure);
  }
  return all;
}

std::optional<PullFailure> TableSource::take_keys(const std::vector<std::string>& keys,
                                                  std::vector<std::string>& left, RowPage& all) {
  auto fetched = fetch(table_.kept_columns(), key_filter(table_, keys));
  if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
  auto& page = std::get<RowPage>(fetched);
  if (!all.date) {
    all.date = page.date;
    all.received_at = page.received_at;
  }
  for (Row& row : page.rows) {
    std::erase(left, key_of(table_, row));
    all.rows.push_back(std::move(row));
  }
  for (UnreadableRow& row : page.unreadable) {
    std::erase(left, row.key);
    all.unreadable.push_back(std::move(row));
  }
  return std::nullopt;
}

std::variant<RowPage, PullFailure> TableSource::fetch(const std::vector<std::size_t>& columns,
                                                      const std::string& conditions, bool count) {
  std::string select;
  for (const std::size_t index : columns) {
    const Column& column = table_.columns[index];
    select += (select.empty() ? "" : ",") + quoted_name(column.name);
    if (is_read_as_text(column)) select += "::text";
  }
  upstream::Call call = call_for(select, conditions, page_rows_, count);
  const auto outcome = upstream_.call(call);
  if (!outcome.answered()) {
    return PullFailure{PullFailure::Kind::kUnreachable, outcome.failure().reason};
  }
  const upstream::Answer& answer = outcome.answer();
  if (answer.status != 200 && answer.status != 206) return failure_of(answer);
  auto page = read(answer, columns);
  if (count && std::holds_alternative<RowPage>(page)) {
    std::get<RowPage>(page).total = total_of(answer);
  }
  return page;
}

upstream::Call TableSource::call_for(const std::string& select, const std::string& conditions,
                                     int limit, bool count) const {
  upstream::Call call;
  call.target = rest_path(table_) + "?select=" + http::percent_encode(select);
  if (!scope_.empty()) call.target += "&" + scope_;
  if (!conditions.empty()) call.target += "&" + conditions;
  if (conditions.find("&limit=") == std::string::npos) {
    call.target += "&limit=" + std::to_string(limit);
  }
  call.headers.set("Accept", "application/json");
  call.headers.set("Accept-Profile", table_.schema);
  if (count) call.headers.set("Prefer", "count=exact");
  upstream::add_credentials(credentials_, call.headers);
  call.force = force_;
  return call;
}

std::variant<RowPage, PullFailure> TableSource::read(
    const upstream::Answer& answer, const std::vector<std::size_t>& columns) const {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const std::size_t index : columns) names.push_back(table_.columns[index].name);
  RowPage page;
  page.date = answer.date;
  page.received_at = answer.received_at;
  page.bytes = static_cast<std::int64_t>(answer.body.size());
  bool last_key_lost = false;  // then no page can follow it
  const auto read = read_page(answer.body, names, [&](std::span<const std::string_view> tokens) {
    Row row(table_.columns.size(), Null{});
    std::string reason;
    bool has_key = true;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].empty()) continue;
      auto value = read_value(table_.columns[columns[i]], tokens[i]);
      if (value) {
        row[columns[i]] = *std::move(value);
      } else {
        reason = names[i] + ": " + value.error().message;
        has_key = has_key && !table_.is_key(columns[i]);
      }
    }
    page.last = row;
    last_key_lost = !has_key;
    if (reason.empty()) {
      page.rows.push_back(std::move(row));
    } else {
      page.unreadable.push_back(
          {has_key && table_.primary_key ? key_of(table_, row) : "", std::move(reason)});
    }
    return true;
  });
  if (!read) {  // a captive portal's page
    return PullFailure{PullFailure::Kind::kUnreachable, read.error().message};
  }
  if (table_.primary_key && last_key_lost) {
    return PullFailure{PullFailure::Kind::kRefused, page.unreadable.back().reason, answer.status};
  }
  return page;
}

}  // namespace holdfast::cache
