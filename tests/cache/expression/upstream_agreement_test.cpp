// Holds generated columns and CHECKs, computed here, against what a real PostgreSQL makes of them.

#include <gmock/gmock.h>

#include <array>
#include <random>
#include <sstream>

#include "cache/catalog/postgres_source.h"
#include "cache/expression/expression.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "tests/support/postgres.h"

namespace holdfast::test {
namespace {

using cache::Column;
using cache::Table;
using cache::Value;

constexpr const char* kInputs =
    "id integer primary key, a smallint, b integer, c bigint, n numeric, p numeric(10,2),"
    " q numeric(12,3), f double precision, s text, v character varying(20), d date, e date,"
    " t timestamp, flag boolean, u uuid, j jsonb, m mood";

// All of them are to be computed here, or the list below names them.
constexpr std::array kGenerated = {
    "smallint|a + a",
    "integer|a * 3 - b",
    "bigint|b * c",
    "bigint|c / 7 + c % 5",
    "integer|-b",
    "numeric|p * b",
    "numeric(10,2)|p * b",
    "numeric(12,4)|(p + q) * 1.19",
    "numeric|n / 1.19",
    "numeric|n / p",
    "numeric(14,2)|round(p / 1.07, 2) * b",
    "numeric|round(n, 3)",
    "numeric|round(n)",
    "numeric|ceil(n) + floor(n)",
    "numeric|abs(n) - (-n)",
    "integer|n",
    "integer|p * 2",
    "bigint|round(q)",
    "double precision|f * 2 + 1",
    "double precision|f / 3 - f",
    "numeric|coalesce(p, 0) * (1 - coalesce(q, 0) / 100)",
    "numeric|greatest(n, p, 0)",
    "integer|least(a, b)",
    "numeric|nullif(n, 0)",
    "text|s || ' ' || v",
    "text|coalesce(s, '') || '/' || coalesce(v, 'it''s \"none\"')",
    "text|lower(s)",
    "text|upper(v)",
    "character varying(60)|btrim(s) || v",
    "integer|length(s) + char_length(v)",
    "integer|octet_length(s)",
    "text|b::text || '-' || p::text",
    "text|case when flag then 'yes' when flag is null then 'unknown' else 'no' end",
    "text|case when b > 0 and p > 1.5 then s else v end",
    "boolean|b > 0 or p > 10",
    "boolean|not flag",
    "boolean|d < e",
    "boolean|m = 'ok'",
    "boolean|s in ('alpha', 'beta')",
    "boolean|v not in ('alpha', 'beta')",
    "boolean|b between a and 100",
    "boolean|s is not null and v is null",
    "boolean|(b > 0) is true",
    "boolean|(b > 0) is not false",
    "boolean|d >= '2026-01-01'",
    "boolean|t <> '2026-02-03 04:05:06'",
    "boolean|u = '00000000-0000-4000-8000-000000000001'",
    "boolean|f > 0.5",
    "boolean|n <= c",
    "text|j ->> 'name'",
    "jsonb|j -> 'deep'",
    "numeric|(j ->> 'price')::numeric * 2",
    "tsvector|to_tsvector('english', coalesce(s, '') || ' ' || coalesce(v, ''))",
    "tsvector|to_tsvector('simple'::regconfig, v)",
    "tsvector|setweight(to_tsvector('english', coalesce(v, '')), 'A') || "
    "setweight(to_tsvector('german', coalesce(s, '')), 'b')",
    "tsvector|setweight('a:1 b:2,3A'::tsvector || 'b:1 c'::tsvector, 'D') || "
    "to_tsvector('english', v)",
};

class ExpressionAgreementTest : public ::testing::Test {
 protected:
  static std::string column_name(std::size_t n) { return "g" + std::to_string(n); }

  std::string create() const {
    std::string sql =
        std::string("create type mood as enum ('sad', 'ok'); create table rows(") + kInputs;
    for (std::size_t i = 0; i < kGenerated.size(); ++i) {
      const std::string line = kGenerated[i];
      const auto bar = line.find('|');
      sql += ", " + column_name(i) + " " + line.substr(0, bar) + " generated always as (" +
             line.substr(bar + 1) + ") stored";
    }
    return sql + ");";
  }

  std::string pick(std::initializer_list<const char*> choices) {
    return *(choices.begin() + random_() % choices.size());
  }

  std::string digits(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('0' + random_() % 10);
    return out;
  }

  std::string number(std::size_t whole, std::size_t fraction) {
    if (random_() % 12 == 0) return "null";
    if (random_() % 12 == 0) return "0";
    return (random_() % 3 == 0 ? "-" : "") + digits(1 + random_() % whole) +
           (random_() % 3 == 0 || fraction == 0 ? "" : "." + digits(1 + random_() % fraction));
  }

