// Every operation on values of every type, here and in a real PostgreSQL: printing, order, groups,
// aggregates, filters and casts, with the errors of each. What is not exact here is forwarded.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "cache/catalog/postgres_source.h"
#include "cache/query/query.h"
#include "cache/query/sql_text.h"
#include "cache/values/codec.h"
#include "tests/cache/operations/cases.h"
#include "tests/cache/operations/requests.h"
#include "tests/support/postgres.h"

namespace holdfast::test {
namespace {

constexpr const char* kTry = R"sql(
CREATE FUNCTION put(place text, n int, token text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
  EXECUTE format('INSERT INTO %I SELECT $1, x FROM json_populate_record(null::%I, $2::json)',
                 place, place) USING n, '{"x":' || token || '}';
EXCEPTION WHEN OTHERS THEN NULL;
END $f$;
CREATE FUNCTION hex(text) RETURNS text LANGUAGE sql AS
  $f$ SELECT encode(convert_to($1, 'UTF8'), 'hex') $f$;
CREATE FUNCTION answer(rows text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE body text;
BEGIN
  EXECUTE 'SELECT ''['' || coalesce(string_agg(row_to_json(r)::text, '',''), '''') || '']'' FROM ('
    || rows || ') r' INTO body;
  RETURN hex(body);
EXCEPTION WHEN OTHERS THEN RETURN hex(SQLSTATE || ' ' || SQLERRM);
END $f$;
)sql";

std::string from_hex(const std::string& hex) {
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    text += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string quoted(const std::string& text) {
  // Longer than any generated text.
  return "$quoted_text$" + text + "$quoted_text$";
}

// The sizes of the groups of an answer, sorted.
std::string group_sizes(const std::string& body) {
  if (!body.starts_with('[')) return body;
  std::multiset<std::string> sizes;
  static const std::regex kSize(R"re(\{"count":(\d+))re");
  for (std::sregex_iterator each(body.begin(), body.end(), kSize), end; each != end; ++each) {
    sizes.insert((*each)[1]);
  }
  std::string text;
  for (const auto& size : sizes) text += size + " ";
  return text;
}

class OperationsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cases_ = operation_cases();
    const PostgresCluster postgres;
    std::string sql = kOperationTypes;
    sql += kTry;
    for (std::size_t i = 0; i < cases_.size(); ++i) sql += table_sql(i);
    postgres.run(sql);
    catalog_ = std::make_unique<cache::Catalog>(
        cache::read_catalog_from_postgres(postgres.url(), {"public"}).value());
    database_ = std::make_unique<cache::Database>(":memory:", cache::OpenMode::kReadWrite);
    cache::query::register_functions(*database_);
    for (std::size_t i = 0; i < cases_.size(); ++i) copy_table(postgres, i);
    ask(postgres);
    for (const auto& request : requests_) ours_.push_back(answer_here(request));
  }
  static void TearDownTestSuite() {
    database_.reset();
    catalog_.reset();
  }

  static std::string name_of(std::size_t index) { return "t" + std::to_string(index); }
  static std::string table_sql(std::size_t index) {
    const std::string name = name_of(index);
    std::string sql = "CREATE TABLE " + name + " (id int PRIMARY KEY, x " + cases_[index].type +
                      ");\nSELECT count(put('" + name + "', n, token)) FROM (VALUES ";
    int n = 0;
    for (const auto& token : cases_[index].tokens) {
      sql += (n > 0 ? ",(" : "(") + std::to_string(n + 1) + "," + quoted(token) + ")";
      ++n;
    }
    // Rounded, the last moment of Postgres' range is one that it does not read itself.
    return sql + ") v(n, token) \\g /dev/null\nDELETE FROM " + name +
           " WHERE starts_with(x::text COLLATE \"C\", '294277-01-01 00:00:00');\n";
  }

  // As a pull does: every value comes as the upstream's JSON.
  static void copy_table(const PostgresCluster& postgres, std::size_t index) {
    const cache::Table& table = *catalog_->find("public", name_of(index));
    const cache::Column& column = table.columns.at(1);
    const std::string collation = cache::collation_of(column.type);
    database_->execute("CREATE TABLE " + cache::query::quote_identifier(table.storage_name) +
                       " (id INTEGER PRIMARY KEY, x COLLATE " + collation + ")");
    cache::Statement& insert = database_->cached(
        "INSERT INTO " + cache::query::quote_identifier(table.storage_name) + " VALUES (?, ?)");
    auto& texts = texts_.emplace_back();
    for (const auto& line :
         lines_of(postgres.run("SELECT id || '|' || coalesce(hex(to_json(x)::text),"
                               " '') || '|' || coalesce(hex(x::text), '') FROM " +
                               name_of(index) + " ORDER BY id"))) {
      const auto first = line.find('|');
      const auto second = line.find('|', first + 1);
      const auto token = from_hex(line.substr(first + 1, second - first - 1));
      const auto value = cache::parse_json(column.type, token.empty() ? "null" : token);
      ASSERT_TRUE(value) << cases_[index].type << " from " << token;
      insert.bind(1, static_cast<std::int64_t>(std::stoi(line))).bind(2, *value).run();
      if (!token.empty()) texts.push_back(from_hex(line.substr(second + 1)));
    }
    for (auto& request : operation_requests(index, cases_[index].type, texts)) {
      requests_.push_back(std::move(request));
    }
  }

  static void ask(const PostgresCluster& postgres) {
    std::string sql;
    for (const auto& request : requests_) sql += "SELECT answer(" + quoted(request.sql) + ");\n";
    for (const auto& line : lines_of(postgres.run(sql))) theirs_.push_back(from_hex(line));
  }

  static std::string answer_here(const OperationRequest& request) {
    const cache::Table& table = *catalog_->find("public", name_of(request.table));
    const auto query = cache::query::Query::parse(request.query);
    if (!query) return query.error().code + " " + query.error().message;
    cache::query::PlanOptions options;
    options.aggregates = true;
    options.max_rows = 0;
    auto planned = cache::query::plan_read(*query, *catalog_, table, options);
    if (std::holds_alternative<cache::query::Forward>(planned)) return "";
    auto* plan = std::get_if<cache::query::Plan>(&planned);
    const auto output = plan == nullptr
                            ? Result<cache::query::Output>(std::get<Error>(std::move(planned)))
                            : execute(*database_, *plan, cache::query::Form::kArray);
    if (output) return output->body;
    if (output.error().code == cache::kForwardCode) return "";
    return output.error().code + " " + output.error().message;
  }

  static std::vector<OperationCase> cases_;
  static std::unique_ptr<cache::Catalog> catalog_;
  static std::unique_ptr<cache::Database> database_;
  static std::vector<std::vector<std::string>> texts_;
  static std::vector<OperationRequest> requests_;
  static std::vector<std::string> theirs_;
  static std::vector<std::string> ours_;  // "" where it is forwarded
};

std::vector<OperationCase> OperationsTest::cases_;
std::unique_ptr<cache::Catalog> OperationsTest::catalog_;
std::unique_ptr<cache::Database> OperationsTest::database_;
std::vector<std::vector<std::string>> OperationsTest::texts_;
std::vector<OperationRequest> OperationsTest::requests_;
std::vector<std::string> OperationsTest::theirs_;
std::vector<std::string> OperationsTest::ours_;

TEST_F(OperationsTest, WhatIsAnsweredHereIsWhatPostgresAnswers) {
  ASSERT_EQ(theirs_.size(), requests_.size());
  std::size_t answered = 0;
  std::map<std::string, std::size_t> faults;
  for (std::size_t n = 0; n < requests_.size(); ++n) {
    const OperationRequest& request = requests_[n];
    std::string ours = ours_[n];
    std::string theirs = theirs_[n];
    if (ours.empty()) continue;
    ++answered;
    if (request.counts_only) {
      ours = group_sizes(ours);
      theirs = group_sizes(theirs);
    }
    if (ours == theirs) continue;
    const std::string place = cases_[request.table].type + ": " + request.operation;
    // One example of each says enough.
    if (++faults[place] > 1) continue;
    ADD_FAILURE() << place << "\n"
                  << request.query << "\n ours   " << ours.substr(0, 600) << "\n theirs "
                  << theirs.substr(0, 600);
  }
  EXPECT_GT(answered, 5000U);
  RecordProperty("requests", static_cast<int>(requests_.size()));
  RecordProperty("answered", static_cast<int>(answered));
}

// The types of which no read of this operation is ever answered here.
TEST_F(OperationsTest, NothingElseIsForwardedThanWhatNeedsTheDatabase) {
  std::map<std::string, std::set<std::string>> answered;
  for (std::size_t n = 0; n < requests_.size(); ++n) {
    const OperationRequest& request = requests_[n];
    if (!ours_[n].empty()) answered[request.operation].insert(cases_[request.table].type);
  }
  const auto forwarded = [&](const std::string& operation) {
    std::set<std::string> types;
    for (const OperationCase& each : cases_) {
      if (!answered[operation].contains(each.type)) types.insert(each.type);
    }
    return types;
  };
  std::set<std::string> types = {
      "bit varying(6)", "bit(4)",         "box",     "cidr",
      "citext",         "datemultirange", "feeling", "inet",
      "int4multirange", "macaddr",        "money",   "mood[]",
      "nummultirange",  "pair",           "point",   "text COLLATE without_case",
      "tsvector"};
  EXPECT_EQ(forwarded("filter eq"), types);
  EXPECT_EQ(forwarded("filter isdistinct"), types);
  types.insert({"jsonb", "jsonb[]"});
  types.erase("feeling");
  EXPECT_EQ(forwarded("order"), types);
  EXPECT_TRUE(forwarded("print").empty());
  EXPECT_TRUE(forwarded("count").empty());
}

}  // namespace
}  // namespace holdfast::test
