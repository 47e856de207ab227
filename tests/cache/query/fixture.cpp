#include "tests/cache/query/fixture.h"

#include "cache/query/request_shape.h"

#include "cache/query/shape.h"
#include "cache/query/sql_text.h"
#include "cache/values/codec.h"

namespace holdfast::cache::query {
namespace {

Column column(std::string name, const char* type, bool nullable = true) {
  Column out;
  out.name = std::move(name);
  out.type = make_type(type);
  out.nullable = nullable;
  return out;
}

ForeignKey key(std::string name, std::size_t from, std::string to) {
  ForeignKey out;
  out.name = std::move(name);
  out.columns = {from};
  out.ref_schema = "public";
  out.ref_table = std::move(to);
  out.ref_columns = {"id"};
  return out;
}

Table make_table(std::string name, std::vector<Column> columns) {
  Table out;
  out.schema = "public";
  out.primary_key = Key{name + "_pkey", {0}};
  out.name = std::move(name);
  out.columns = std::move(columns);
  return out;
}

Table people() {
  Table out = make_table(
      "people", {column("id", "integer", false), column("name", "text", false),
                 column("boss_id", "integer"), column("club_id", "integer"), column("born", "date"),
                 column("tags", "text[]"), column("about", "jsonb")});
  out.foreign_keys = {key("people_boss_fkey", 2, "people"), key("people_club_fkey", 3, "clubs")};
  return out;
}

Table clubs() {
  return make_table("clubs", {column("id", "integer", false), column("town", "text")});
}

Table memberships() {
  Table out = make_table(
      "memberships", {column("person_id", "integer", false), column("club_id", "integer", false)});
  out.primary_key = Key{"memberships_pkey", {0, 1}};
  out.foreign_keys = {key("memberships_person_fkey", 0, "people"),
                      key("memberships_club_fkey", 1, "clubs")};
  return out;
}

Table passports() {
  Table out = make_table("passports",
                         {column("id", "integer", false), column("person_id", "integer", false)});
  out.unique = {Key{"passports_person_key", {1}}};
  out.foreign_keys = {key("passports_person_fkey", 1, "people")};
  return out;
}

Table items() {
  Table out =
      make_table("items", {column("id", "bigint", false), column("price", "numeric(10,2)"),
                           column("weight", "double precision"), column("ratio", "real"),
                           column("sold", "boolean"), column("code", "character varying(5)"),
                           column("ref", "uuid"), column("mood", "mood"),
                           column("made", "timestamp with time zone"), column("extra", "json"),
                           column("sizes", "integer[]"), column("span", "int4range"),
                           column("Odd \"name", "text"), column("german", "text")});
  out.columns[7].type = make_type("mood", {"sad", "ok", "happy"});
  out.columns[13].byte_order = false;
  return out;
}

Table people_view() {
  Table out = make_table("people_view", {column("id", "integer"), column("name", "text"),
                                         column("boss_id", "integer")});
  out.kind = TableKind::kView;
  out.primary_key.reset();
  for (auto& each : out.columns) each.origin = ColumnOrigin{"public", "people", each.name};
  return out;
}

Catalog make_catalog() {
  std::vector<Function> functions(1);
  functions[0].schema = "public";
  functions[0].name = "full_name";
  functions[0].arguments.push_back({"", "people", false, false, RelationName{"public", "people"}});
  return Catalog({people(), clubs(), memberships(), passports(), items(), people_view()},
                 std::move(functions));
}

const char* const kSchema = R"sql(
CREATE TABLE "public.people" (id INTEGER PRIMARY KEY, name, boss_id, club_id, born, tags, about);
CREATE INDEX people_boss ON "public.people" (boss_id);
CREATE INDEX people_club ON "public.people" (club_id);
CREATE TABLE "public.clubs" (id INTEGER PRIMARY KEY, town);
CREATE TABLE "public.memberships" (person_id, club_id);
CREATE UNIQUE INDEX memberships_pkey ON "public.memberships" (person_id, club_id);
CREATE INDEX memberships_club ON "public.memberships" (club_id);
CREATE TABLE "public.passports" (id INTEGER PRIMARY KEY, person_id);
CREATE INDEX passports_person ON "public.passports" (person_id);
CREATE TABLE "public.people_view" (id, name, boss_id);
INSERT INTO "public.clubs" VALUES (1,'Rome'),(2,'Oslo'),(3,NULL);
INSERT INTO "public.people" VALUES
  (1,'Ada',NULL,1,-3653,'{red,green}','{"n": 1.50, "a": {"b": [10, 20, {"c": "deep"}]}, "t": "x"}'),
  (2,'Bob',1,1,0,'{red}','{"n": 2, "t": null}'),
  (3,'Cy',1,NULL,NULL,NULL,NULL),
  (4,'dee',2,2,366,'{}','[1, 2, 3]');
INSERT INTO "public.memberships" VALUES (1,1),(1,2),(2,1),(4,2);
INSERT INTO "public.passports" VALUES (70,1),(71,4);
INSERT INTO "public.people_view" SELECT id, name, boss_id FROM "public.people";
)sql";

constexpr const char* kItems[][14] = {
    {"1", "12.50", "1", "0.1", "true", "abc", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "happy",
     "2026-01-02 03:04:05+00", "{\"k\" : [1,2]}", "{1,2,3}", "[1,5)", "odd", "a"},
    {"2", "9", "NaN", "2.5", "false", "x%y", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "sad",
     "infinity", "null", "{}", "empty", "\xC3\x84pfel", "\xC3\xA4"},
    {"3", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
     nullptr, nullptr, nullptr}};

void fill_items(Database& database, const Table& items) {
  std::string columns;
  for (const auto& each : items.columns) {
    columns += (columns.empty() ? "" : ", ") + quote_identifier(each.storage_name);
  }
  database.execute("CREATE TABLE \"public.items\" (" + columns + ")");
  for (const auto& row : kItems) {
    Statement& insert =
        database.cached("INSERT INTO \"public.items\" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (int i = 0; i < 14; ++i) {
      if (row[i] == nullptr) continue;
      const auto value = parse_text(items.columns[static_cast<std::size_t>(i)].type, row[i]);
      ASSERT_TRUE(value.has_value()) << row[i] << ": " << value.error().message;
      insert.bind(i + 1, *value);
    }
    insert.run();
    insert.clear_bindings();
  }
}

std::string words(const Error& error) {
  return (error.code == kForwardCode ? "forward" : error.code) + ": " + error.message;
}

}  // namespace

