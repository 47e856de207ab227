#include "cache/pull/table_source.h"

#include <charconv>
#include <numeric>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"

namespace holdfast::cache {
namespace {

// "a.gt.1" for the last column, else "a.gt.1,and(a.eq.1,<the rest>)": what follows `row` in the
// order of `columns`.
std::string following(const Table& table, const std::vector<std::size_t>& columns, const Row& row,
                      std::size_t from = 0) {
  const Column& column = table.columns[columns[from]];
  const std::string literal = filter_literal(column.type, row[columns[from]]);
  std::string condition = quoted_name(column.name) + ".gt." + literal;
  if (from + 1 == columns.size()) return condition;
  return condition + ",and(" + quoted_name(column.name) + ".eq." + literal + ",or(" +
         following(table, columns, row, from + 1) + "))";
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

PullFailure failure_of(const upstream::Answer& answer) {
  const std::string reason = "HTTP " + std::to_string(answer.status);
  if (!looks_like_postgrest(answer) || answer.status == 429) {
    return {PullFailure::Kind::kUnreachable, reason, answer.status, answer.body};
  }
  const bool denied = answer.body.find("\"42501\"") != std::string::npos;
  return {denied ? PullFailure::Kind::kDenied : PullFailure::Kind::kRefused,
          reason + ": " + answer.body.substr(0, 200), answer.status, answer.body};
}

}  // namespace

TableSource::TableSource(upstream::Upstream& upstream, const Table& table,
                         upstream::Credentials credentials, int page_rows, bool force)
    : upstream_(upstream),
      table_(table),
      credentials_(std::move(credentials)),
      page_rows_(page_rows),
      force_(force) {}

std::variant<RowPage, PullFailure> TableSource::unordered(const std::vector<std::size_t>& columns) {
  return fetch(columns, "", true);
}

std::variant<RowPage, PullFailure> TableSource::by_key(const std::vector<std::size_t>& columns,
                                                       const std::optional<Row>& after) {
  const auto& key = table_.primary_key->columns;
  std::string conditions = order_by(table_, key);
  if (after)
    conditions += "&or=" + http::percent_encode("(" + following(table_, key, *after) + ")");
  return fetch(columns, conditions);
}

std::variant<RowPage, PullFailure> TableSource::since(std::size_t stamp, const Value& from,
                                                      const std::optional<Row>& after) {
  std::vector<std::size_t> order = {stamp};
  for (const std::size_t index : table_.primary_key->columns) order.push_back(index);
  std::string conditions = order_by(table_, order);
  if (after) {
    conditions += "&or=" + http::percent_encode("(" + following(table_, order, *after) + ")");
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
  std::vector<std::string> names;
  for (const std::size_t index : columns) {
    names.push_back(table_.columns[index].name);
    select += (select.empty() ? "" : ",") + quoted_name(names.back());
  }
  upstream::Call call;
  call.target =
      "/rest/v1/" + http::percent_encode(table_.name) + "?select=" + http::percent_encode(select) +
      (conditions.empty() ? "" : "&" + conditions) + "&limit=" + std::to_string(page_rows_);
  call.headers.set("Accept", "application/json");
  call.headers.set("Accept-Profile", table_.schema);
  if (count) call.headers.set("Prefer", "count=exact");
  upstream::add_credentials(credentials_, call.headers);
  call.force = force_;
  const auto outcome = upstream_.call(call);
  if (!outcome.answered()) {
    return PullFailure{PullFailure::Kind::kUnreachable, outcome.failure().reason};
  }
  const upstream::Answer& answer = outcome.answer();
  if (answer.status != 200 && answer.status != 206) return failure_of(answer);

  RowPage page;
  page.date = answer.date;
  if (count) page.total = total_of(answer);
  std::optional<Error> unreadable;
  const auto read = read_page(answer.body, names, [&](std::span<const std::string_view> tokens) {
    Row row(table_.columns.size(), Null{});
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].empty()) continue;
      auto value = parse_json(table_.columns[columns[i]].type, tokens[i]);
      if (!value) {
        unreadable = std::move(value).error();
        return false;
      }
      row[columns[i]] = *std::move(value);
    }
    page.rows.push_back(std::move(row));
    return true;
  });
  if (!read || unreadable) {
    // A captive portal's page, or a value that the catalog's type does not fit.
    return PullFailure{PullFailure::Kind::kUnreachable,
                       unreadable ? unreadable->message : read.error().message};
  }
  return page;
}

}  // namespace holdfast::cache
