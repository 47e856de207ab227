#include "tests/cache/values/probe.h"

#include <nlohmann/json.hpp>
#include <sstream>

namespace holdfast::test {
namespace {

using cache::TypeKind;

constexpr const char* kFunctions = R"sql(
SET client_min_messages = error;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy', 'so, so');
CREATE TABLE answers (sample int, n int, answer json);

CREATE FUNCTION probe(sample int, n int, token text, ordered bool) RETURNS void
LANGUAGE plpgsql AS $f$
DECLARE
  j text; t text; state text; msg text; det text; hnt text;
BEGIN
  EXECUTE format('SELECT to_json(x)::text, x::text FROM json_populate_record('
                 'null::column_%s, $1::json)', sample)
    INTO j, t USING '{"x":' || token || '}';
  IF ordered THEN
    EXECUTE format('INSERT INTO kept_%s SELECT $2, x FROM json_populate_record('
                   'null::column_%s, $1::json)', sample, sample)
      USING '{"x":' || token || '}', n;
  END IF;
  INSERT INTO answers VALUES (sample, n,
    json_build_object('json', coalesce(j, 'null'), 'text', coalesce(t, '')));
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, msg = MESSAGE_TEXT,
    det = PG_EXCEPTION_DETAIL, hnt = PG_EXCEPTION_HINT;
  INSERT INTO answers VALUES (sample, n,
    json_build_object('code', state, 'message', msg, 'detail', det, 'hint', hnt));
END $f$;
)sql";

bool has_order(const cache::Type& type) {
  return type.kind != TypeKind::kJson && !(type.element && type.element->kind == TypeKind::kJson);
}

void write_sample(const Sample& sample, std::size_t index, std::ostream& sql) {
  const std::string ordered = has_order(sample.type) ? "true" : "false";
  sql << "CREATE TYPE column_" << index << " AS (x " << sample.type.name << ");\n";
  sql << "CREATE TABLE kept_" << index << " (n int, x " << sample.type.name << ");\n";
  sql << "SELECT count(probe(" << index << ", n, token, " << ordered << ")) FROM (VALUES ";
  for (std::size_t n = 0; n < sample.tokens.size(); ++n) {
    sql << (n > 0 ? ",\n" : "") << "(" << n << ", $tok$" << sample.tokens[n] << "$tok$)";
  }
  sql << ") AS v(n, token) \\g /dev/null\n";
  sql << "SELECT a.answer || jsonb_build_object('rank', coalesce(r.rank, 0)) FROM "
      << "(SELECT n, answer::jsonb FROM answers WHERE sample = " << index << ") a LEFT JOIN "
      << "(SELECT n, dense_rank() OVER (ORDER BY ";
  sql << (has_order(sample.type) ? "x" : "1") << ") AS rank FROM kept_" << index
      << ") r USING (n) ORDER BY n;\n";
}

Probed read_answer(const std::string& line) {
  const auto json = nlohmann::json::parse(line);
  Probed result;
  result.rank = json.at("rank");
  if (json.contains("code")) {
    result.code = json.at("code");
    result.message = json.at("message");
    result.detail = json.at("detail");
    result.hint = json.at("hint");
  } else {
    result.json = json.at("json");
    result.text = json.at("text");
  }
  return result;
}

}  // namespace

std::vector<std::vector<Probed>> probe(const PostgresCluster& postgres,
                                       const std::vector<Sample>& samples) {
  std::ostringstream sql;
  sql << kFunctions;
  for (std::size_t i = 0; i < samples.size(); ++i) write_sample(samples[i], i, sql);
  std::istringstream output(postgres.run(sql.str()));
  std::vector<std::vector<Probed>> results;
  std::string line;
  for (const auto& sample : samples) {
    auto& answers = results.emplace_back();
    while (answers.size() < sample.tokens.size() && std::getline(output, line)) {
      answers.push_back(read_answer(line));
    }
  }
  return results;
}

}  // namespace holdfast::test
