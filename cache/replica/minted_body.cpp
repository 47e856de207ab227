#include "cache/replica/minted_body.h"

#include "cache/replica/computation.h"
#include "cache/values/codec.h"

namespace holdfast::cache {

std::string print_with_minted(const Table& table, const RawBody& body,
                              const std::set<std::size_t>& minted, const std::vector<Row>& rows) {
  std::string out = body.is_array ? "[" : "";
  for (std::size_t i = 0; i < body.rows.size(); ++i) {
    out += i > 0 ? ",{" : "{";
    bool first = true;
    const auto member = [&](const std::string& name) {
      if (!first) out += ',';
      first = false;
      append_json_string(name, out);
      out += ':';
    };
    for (const auto& [name, token] : body.rows[i]) {
      member(name);
      out += token;
    }
    for (const std::size_t index : minted) {
      const Column& column = table.columns[index];
      if (find_member(body.rows[i], column.name)) continue;
      member(column.name);
      print_json(column.type, view(rows[i][index]), out);
    }
    out += '}';
  }
  return body.is_array ? out + ']' : out;
}

}  // namespace holdfast::cache
