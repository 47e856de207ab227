#include "routes/old_ids.h"

#include <array>
#include <functional>

#include "cache/replica/minted_body.h"
#include "gateway/http/uri.h"
#include "routes/preferences.h"
#include "routes/write_request.h"

namespace holdfast::routes {
namespace {

bool may_have_negative_number(std::string_view query) {
  constexpr std::array<std::string_view, 12> kBefore = {".-",  "(-",  ",-",  "\"-", "{-",  "28-",
                                                        "2C-", "2c-", "22-", "7B-", "7b-", "%2D"};
  for (const std::string_view text : kBefore) {
    if (query.find(text) != std::string_view::npos) return true;
  }
  return false;
}

// An element of a list, without its quotes.
std::string unquoted(std::string_view element) {
  const bool quoted = element.size() > 1 && element.front() == '"' && element.back() == '"';
  return std::string(quoted ? element.substr(1, element.size() - 2) : element);
}

// "-1,\"2\"" with each element replaced that `real` knows; nullopt when there is none.
template <typename Real>
std::optional<std::string> replace_elements(std::string_view rest, const Real& real) {
  bool changed = false;
  std::string list;
  while (true) {
    const auto comma = rest.find(',');
    const std::string element(rest.substr(0, comma));
    const auto id = real(unquoted(element));
    changed = changed || id;
    list += (list.empty() ? "" : ",") + id.value_or(element);
    if (comma == std::string_view::npos) break;
    rest = rest.substr(comma + 1);
  }
  return changed ? std::optional(list) : std::nullopt;
}

// "not.in.(-1,2)" with each element replaced that `real` knows; nullopt when there is none.
template <typename Real>
std::optional<std::string> replace_values(std::string_view value, const Real& real) {
  constexpr std::array<std::string_view, 3> kOne = {"eq.", "neq.", "isdistinct."};
  constexpr std::array<std::string_view, 5> kMany = {"in.(", "eq(any).{", "eq(all).{", "neq(any).{",
                                                     "neq(all).{"};
  std::string before;
  while (value.starts_with("not.")) {
    before += "not.";
    value.remove_prefix(4);
  }
  for (const std::string_view op : kOne) {
    if (!value.starts_with(op)) continue;
    auto id = real(std::string(value.substr(op.size())));
    return id ? std::optional(before + std::string(op) + *id) : std::nullopt;
  }
  for (const std::string_view op : kMany) {
    if (!value.starts_with(op) || value.size() == op.size()) continue;
    const auto list = replace_elements(value.substr(op.size(), value.size() - op.size() - 1), real);
    return list ? std::optional(before + std::string(op) + *list + value.back()) : std::nullopt;
  }
  return std::nullopt;
}

using RealId =
    std::function<std::optional<std::string>(const std::string& column, const std::string& text)>;

// Walks through the value of a logic parameter, "(id.eq.-1,and(name.eq.x,id.in.(-1,-2)))".
class LogicIds {
 public:
  explicit LogicIds(const RealId& real) : real_(real) {}

  std::optional<std::string> replace(std::string_view value) {
    bool quoted = false;
    for (const char c : value) {
      if (c == '"') quoted = !quoted;
      if (quoted || (c != '(' && c != ',' && c != ')')) {
        token_ += c;
        continue;
      }
      put_token();
      const auto in = token_.find(".in.");
      if (c == '(' && in != std::string::npos) list_column_ = token_.substr(0, token_.find('.'));
      if (c == ')') list_column_.reset();
      token_.clear();
      text_ += c;
    }
    put_token();
    return changed_ ? std::optional(text_) : std::nullopt;
  }

 private:
  void put_token() {
    std::size_t begin = 0;
    std::string column = list_column_.value_or("");
    for (const std::string_view op : {".eq.", ".neq.", ".isdistinct."}) {
      const auto place = list_column_ ? std::string::npos : token_.find(op);
      if (place == std::string::npos) continue;
      column = token_.substr(0, token_.find('.'));
      begin = place + op.size();
      break;
    }
    const auto id = column.empty() ? std::nullopt : real_(column, unquoted(token_.substr(begin)));
    changed_ = changed_ || id;
    text_ += id ? token_.substr(0, begin) + *id : token_;
  }

