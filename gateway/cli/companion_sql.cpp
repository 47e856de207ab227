#include "gateway/cli/companion_sql.h"

namespace holdfast::cli {
namespace {

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::string quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote) quoted.push_back(c);
    quoted.push_back(c);
  }
  return quoted + quote;
}

std::string schema_array(const std::vector<std::string>& schemas) {
  std::string array;
  for (const auto& schema : schemas) {
    array += (array.empty() ? "" : ", ") + quoted(schema, '\'');
  }
  return "array[" + array + "]::text";
}

}  // namespace

std::string companion_sql_for(const std::vector<std::string>& schemas) {
  std::string sql(companion_sql());
  if (schemas.empty()) return sql;
  const std::string& first = schemas.front();
  if (first != "public") {
    sql = replaced(std::move(sql), "public.holdfast_", quoted(first, '"') + ".holdfast_");
  }
  const std::string array = schema_array(schemas);
  return sql + "\nupdate holdfast.settings set value = " + array +
         " where name = 'schemas' and value <> " + array + ";\nselect holdfast.serve_from(" +
         quoted(first, '\'') + ");\n";
}

}  // namespace holdfast::cli