QueryTest::QueryTest() : catalog_(make_catalog()) {
  register_functions(database_);
  database_.execute(kSchema);
  fill_items(database_, table("items"));
}

Planned QueryTest::plan(std::string_view name, std::string_view query) {
  const auto parsed = Query::parse(query);
  if (!parsed) return parsed.error();
  auto planned = plan_read(*parsed, catalog_, table(name), options_);
  expect_same_when_bound(name, *parsed, planned);
  return planned;
}

void QueryTest::expect_same_when_bound(std::string_view name, const Query& query,
                                       const Planned& planned) {
  const auto shape = shape_of(query, options_);
  if (!shape) return;
  const std::string key = std::string(name) + (options_.count ? "+" : "?") + options_.timezone +
                          "?" + std::to_string(options_.max_rows) + shape->key;
  const auto* plan = std::get_if<Plan>(&planned);
  if (const auto known = plans_.find(key); known != plans_.end()) {
    const auto binding = rebind(known->second, *shape);
    EXPECT_EQ(binding.has_value(), plan != nullptr);
    if (!binding || plan == nullptr) return;
    EXPECT_EQ(known->second.sql, plan->sql);
    EXPECT_EQ(known->second.count_sql, plan->count_sql);
    EXPECT_EQ(known->second.tables, plan->tables);
    EXPECT_EQ(binding->values, plan->binding.values);
    EXPECT_EQ(binding->window.offset, plan->binding.window.offset);
    EXPECT_EQ(binding->window.limit, plan->binding.window.limit);
  } else if (plan != nullptr && plan->slots) {
    plans_.emplace(key, *plan);
  }
}

std::string QueryTest::get(std::string_view name, std::string_view query, Form form) {
  const auto planned = plan(name, query);
  if (const auto* forward = std::get_if<Forward>(&planned)) return "forward: " + forward->reason;
  if (const auto* error = std::get_if<Error>(&planned)) return words(*error);
  const auto output = execute(database_, std::get<Plan>(planned), form);
  return output ? output->body : words(output.error());
}

Error QueryTest::error(std::string_view name, std::string_view query) {
  const auto planned = plan(name, query);
  const auto* found = std::get_if<Error>(&planned);
  EXPECT_NE(found, nullptr) << query;
  return found == nullptr ? Error{} : *found;
}

std::string QueryTest::explain(std::string_view name, std::string_view query) {
  const auto planned = plan(name, query);
  const auto& read = std::get<Plan>(planned);
  Statement statement(database_, "EXPLAIN QUERY PLAN " + read.sql);
  for (std::size_t i = 0; i < read.binding.values.size(); ++i) {
    statement.bind(static_cast<int>(i) + 1, read.binding.values[i]);
  }
  std::string steps;
  while (statement.step()) steps += std::string(statement.text(3)) + "\n";
  return steps;
}

}  // namespace holdfast::cache::query