  const RealId& real_;
  std::optional<std::string> list_column_;  // inside "column.in.(…"
  std::string token_;
  std::string text_;
  bool changed_ = false;
};

// The relation that `name` stands for in a select such as "id,name:marks!fk(label)".
std::string relation_of_alias(const std::string& select, const std::string& name) {
  const std::string pattern = name + ":";
  for (auto place = select.find(pattern); place != std::string::npos;
       place = select.find(pattern, place + 1)) {
    const bool starts = place == 0 || select[place - 1] == ',' || select[place - 1] == '(';
    const auto begin = place + pattern.size();
    const auto end = select.find_first_of("(!,):", begin);
    if (starts && end != std::string::npos) return select.substr(begin, end - begin);
  }
  return name;
}

struct Parameter {
  const cache::Table* table = nullptr;  // of which its columns are
  std::string column;                   // or "or", "and"

  bool is_logic() const { return column == "or" || column == "and"; }
};

// What "marks.counter" or "marks.not.or" is about; no table where that is not known.
Parameter parameter_of(const cache::Catalog& catalog, const cache::Table& table,
                       const std::string& select, const std::string& name) {
  const auto dot = name.rfind('.');
  Parameter parameter{&table, dot == std::string::npos ? name : name.substr(dot + 1)};
  std::string path = dot == std::string::npos ? "" : name.substr(0, dot);
  if (path == "not") path.clear();
  if (path.ends_with(".not")) path.resize(path.size() - 4);
  if (path.empty()) return parameter;
  const std::string last = path.substr(path.rfind('.') + 1);
  parameter.table = catalog.find(table.schema, relation_of_alias(select, last));
  return parameter;
}

std::string select_of(const http::Request& request) {
  for (const auto& [name, value] : http::parse_query(request.query())) {
    if (name == "select") return value;
  }
  return "";
}

}  // namespace

void put_real_ids(RestRequest& rest, const cache::Table& table) {
  const std::string query(rest.request.query());
  if (!may_have_negative_number(query)) return;
  const cache::TemporaryIds ids(rest.store->overlay());
  auto reader = rest.store->reader();
  const std::string select = select_of(rest.request);
  std::string rewritten;
  bool changed = false;
  std::string_view left = query;
  while (!left.empty()) {
    const auto end = left.find('&');
    const std::string_view parameter = left.substr(0, end);
    left = end == std::string_view::npos ? std::string_view() : left.substr(end + 1);
    if (!rewritten.empty()) rewritten += '&';
    const auto equals = parameter.find('=');
    const std::string name = http::query_decode(parameter.substr(0, equals));
    const std::string value =
        equals == std::string_view::npos ? "" : http::query_decode(parameter.substr(equals + 1));
    const Parameter about = parameter_of(rest.store->catalog(), table, select, name);
    const RealId real = [&](const std::string& column, const std::string& text) {
      return about.table == nullptr ? std::nullopt
                                    : ids.real_id(*reader, *about.table, column, text);
    };
    const auto other = about.is_logic() ? LogicIds(real).replace(value)
                                        : replace_values(value, [&](const std::string& text) {
                                            return real(about.column, text);
                                          });
    changed = changed || other;
    rewritten += other ? http::percent_encode(name) + "=" + http::percent_encode(*other)
                       : std::string(parameter);
  }
  if (!changed) return;
  std::string& target = rest.request.target;
  target = target.substr(0, target.find('?') + 1) + rewritten;
}

cache::TemporaryIds::Named put_real_ids_into_write(RestRequest& rest, const cache::Table& table) {
  {
    auto reader = rest.store->reader();
    if (!cache::TemporaryIds::any(*reader)) return {};
  }
  put_real_ids(rest, table);
  const auto preferences = parse_preferences(rest.request.headers);
  if (!preferences || !has_known_body(rest.request)) return {};
  auto mutation = parse_mutation(rest.request, table, *preferences);
  if (!mutation) return {};
  auto reader = rest.store->reader();
  const auto named = cache::TemporaryIds(rest.store->overlay()).resolve(*reader, *mutation);
  if (named.any && !rest.request.body.empty()) {
    rest.request.body = cache::print_with_minted(table, mutation->body, {}, {});
    rest.request.headers.set("Content-Type", "application/json");
  }
  return named;
}

}  // namespace holdfast::routes
