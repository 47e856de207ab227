#include "cache/catalog/postgres_script.h"

#include "cache/catalog/postgres_session.h"

namespace holdfast::cache {

Result<std::vector<std::string>> run_postgres_script(const std::string& db_url,
                                                     const std::string& sql,
                                                     const PostgresSourceOptions& options) {
  HF_TRY(const PostgresSession session, PostgresSession::open(db_url, options));
  HF_TRY_VOID(session.run("select pg_catalog.set_config('statement_timeout', $1, false)",
                          {std::to_string(options.statement_timeout.count())}));
  HF_TRY_VOID(session.run_script(sql.c_str()));
  return session.notices();
}

Result<std::string> query_postgres(const std::string& db_url, const std::string& sql,
                                   const PostgresSourceOptions& options) {
  HF_TRY(const PostgresSession session, PostgresSession::open(db_url, options));
  HF_TRY_VOID(session.run("begin read only"));
  return session.run(sql.c_str());
}

}  // namespace holdfast::cache
