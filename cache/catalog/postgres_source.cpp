#include "cache/catalog/postgres_source.h"

#include <array>
#include <string_view>

#include "cache/catalog/catalog_sql.h"
#include "cache/catalog/postgres_session.h"

namespace holdfast::cache {
namespace {

// "{"a","b"}", the text form of a text[].
std::string array_text(const std::vector<std::string>& items) {
  std::string text = "{";
  for (const std::string& item : items) {
    if (text.size() > 1) text.push_back(',');
    text.push_back('"');
    for (const char c : item) {
      if (c == '"' || c == '\\') text.push_back('\\');
      text.push_back(c);
    }
    text.push_back('"');
  }
  return text + "}";
}

std::string quoted_identifier(std::string_view identifier) {
  std::string text = "\"";
  for (const char c : identifier) {
    if (c == '"') text.push_back('"');
    text.push_back(c);
  }
  return text + "\"";
}

// What PostgREST gives its own sessions, so that types and defaults read as in its answers.
std::string search_path(const std::vector<std::string>& schemas) {
  std::string path;
  for (const std::string& schema : schemas) path += quoted_identifier(schema) + ", ";
  return path + "public, extensions";
}

// Expressions print as they read elsewhere only under the same settings.
Result<void> prepare(const PostgresSession& session, const std::vector<std::string>& schemas,
                     const PostgresSourceOptions& options) {
  constexpr std::array kStatements = {"begin read only",
                                      "set local timezone = 'UTC'",
                                      "set local datestyle = 'ISO, MDY'",
                                      "set local intervalstyle = 'postgres'",
                                      "set local extra_float_digits = 1",
                                      "set local jit = off"};
  for (const char* const statement : kStatements) HF_TRY_VOID(session.run(statement));
  constexpr auto kSetting = "select pg_catalog.set_config($1, $2, true)";
  HF_TRY_VOID(session.run(
      kSetting, {"statement_timeout", std::to_string(options.statement_timeout.count())}));
  HF_TRY_VOID(session.run(kSetting, {"search_path", search_path(schemas)}));
  return {};
}

}  // namespace

Result<std::string> read_catalog_document_from_postgres(const std::string& db_url,
                                                        const std::vector<std::string>& schemas,
                                                        const PostgresSourceOptions& options) {
  HF_TRY(const PostgresSession session, PostgresSession::open(db_url, options));
  HF_TRY_VOID(prepare(session, schemas, options));
  // The transaction ends with the connection.
  return session.run(std::string(catalog_sql()).c_str(), {array_text(schemas)});
}

Result<Catalog> read_catalog_from_postgres(const std::string& db_url,
                                           const std::vector<std::string>& schemas,
                                           const PostgresSourceOptions& options) {
  HF_TRY(const std::string document, read_catalog_document_from_postgres(db_url, schemas, options));
  return parse_catalog(document);
}

}  // namespace holdfast::cache
