#include "cache/catalog/postgres_source.h"

#include <libpq-fe.h>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "cache/catalog/catalog_sql.h"

namespace holdfast::cache {
namespace {

using Connection = std::unique_ptr<PGconn, decltype([](PGconn* c) { PQfinish(c); })>;
using Answer = std::unique_ptr<PGresult, decltype([](PGresult* r) { PQclear(r); })>;
using ConnectionOptions =
    std::unique_ptr<PQconninfoOption, decltype([](PQconninfoOption* o) { PQconninfoFree(o); })>;
using Parameters = std::vector<std::pair<const char*, std::string>>;

// libpq's messages end in a line break and may take several lines.
std::string one_line(std::string_view message) {
  std::string line;
  for (const char c : message) line.push_back(c == '\n' || c == '\t' ? ' ' : c);
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

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

// What goes into the connection's string, by libpq's keywords. The URL's own settings come first:
// later ones of the same name win.
Parameters connection_parameters(const std::string& db_url, const PostgresSourceOptions& options) {
  return {{"dbname", db_url},
          {"connect_timeout", std::to_string(options.connect_timeout.count())},
          {"application_name", "holdfast"},
          {"client_encoding", "UTF8"},
          // A server that falls silent must not hold this thread for the system's two hours.
          {"keepalives_idle", "5"},
          {"keepalives_interval", "5"},
          {"keepalives_count", "3"},
          {"tcp_user_timeout", "20000"}};
}

Connection connect(const Parameters& parameters) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword);
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  return Connection(PQconnectdbParams(keywords.data(), values.data(), 1));
}

// libpq quotes a connection string that it cannot read, password and all: its words are not used.
bool is_connection_string(const std::string& db_url) {
  char* problem = nullptr;
  const ConnectionOptions parsed(PQconninfoParse(db_url.c_str(), &problem));
  PQfreemem(problem);
  return parsed != nullptr;
}

class Session {
 public:
  explicit Session(Connection connection) : connection_(std::move(connection)) {}

  bool ready() const { return PQstatus(connection_.get()) == CONNECTION_OK; }

  Error connection_error() const {
    return upstream_unavailable("The database at db_url: " + words());
  }

  // The first column of the first row.
  Result<std::string> run(const char* sql, const std::vector<std::string>& values = {}) const {
    std::vector<const char*> texts;
    texts.reserve(values.size());
    for (const std::string& value : values) texts.push_back(value.c_str());
    const Answer answer(PQexecParams(connection_.get(), sql, static_cast<int>(texts.size()),
                                     nullptr, texts.data(), nullptr, nullptr, 0));
    const auto status = PQresultStatus(answer.get());
    if (status == PGRES_COMMAND_OK) return std::string();
    if (status != PGRES_TUPLES_OK) return query_error(answer.get());
    if (PQntuples(answer.get()) == 0) return std::string();
    return std::string(PQgetvalue(answer.get(), 0, 0),
                       static_cast<std::size_t>(PQgetlength(answer.get(), 0, 0)));
  }

 private:
  std::string words() const {
    std::string text = one_line(PQerrorMessage(connection_.get()));
    const char* const password = PQpass(connection_.get());
    const std::string secret = password == nullptr ? "" : password;
    if (secret.empty()) return text;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
    return text;
  }

  Error query_error(const PGresult* answer) const {
    const char* const state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    if (!ready() || state == nullptr) return connection_error();
    return {ErrorKind::kUpstreamRejected, state, "The database at db_url: " + words(), std::nullopt,
            std::nullopt};
  }

  Connection connection_;
};

// Expressions print as they read elsewhere only under the same settings.
Result<void> prepare(const Session& session, const std::vector<std::string>& schemas,
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
  if (!is_connection_string(db_url)) {
    return invalid_request("HF400", "db_url is no connection URL that libpq understands");
  }
  const Session session(connect(connection_parameters(db_url, options)));
  if (!session.ready()) return session.connection_error();
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
