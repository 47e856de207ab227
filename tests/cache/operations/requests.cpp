#include "tests/cache/operations/requests.h"

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast::test {
namespace {

constexpr std::size_t kPivots = 8;
constexpr std::size_t kCastRows = 6;

// Values that most types refuse, to hear what is said then.
const std::vector<std::string> kOdd = {"abc", "", "99999999999999999999", "2026-02-30", "{1"};

const std::vector<std::string> kTargets = {"smallint", "integer",          "bigint",  "numeric",
                                           "real",     "double precision", "boolean", "text",
                                           "date",     "timestamptz",      "uuid",    "jsonb"};

std::string encode(const std::string& text) {
  constexpr std::array kDigits = {'0', '1', '2', '3', '4', '5', '6', '7',
                                  '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      out += c;
    } else {
      out += {'%', kDigits.at(byte >> 4), kDigits.at(byte & 15)};
    }
  }
  return out;
}

std::string literal(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + '\'';
}

// An element of in.(…): always quoted.
std::string element(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

class Requests {
 public:
  explicit Requests(std::size_t table) : table_(table) {}

  void add(std::string operation, std::string query, const std::string& columns,
           const std::string& rest, bool counts_only = false) {
    list_.push_back({table_, std::move(operation), std::move(query),
                     "SELECT " + columns + " FROM t" + std::to_string(table_) + " " + rest,
                     counts_only});
  }

  void add_whole() {
    add("print", "select=id,x&order=id", "id, x", "ORDER BY id");
    add("order", "select=id&order=x.asc,id", "id", "ORDER BY x ASC, id");
    add("order", "select=id&order=x.desc.nullslast,id", "id", "ORDER BY x DESC NULLS LAST, id");
    add("order", "select=id&order=x.nullsfirst,id.desc", "id", "ORDER BY x NULLS FIRST, id DESC");
    add("group", "select=count(),x", "count(*), x", "GROUP BY x", true);
    for (const char* function : {"min", "max", "sum", "avg", "count"}) {
      const std::string name(function);
      add(name, "select=x." + name + "()", name + "(x)", "");
    }
    add("filter is", "select=id&x=is.null&order=id", "id", "WHERE x IS NULL ORDER BY id");
  }

  void add_filters(const std::string& text) {
    constexpr std::array<std::pair<const char*, const char*>, 7> kOperators = {
        {{"eq", "="},
         {"neq", "<>"},
         {"gt", ">"},
         {"gte", ">="},
         {"lt", "<"},
         {"lte", "<="},
         {"isdistinct", "IS DISTINCT FROM"}}};
    for (const auto& [name, sql] : kOperators) {
      add(std::string("filter ") + name,
          std::string("select=id&order=id&x=") + name + "." + encode(text), "id",
          std::string("WHERE x ") + sql + " " + literal(text) + " ORDER BY id");
    }
  }

  void add_in(const std::string& a, const std::string& b) {
    add("filter in", "select=id&order=id&x=in.(" + encode(element(a) + "," + element(b)) + ")",
        // An array of no type yet, as PostgREST writes it.
        "id",
        "WHERE x = ANY (" + literal("{" + element(a) + "," + element(b) + "}") + ") ORDER BY id");
    add("filter range",
        "select=id&order=id&and=(x.gte." + encode(element(a)) + ",x.lt." + encode(element(b)) + ")",
        "id", "WHERE x >= " + literal(a) + " AND x < " + literal(b) + " ORDER BY id");
  }

  void add_cast(const std::string& target, std::size_t id) {
    const std::string row = std::to_string(id);
    add("cast to " + target, "select=y:x::" + encode(target) + "&id=eq." + row,
        "CAST(x AS " + target + ") AS y", "WHERE id = " + row);
  }

  std::vector<OperationRequest> take() { return std::move(list_); }

 private:
  const std::size_t table_;
  std::vector<OperationRequest> list_;
};

}  // namespace

std::vector<OperationRequest> operation_requests(std::size_t table, const std::string& type,
                                                 const std::vector<std::string>& texts) {
  Requests requests(table);
  requests.add_whole();
  std::vector<std::string> pivots;
  const std::size_t step = std::max<std::size_t>(texts.size() / kPivots, 1);
  for (std::size_t n = table % step; n < texts.size(); n += step) pivots.push_back(texts[n]);
  for (std::size_t n = 0; n < pivots.size(); ++n) {
    requests.add_filters(pivots[n]);
    requests.add_in(pivots[n], pivots[(n + 3) % pivots.size()]);
  }
  for (const auto& odd : kOdd) requests.add_filters(odd);
  for (const auto& target : kTargets) {
    const std::size_t rows = type == target ? 1 : kCastRows;
    for (std::size_t n = 0; n < rows; ++n) {
      requests.add_cast(target, 1 + n * std::max<std::size_t>(texts.size() / kCastRows, 1));
    }
  }
  return requests.take();
}

}  // namespace holdfast::test
