#include "queue/own_columns.h"

#include <algorithm>
#include <map>
#include <set>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "gateway/http/uri.h"

namespace holdfast::queue {
namespace {

constexpr std::string_view kPrefix = "hf_own_";
constexpr std::string_view kSelect = "select=";

std::string own_name(std::size_t index) { return std::string(kPrefix) + std::to_string(index); }

// Where the value of the only select begins; npos when there is none, or more than one.
std::size_t select_in(const std::string& target) {
  std::size_t place = std::string::npos;
  for (auto at = target.find(kSelect); at != std::string::npos; at = target.find(kSelect, at + 1)) {
    if (at == 0 || (target[at - 1] != '?' && target[at - 1] != '&')) continue;
    if (place != std::string::npos) return std::string::npos;
    place = at + kSelect.size();
  }
  return place;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The columns that a select lists, each once; empty where it says anything else.
std::vector<std::string> columns_in(const std::string& select, const cache::Table& table) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= select.size();) {
    const auto end = std::min(select.find(',', begin), select.size());
    std::string name = select.substr(begin, end - begin);
    if (!table.find_column(name) || is_among(names, name)) return {};
    names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

void append_member(std::string_view name, const std::string& token, std::string& object) {
  object += object.empty() ? "{" : ",";
  cache::append_json_string(name, object);
  object += ":" + token;
}

void append_row(const std::string& row, std::string_view between, std::string& rows) {
  if (!rows.empty()) rows += between;
  rows += row.empty() ? "{}" : row + "}";
}

}  // namespace

std::optional<WiderSelect> with_own_columns(const std::string& target, const cache::Table& table,
                                            Rows rows) {
  const auto begin = select_in(target);
  if (begin == std::string::npos) return std::nullopt;
  const auto end = std::min(target.find('&', begin), target.size());
  const std::string select = http::query_decode(target.substr(begin, end - begin));
  if (select.empty() || select.find("()") != std::string::npos) return std::nullopt;
  WiderSelect wider{"", columns_in(select, table)};
  if (wider.asked.empty() && rows == Rows::kSingle) return std::nullopt;
  std::string more;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i].name;
    if (wider.asked.empty()) more += "," + own_name(i) + ":" + cache::quoted_name(name);
    if (!wider.asked.empty() && !is_among(wider.asked, name))
      more += "," + cache::quoted_name(name);
  }
  wider.target = target.substr(0, end) + http::percent_encode(more) + target.substr(end);
  return wider;
}

std::optional<SplitRows> split_rows(const std::string& body, const cache::Table& table,
                                    const std::vector<std::string>& asked) {
  const auto parsed = cache::parse_body(body, cache::BodyKeys::kAny);
  if (!parsed) return std::nullopt;
  std::map<std::string, std::size_t, std::less<>> own_names;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    own_names.emplace(asked.empty() ? own_name(i) : table.columns[i].name, i);
  }
  // PostgREST's own way to write an array of rows.
  const std::string_view between = body.find(", \n ") != std::string::npos ? ", \n " : ",";
  SplitRows split;
  for (const cache::RawObject& row : parsed->rows) {
    std::string theirs;
    std::string own;
    std::set<std::size_t> found;
    for (const auto& [name, token] : row) {
      const auto column = own_names.find(name);
      if (column == own_names.end() || is_among(asked, name)) append_member(name, token, theirs);
      // What an app selects twice it is given twice.
      if (column == own_names.end() || !found.insert(column->second).second) continue;
      append_member(table.columns[column->second].name, token, own);
    }
    if (found.size() != table.columns.size()) return std::nullopt;
    append_row(theirs, between, split.theirs);
    append_row(own, ",", split.own);
  }
  if (parsed->is_array) split.theirs = "[" + split.theirs + "]";
  split.own = "[" + split.own + "]";
  return split;
}

}  // namespace holdfast::queue
