#include "cache/catalog/postgres_session.h"

#include <libpq-fe.h>

#include <memory>
#include <string_view>
#include <utility>

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

// The session whose notices are collected is the argument.
void collect_notice(void* notices, const char* message) {
  static_cast<std::vector<std::string>*>(notices)->push_back(one_line(message));
}

}  // namespace

struct PostgresSession::Link {
  Connection connection;
  std::vector<std::string> notices;
};

PostgresSession::PostgresSession(std::unique_ptr<Link> link) : link_(std::move(link)) {}
PostgresSession::PostgresSession(PostgresSession&&) noexcept = default;
PostgresSession::~PostgresSession() = default;

Result<PostgresSession> PostgresSession::open(const std::string& db_url,
                                              const PostgresSourceOptions& options) {
  if (!is_connection_string(db_url)) {
    return invalid_request("HF400", "db_url is no connection URL that libpq understands");
  }
  auto link = std::make_unique<Link>();
  link->connection = connect(connection_parameters(db_url, options));
  PQsetNoticeProcessor(link->connection.get(), collect_notice, &link->notices);
  PostgresSession session(std::move(link));
  if (PQstatus(session.link_->connection.get()) != CONNECTION_OK) return session.connection_error();
  return session;
}

Result<std::string> PostgresSession::run(const char* sql,
                                         const std::vector<std::string>& values) const {
  std::vector<const char*> texts;
  texts.reserve(values.size());
  for (const std::string& value : values) texts.push_back(value.c_str());
  const Answer answer(PQexecParams(link_->connection.get(), sql, static_cast<int>(texts.size()),
                                   nullptr, texts.data(), nullptr, nullptr, 0));
  const auto status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK) return std::string();
  if (status != PGRES_TUPLES_OK) return query_error(answer.get());
  if (PQntuples(answer.get()) == 0 || PQgetisnull(answer.get(), 0, 0) != 0) return std::string();
  return std::string(PQgetvalue(answer.get(), 0, 0),
                     static_cast<std::size_t>(PQgetlength(answer.get(), 0, 0)));
}

Result<void> PostgresSession::run_script(const char* sql) const {
  // One message of several statements is one transaction.
  const Answer answer(PQexec(link_->connection.get(), sql));
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    return query_error(answer.get());
  }
  return {};
}

const std::vector<std::string>& PostgresSession::notices() const { return link_->notices; }

Error PostgresSession::connection_error() const {
  return upstream_unavailable("The database at db_url: " + words());
}

std::string PostgresSession::words() const {
  std::string text = one_line(PQerrorMessage(link_->connection.get()));
  const char* const password = PQpass(link_->connection.get());
  const std::string secret = password == nullptr ? "" : password;
  if (secret.empty()) return text;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

Error PostgresSession::query_error(const pg_result* answer) const {
  const char* const state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  if (PQstatus(link_->connection.get()) != CONNECTION_OK || state == nullptr) {
    return connection_error();
  }
  return {ErrorKind::kUpstreamRejected, state, "The database at db_url: " + words(), std::nullopt,
          std::nullopt};
}

}  // namespace holdfast::cache
