#include "cache/pull/table_source.h"

#include <charconv>
#include <numeric>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"

namespace holdfast::cache {
namespace {

std::vector<Value> values_of(const std::vector<std::size_t>& columns, const Row& row) {
  std::vector<Value> values;
  for (const std::size_t index : columns) values.push_back(row[index]);
  return values;
}

// "&or=(…)"
std::string any_of(const std::string& conditions) {
  return "&or=" + http::percent_encode("(" + conditions + ")");
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
  return column.has_two_nulls() && !column.custom_casts;
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

std::variant<RowPage, PullFailure> TableSource::unordered(const std::vector<std::size_t>& columns) {
  return fetch(columns, "", true);
}

std::variant<RowPage, PullFailure> TableSource::by_key(const std::vector<std::size_t>& columns,
                                                       const std::optional<Row>& after,
                                                       const KeyRange& range) {
  return fetch(columns,
               order_by(table_, table_.primary_key->columns) + range_condition(after, range));
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
  return fetch(columns, order_by(table_, key) + "&" +
                            http::percent_encode(table_.columns[column].name) + "=not.is.null" +
                            range_condition(after, {}));
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
  if (range.before.empty()) return lower.empty() ? "" : any_of(lower);
  const std::string upper = preceding(table_, key, range.before);
  if (lower.empty()) return any_of(upper);
  return "&and=" + http::percent_encode("(or(" + lower + "),or(" + upper + "))");
}

std::variant<RowPage, PullFailure> TableSource::since(std::size_t stamp, const Value& from,
                                                      const std::optional<Row>& after) {
  std::vector<std::size_t> order = {stamp};
  for (const std::size_t index : table_.primary_key->columns) order.push_back(index);
  std::string conditions = order_by(table_, order);
  if (after) {
    conditions += any_of(following(table_, order, values_of(order, *after)));
  } else {
    std::string text;
    print_text(table_.columns[stamp].type, view(from), text);
    conditions += "&" + http::percent_encode(table_.columns[stamp].name) + "=gte." +
                  http::percent_encode(text);
  }
  return fetch(all_columns(), conditions);
}

std::variant<RowPage, PullFailure> TableSource::of_keys(const std::vector<std::string>& keys) {
  RowPage all;
  std::vector<std::string> left = keys;
  // The upstream's own limit may cut an answer short: a row is not there when it is in none of
  // them.
  while (!left.empty()) {
    auto fetched = fetch(all_columns(), key_filter(table_, left));
    if (std::holds_alternative<PullFailure>(fetched)) return fetched;
    auto& page = std::get<RowPage>(fetched);
    if (!all.date) all.date = page.date;
    const std::size_t before = left.size();
    for (Row& row : page.rows) {
      std::erase(left, key_of(table_, row));
      all.rows.push_back(std::move(row));
    }
    for (UnreadableRow& row : page.unreadable) {
      std::erase(left, row.key);
      all.unreadable.push_back(std::move(row));
    }
    if (left.size() == before) break;
  }
  return all;
}

std::vector<std::size_t> TableSource::all_columns() const {
  std::vector<std::size_t> columns(table_.columns.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  return columns;
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
  call.target =
      "/rest/v1/" + http::percent_encode(table_.name) + "?select=" + http::percent_encode(select);
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
  for (const std::size_t index : columns) names.push_back(table_.columns[index].name);
  RowPage page;
  page.date = answer.date;
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