  // A row that some generated column cannot take (overflow, division by zero) is left out.
  std::string insert(int id) {
    const std::string text = pick({"null", "''", "'alpha'", "' beta  '", "'Grüße'",
                                   "'running the alpha of alphas, alpha'", "'O''Hara \"x\"'"});
    const std::string shorter = pick({"null", "'alpha'", "'Gamma'", "'a b'", "'\\n'"});
    return "insert into rows values (" + std::to_string(id) + "," + number(3, 0) + "," +
           number(7, 0) + "," + number(9, 0) + "," + number(12, 15) + "," + number(5, 2) + "," +
           number(5, 3) + "," + number(4, 3) + "," + text + "," + shorter + "," +
           pick({"null", "'2026-01-01'", "'1999-12-31'", "'infinity'"}) + "," +
           pick({"null", "'2026-01-01'", "'2030-05-06'"}) + "," +
           pick({"null", "'2026-02-03 04:05:06'", "'2026-02-03 04:05:06.5'"}) + "," +
           pick({"null", "true", "false"}) + "," +
           pick({"null", "'00000000-0000-4000-8000-000000000001'",
                 "'00000000-0000-4000-8000-00000000000a'"}) +
           "," +
           pick({"null", R"('{"name":"x\ty","price":1.50,"deep":{"b":[1,2],"a":null}}')",
                 R"('{"name":null,"price":"7"}')", "'[1]'", "'7'"}) +
           "," + pick({"null", "'sad'", "'ok'"}) + ");";
  }

  // One row with all columns as JSON, as a pull brings it.
  static std::vector<Value> values_of(const Table& table, const std::string& json) {
    const auto body = cache::parse_body(json);
    std::vector<Value> values;
    for (const Column& column : table.columns) {
      for (const auto& [name, token] : body->rows.at(0)) {
        if (name == column.name) values.push_back(*cache::parse_json(column.type, token));
      }
    }
    return values;
  }

  static std::string text_of(const Column& column, const Value& value) {
    if (is_null(value)) return "NULL";
    std::string text;
    cache::print_text(column.type, view(value), text);
    return text;
  }

  const PostgresCluster postgres_;
  std::mt19937 random_{20261122};
};

TEST_F(ExpressionAgreementTest, GeneratedColumnsHavePostgresValues) {
  std::string sql = create();
  for (int id = 0; id < 400; ++id) {
    sql += "do $do$ begin " + insert(id) + " exception when data_exception then end $do$;";
  }
  postgres_.run(sql);
  const auto catalog = cache::read_catalog_from_postgres(postgres_.url(), {"public"});
  const Table& table = *catalog->find("public", "rows");
  std::istringstream lines(postgres_.run("select to_json(r) from rows r order by id"));
  std::map<std::string, int> known;
  std::string line;
  int rows = 0;
  for (; std::getline(lines, line); ++rows) {
    const auto values = values_of(table, line);
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const Column& column = table.columns[i];
      if (column.generated == cache::Generated::kNo) continue;
      const auto parsed = cache::Expression::parse(table, column.generation_expression);
      ASSERT_TRUE(parsed) << column.generation_expression;
      const auto value = parsed->evaluate({table, values, {}}, column.type);
      if (!value) continue;
      ++known[column.name];
      EXPECT_EQ(text_of(column, *value), text_of(column, values[i]))
          << column.generation_expression << " of " << line;
    }
  }
  EXPECT_GT(rows, 100);
  for (std::size_t i = 0; i < kGenerated.size(); ++i) {
    EXPECT_GT(known[column_name(i)], rows / 2) << kGenerated[i];
  }
}

TEST_F(ExpressionAgreementTest, ChecksAreFalseWherePostgresSaysSo) {
  postgres_.run(std::string("create type mood as enum ('sad', 'ok'); create table rows(") +
                kInputs + ")");
  std::string sql;
  for (int id = 0; id < 150; ++id) sql += insert(id);
  postgres_.run(sql);
  std::string checks;
  std::string selected;
  constexpr std::array kChecks = {"b > 0",
                                  "p >= 0 and p < 100",
                                  "s <> ''",
                                  "char_length(v) <= 3",
                                  "d <= e",
                                  "v in ('alpha', 'Gamma')",
                                  "m <> 'sad' or flag",
                                  "num_nonnulls(a, b) = 1",
                                  "(s is null) = (v is null)",
                                  "length(btrim(s)) > 0",
                                  "coalesce(n, 0) <> 0"};
  for (std::size_t i = 0; i < kChecks.size(); ++i) {
    const std::string check = kChecks[i];
    checks += "alter table rows add constraint c" + std::to_string(10 + i) + " check (" + check +
              ") not valid;";
    selected += (i > 0 ? " || ' ' || " : "") + ("((" + check + ") is false)::text");
  }
  postgres_.run(checks);
  const auto catalog = cache::read_catalog_from_postgres(postgres_.url(), {"public"});
  const Table& table = *catalog->find("public", "rows");
  std::istringstream lines(postgres_.run("select to_json(r) from rows r order by id"));
  std::istringstream verdicts(postgres_.run("select " + selected + " from rows order by id"));
  int proved = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto values = values_of(table, line);
    std::string wanted;
    std::getline(verdicts, wanted);
    std::istringstream words(wanted);
    for (const cache::Check& check : table.checks) {
      std::string violated;
      words >> violated;
      const auto parsed = cache::Expression::parse(table, check.expression);
      if (check.expression.find("num_nonnulls") != std::string::npos) continue;
      ASSERT_TRUE(parsed) << check.expression;
      EXPECT_EQ(parsed->is_false({table, values, {}}), violated == "true")
          << check.expression << " of " << line;
      proved += violated == "true" ? 1 : 0;
    }
  }
  EXPECT_GT(proved, 200);
}

}  // namespace
}  // namespace holdfast::test
