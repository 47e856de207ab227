#include "tests/cache/query/fixture.h"

#include "cache/query/relationships.h"

// Embedded resources.
namespace holdfast::cache::query {
namespace {

class EmbedTest : public QueryTest {};

Table relation(std::string name, std::vector<std::string> columns) {
  Table out;
  out.schema = "public";
  out.name = std::move(name);
  for (auto& each : columns) {
    Column column;
    column.name = std::move(each);
    column.type = make_type("integer");
    out.columns.push_back(std::move(column));
  }
  return out;
}

ForeignKey reference(std::size_t from, std::string to) {
  ForeignKey out;
  out.name = to + "_fkey";
  out.columns = {from};
  out.ref_schema = "public";
  out.ref_table = std::move(to);
  out.ref_columns = {"id"};
  return out;
}

// Actors and films with the roles between them, a view of the films, and prizes of actresses, with
// a computed relationship to something lonely.
Catalog cinema(bool exposed_roles) {
  Table roles = relation("roles", {"actor_id", "film_id"});
  roles.primary_key = Key{"roles_pkey", {0, 1}};
  roles.foreign_keys = {reference(0, "actors"), reference(1, "films")};
  if (!exposed_roles) roles.schema = "hidden";
  Table prizes = relation("prizes", {"actress_id"});
  prizes.foreign_keys = {reference(0, "actress")};
  Table list = relation("film_list", {"id"});
  list.kind = TableKind::kView;
  list.columns[0].origin = ColumnOrigin{"public", "films", "id"};
  std::vector<Function> functions(1);
  functions[0].schema = "public";
  functions[0].name = "starred_in";
  functions[0].arguments.push_back({"", "prizes", false, false, RelationName{"public", "prizes"}});
  functions[0].returns = "lonely";
  return Catalog({relation("actors", {"id"}), relation("films", {"id"}), std::move(roles),
                  relation("actress", {"id"}), std::move(prizes), std::move(list),
                  relation("lonely", {"id"}), relation("film_lists", {"id"})},
                 std::move(functions), {"public"});
}

std::string hint(const Catalog& catalog, std::string_view origin, std::string_view name) {
  const auto found = RelationshipFinder(catalog).find(*catalog.find("public", origin), name, "");
  return found ? "found" : found.error().hint.value_or("none");
}

TEST_F(EmbedTest, ToOneIsAnObjectOrNull) {
  EXPECT_EQ(get("people", "select=id,club:people_club_fkey(town)&id=gte.3"),
            R"([{"id":3,"club":null},{"id":4,"club":{"town":"Oslo"}}])");
  EXPECT_EQ(get("people", "select=id,club:club_id(town)&id=eq.1"),
            R"([{"id":1,"club":{"town":"Rome"}}])");
}

TEST_F(EmbedTest, ToManyIsAnArrayWithItsOwnFilterOrderAndLimit) {
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey(name)"),
            R"([{"id":1,"people":[{"name":"Ada"},{"name":"Bob"}]},)"
            R"({"id":2,"people":[{"name":"dee"}]},{"id":3,"people":[]}])");
  EXPECT_EQ(
      get("clubs", "select=p:people!people_club_fkey(name)&p.order=id.desc&p.limit=1&id=eq.1"),
      R"([{"p":[{"name":"Bob"}]}])");
  EXPECT_EQ(get("clubs", "select=p:people!people_club_fkey(name)&p.offset=1&id=eq.1"),
            R"([{"p":[{"name":"Bob"}]}])");
  EXPECT_EQ(get("clubs", "select=id,p:people!people_club_fkey(name)&p.name=like.A*&id=lt.3"),
            R"([{"id":1,"p":[{"name":"Ada"}]},{"id":2,"p":[]}])");
  EXPECT_EQ(
      get("clubs", "select=id,p:people!people_club_fkey(name)&p.or=(id.eq.2,id.eq.4)&id=lt.3"),
      R"([{"id":1,"p":[{"name":"Bob"}]},{"id":2,"p":[{"name":"dee"}]}])");
}

TEST_F(EmbedTest, EmbedsAreBoundedByTheMaximumOfRows) {
  options_.max_rows = 1;
  EXPECT_EQ(get("clubs", "select=id,p:people!people_club_fkey(name)"),
            R"([{"id":1,"p":[{"name":"Ada"}]}])");
}

TEST_F(EmbedTest, ThroughAJunctionAndOneToOne) {
  EXPECT_EQ(get("people", "select=id,clubs!memberships(town)&id=lt.4"),
            R"([{"id":1,"clubs":[{"town":"Rome"},{"town":"Oslo"}]},)"
            R"({"id":2,"clubs":[{"town":"Rome"}]},{"id":3,"clubs":[]}])");
  EXPECT_EQ(get("people", "select=id,passports(id)&id=lt.3"),
            R"([{"id":1,"passports":{"id":70}},{"id":2,"passports":null}])");
  EXPECT_EQ(get("passports", "select=id,people(name)&id=eq.71"),
            R"([{"id":71,"people":{"name":"dee"}}])");
}

TEST_F(EmbedTest, AKeyToItselfGoesBothWays) {
  EXPECT_EQ(get("people", "select=id,boss:boss_id(id),team:people!boss_id(id)&id=lt.3"),
            R"([{"id":1,"boss":null,"team":[{"id":2},{"id":3}]},)"
            R"({"id":2,"boss":{"id":1},"team":[{"id":4}]}])");
  EXPECT_EQ(get("people", "select=boss_id(boss_id(name))&id=eq.4"),
            R"([{"boss_id":{"boss_id":{"name":"Ada"}}}])");
}

TEST_F(EmbedTest, ViewsTakePartThroughTheirColumns) {
  EXPECT_EQ(get("people_view", "select=id,passports(id)&id=eq.1"),
            R"([{"id":1,"passports":{"id":70}}])");
  EXPECT_EQ(get("passports", "select=id,people_view(name)&order=people_view(name).desc"),
            R"([{"id":71,"people_view":{"name":"dee"}},{"id":70,"people_view":{"name":"Ada"}}])");
}

TEST_F(EmbedTest, InnerRestrictsTheParent) {
  EXPECT_EQ(get("people", "select=id,clubs!people_club_fkey!inner(town)&clubs.town=eq.Oslo"),
            R"([{"id":4,"clubs":{"town":"Oslo"}}])");
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey!inner(id)&people.id=eq.4"),
            R"([{"id":2,"people":[{"id":4}]}])");
  EXPECT_EQ(get("people", "select=id,passports!left(id)&passports.id=eq.0&id=eq.1"),
            R"([{"id":1,"passports":null}])");
  EXPECT_EQ(get("clubs", "select=id,p:people!people_club_fkey!inner(id,passports!inner(id))"),
            R"([{"id":1,"p":[{"id":1,"passports":{"id":70}}]},)"
            R"({"id":2,"p":[{"id":4,"passports":{"id":71}}]}])");
}

TEST_F(EmbedTest, TwoEmbedsOfOneNameAreRefused) {
  EXPECT_EQ(get("people", "select=boss:boss_id(id),clubs!memberships(id),boss:passports()"),
            "42712: table name \"people_boss_1\" specified more than once");
  EXPECT_EQ(get("people", "select=boss_id(clubs!memberships(id),clubs!people_club_fkey(id))"),
            "42712: table name \"people_clubs_2\" specified more than once");
  EXPECT_EQ(get("people", "select=clubs!memberships(id),c:clubs!people_club_fkey(id)&id=eq.3"),
            R"([{"clubs":[],"c":null}])");
  EXPECT_EQ(get("people", "select=...clubs!memberships(nope),clubs!people_club_fkey(id)"),
            "42712: table name \"people_clubs_1\" specified more than once");
}

TEST_F(EmbedTest, NullTestsAreAntiJoins) {
  EXPECT_EQ(get("people", "select=id,passports()&passports=is.null"), R"([{"id":2},{"id":3}])");
  EXPECT_EQ(get("people", "select=id,passports()&passports=not.is.null"), R"([{"id":1},{"id":4}])");
  EXPECT_EQ(get("clubs", "select=id,p:people!people_club_fkey()&p=is.null"), R"([{"id":3}])");
  EXPECT_EQ(get("people",
                "select=id,passports(),clubs!people_club_fkey()&or=(passports.not.is.null,clubs.is."
                "null)"),
            R"([{"id":1},{"id":3},{"id":4}])");
}

// The upstream meets a value that cannot be cast in rows that it leaves out then.
TEST_F(EmbedTest, ANullTestOfAnEmbedWithCastsIsForwarded) {
  const std::string forwarded = "forward: casts in an embed that is asked not to be there";
  EXPECT_EQ(get("people", "select=id,clubs!people_club_fkey(id::smallint)&clubs=is.null"),
            forwarded);
  EXPECT_EQ(get("people", "select=id,clubs!people_club_fkey(id::text)&clubs=is.null"),
            R"([{"id":3,"clubs":null}])");
}

TEST_F(EmbedTest, OtherOperatorsSpeakOfAColumnOfTheEmbedsName) {
  for (const char* other : {"eq.1", "is.not_null", "not.is.not_null", "is.true", "in.(1)"}) {
    EXPECT_EQ(get("people", std::string("select=id,passports()&passports=") + other),
              "42703: column people.passports does not exist");
  }
  EXPECT_EQ(get("people", "select=id,name:passports()&name=eq.Ada"), R"([{"id":1}])");
  EXPECT_EQ(get("people", "select=id,name:passports()&name=is.null"), R"([{"id":2},{"id":3}])");
}

TEST_F(EmbedTest, WhatAnEmptyEmbedIsFilteredAndOrderedByMustBeThere) {
  const std::string some = "select=id,clubs!people_club_fkey()&id=eq.1&clubs.";
  EXPECT_EQ(get("people", some + "id=eq.1"), R"([{"id":1}])");
  EXPECT_EQ(get("people", some + "nosuch=eq.1"), "42703: column clubs_1.nosuch does not exist");
  EXPECT_EQ(get("people", some + "order=nosuch"), "42703: column clubs_1.nosuch does not exist");
  EXPECT_EQ(get("people", some + "id=eq.one"),
            "22P02: invalid input syntax for type integer: \"one\"");
}

TEST_F(EmbedTest, SpreadsBecomeMembersOrArrays) {
  EXPECT_EQ(get("people", "select=id,...club_id(town,place:town)&id=gte.3"),
            R"([{"id":3,"town":null,"place":null},{"id":4,"town":"Oslo","place":"Oslo"}])");
  EXPECT_EQ(get("clubs",
                "select=id,...people!people_club_fkey(name,...passports(passport:id))"
                "&people.order=name.desc"),
            R"([{"id":1,"name":["Bob","Ada"],"passport":[null,70]},)"
            R"({"id":2,"name":["dee"],"passport":[71]},{"id":3,"name":[],"passport":[]}])");
}

// Each is read by itself, and SQLite walks for each the index that suits it.
TEST_F(EmbedTest, ColumnsOfAToManySpreadBelongToTheSameRows) {
  database_.execute(R"(CREATE INDEX named ON "public.people" (club_id, name))");
  database_.execute(R"(INSERT INTO "public.people" (id, name, club_id) VALUES (8, 'Abe', 1))");
  const std::string spread = "select=...people!people_club_fkey(name,boss_id)&id=eq.1";
  const char* all = R"([{"name":["Ada","Bob","Abe"],"boss_id":[null,1,null]}])";
  EXPECT_EQ(get("clubs", spread), all);
  EXPECT_EQ(get("clubs", spread + "&people.order=club_id"), all);
  EXPECT_EQ(get("clubs", spread + "&people.limit=2"),
            R"([{"name":["Ada","Bob"],"boss_id":[null,1]}])");
}

// Postgres sees it when it parses: rows or none.
TEST_F(EmbedTest, ANameTwiceInASpreadIsAmbiguous) {
  const std::string ambiguous = " is ambiguous";
  for (const char* spread : {"...club_id(town,town)&id=gte.3", "...club_id(*,town)&limit=0"}) {
    EXPECT_EQ(get("people", std::string("select=id,") + spread),
              "42702: column reference \"town\"" + ambiguous);
  }
  EXPECT_EQ(get("clubs", "select=...people!people_club_fkey(id,...passports(id))"),
            "42702: column reference \"id\"" + ambiguous);
  EXPECT_EQ(get("people", "select=id,id,...club_id(town),...people_club_fkey(town)&id=eq.4"),
            R"([{"id":4,"id":4,"town":"Oslo","town":"Oslo"}])");
}

// As PostgREST's SQL has it: the limit comes before the order, and the empty embed is a column.
TEST_F(EmbedTest, ASpreadThatPostgrestWritesOtherwiseIsForwarded) {
  const std::string spread = "select=id,...people!people_club_fkey(id)&id=eq.1&people.limit=1";
  EXPECT_EQ(get("clubs", spread), R"([{"id":1,"id":[1]}])");
  EXPECT_EQ(get("clubs", spread + "&people.order=id.desc"),
            "forward: a limit of an ordered to-many spread");
  EXPECT_EQ(get("clubs", spread + "&people.order=id.desc&people.offset=1"),
            "forward: a limit of an ordered to-many spread");
  EXPECT_EQ(get("people", "select=id,...club_id(town,people!people_club_fkey())&id=eq.1"),
            "forward: an empty embed in a spread");
}

// PostgREST takes an embed out of its tree for each parameter and puts it back in front.
TEST_F(EmbedTest, AParameterBringsItsEmbedToTheFront) {
  const std::string select =
      "id=eq.1&select=id,passports(id),club:people_club_fkey(town),team:people!boss_id(id)";
  EXPECT_EQ(get("people", select + "&team.limit=1"),
            R"([{"id":1,"team":[{"id":2}],"passports":{"id":70},"club":{"town":"Rome"}}])");
  EXPECT_EQ(get("people", select + "&club.town=eq.Rome&team.id=eq.3"),
            R"([{"id":1,"club":{"town":"Rome"},"team":[{"id":3}],"passports":{"id":70}}])");
  EXPECT_EQ(
      get("people", select + "&club.town=eq.Rome&team.order=id.desc&club.or=(id.eq.1)"),
      R"([{"id":1,"club":{"town":"Rome"},"team":[{"id":3},{"id":2}],"passports":{"id":70}}])");
  EXPECT_EQ(get("people", select + "&nothing.id=eq.1&never.id=eq.1"),
            "PGRST108: 'never' is not an embedded resource in this request");
}

TEST_F(EmbedTest, ALimitOfASingleRowLeavesItOrNone) {
  const std::string club = "id=eq.1&select=id,club:people_club_fkey(town)";
  const std::string whole = R"([{"id":1,"club":{"town":"Rome"}}])";
  const std::string none = R"([{"id":1,"club":null}])";
  EXPECT_EQ(get("people", club + "&club.limit=1"), whole);
  EXPECT_EQ(get("people", club + "&club.limit=7&club.offset=0"), whole);
  EXPECT_EQ(get("people", club + "&club.limit=0"), none);
  EXPECT_EQ(get("people", club + "&club.offset=1"), none);
  EXPECT_EQ(
      get("people", "id=eq.1&select=id,people_club_fkey!inner(town)&people_club_fkey.offset=1"),
      "[]");
  EXPECT_EQ(get("people", "id=eq.1&select=id,...club_id(town)&club_id.limit=0"),
            R"([{"id":1,"town":null}])");
  EXPECT_EQ(get("people", "select=id,club_id()&club_id=is.null&club_id.offset=1&limit=1"),
            R"([{"id":1}])");
  EXPECT_EQ(get("people", club + "&club.limit=-1"), "forward: a negative embed range");
  EXPECT_EQ(get("passports", "select=id,people_view(name)&people_view.limit=1&id=eq.70"),
            "forward: a range on a to-one embed");
}

TEST_F(EmbedTest, RowsAreCountedWithoutTheLimitOfASingleRow) {
  options_.count = true;
  const auto planned =
      plan("people", "select=id,people_club_fkey!inner(town)&people_club_fkey.offset=1");
  const auto output = execute(database_, std::get<Plan>(planned), Form::kArray);
  EXPECT_EQ(output->body, "[]");
  EXPECT_EQ(output->total, 3);
}

// PostgREST makes jsonb of an embed, which holds no such text.
TEST_F(EmbedTest, ADocumentWithANulIsRefusedInAnEmbed) {
  Table items = table("items");
  items.foreign_keys = {table("people").foreign_keys[1]};
  items.foreign_keys[0].columns = {0};
  items.primary_key.reset();
  catalog_ = Catalog({std::move(items), table("clubs")}, {});
  database_.execute("UPDATE \"public.items\" SET extra = '{\"k\":\"\\u0000\"}' WHERE id = 1");
  const char* const refused = "22P05: unsupported Unicode escape sequence";
  EXPECT_EQ(get("clubs", "select=id,items(id,extra)&id=eq.1"), refused);
  EXPECT_EQ(get("clubs", "select=id,...items(extra)&id=eq.1"), refused);
  EXPECT_EQ(get("clubs", "select=id,items(id)&id=eq.1"), R"([{"id":1,"items":[{"id":1}]}])");
}

TEST_F(EmbedTest, RelatedOrderNeedsToOne) {
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey(id)&order=people(id)"),
            "PGRST118: A related order on 'people' is not possible");
}

TEST_F(EmbedTest, MissingAndAmbiguousRelationshipsAreExplained) {
  const Error missing = error("clubs", "select=items(*)");
  EXPECT_EQ(missing.code, "PGRST200");
  EXPECT_EQ(missing.details,
            "Searched for a foreign key relationship between 'clubs' and 'items' in the schema "
            "'public', but no matches were found.");
  const Error ambiguous = error("people", "select=clubs(*)");
  EXPECT_EQ(ambiguous.code, "PGRST201");
  EXPECT_TRUE(ambiguous.details_are_json);
  EXPECT_EQ(ambiguous.details,
            R"x([{"cardinality":"many-to-one","embedding":"people with clubs",)x"
            R"x("relationship":"people_club_fkey using people(club_id) and clubs(id)"},)x"
            R"x({"cardinality":"many-to-many","embedding":"people with clubs",)x"
            R"x("relationship":"memberships using memberships_person_fkey(person_id) and )x"
            R"x(memberships_club_fkey(club_id)"}])x");
  EXPECT_EQ(ambiguous.hint,
            "Try changing 'clubs' to one of the following: 'clubs!people_club_fkey', "
            "'clubs!memberships'. Find the desired relationship in the 'details' key.");
  EXPECT_EQ(get("people", "select=id&clubs.town=eq.x"),
            "PGRST108: 'clubs' is not an embedded resource in this request");
}

TEST_F(EmbedTest, TheHintNamesWhateverIsRelated) {
  const Catalog catalog = cinema(true);
  EXPECT_EQ(hint(catalog, "films", "actor"), "Perhaps you meant 'actors' instead of 'actor'.");
  EXPECT_EQ(hint(catalog, "films", "Actors"), "none");
  EXPECT_EQ(hint(catalog, "prizes", "lonly"), "Perhaps you meant 'lonely' instead of 'lonly'.");
  EXPECT_EQ(hint(catalog, "film_lists", "roles"),
            "Perhaps you meant 'film_list' instead of 'film_lists'.");
}

TEST_F(EmbedTest, AHiddenJunctionRelatesWithoutAHint) {
  const Catalog catalog = cinema(false);
  EXPECT_EQ(hint(catalog, "actors", "films"), "none");
  EXPECT_EQ(hint(catalog, "film_lists", "roles"),
            "Perhaps you meant 'film_list' instead of 'film_lists'.");
}

TEST_F(EmbedTest, ARelatedOrderByAPathIsOfJsonAlone) {
  EXPECT_EQ(get("people", "select=id,clubs!people_club_fkey(town)&order=clubs(town->x)"),
            "forward: a related order by a path into no JSON");
  // A name that the embed's own embeds have too means nothing certain.
  EXPECT_EQ(get("people",
                "select=id,club:club_id(town,town:people!people_club_fkey(id))&order=club(town)"),
            "forward: a related order by what is not selected");
  EXPECT_EQ(
      get("people", "select=id,boss:boss_id(about)&order=boss(about->n),id&id=lt.3"),
      R"([{"id":2,"boss":{"about":{"n": 1.50, "a": {"b": [10, 20, {"c": "deep"}]}, "t": "x"}}},)"
      R"({"id":1,"boss":null}])");
}

TEST_F(EmbedTest, AggregatesNeedPermission) {
  EXPECT_EQ(get("people", "select=passports(id.count())"),
            "PGRST123: Use of aggregate functions is not allowed");
  options_.aggregates = true;
  EXPECT_EQ(get("people", "select=count()"), R"([{"count":4}])");
}

// Short names first, then by their bytes; of two members of one name the last.
TEST_F(EmbedTest, MembersOfAnEmbedComeInTheOrderOfJsonb) {
  EXPECT_EQ(get("people", "select=name,id,club:people_club_fkey(town,B:id,b:id,id)&id=eq.1"),
            R"([{"name":"Ada","id":1,"club":{"B":1,"b":1,"id":1,"town":"Rome"}}])");
  EXPECT_EQ(get("clubs", "select=people!people_club_fkey(name,id,x:id,x:name)&id=eq.2"),
            R"([{"people":[{"x":"dee","id":4,"name":"dee"}]}])");
  options_.aggregates = true;
  EXPECT_EQ(get("clubs", "select=people!people_club_fkey(id.max(),name.max())&id=eq.2"),
            R"([{"people":[{"max":"dee"}]}])");
  EXPECT_EQ(get("people", "select=...clubs!people_club_fkey(town,id)&id=eq.1"),
            R"([{"town":"Rome","id":1}])");
}

TEST_F(EmbedTest, WideRowsAreWrittenInFragments) {
  std::string columns = "id";
  for (int i = 0; i < 300; ++i) columns += ",c" + std::to_string(i) + ":town";
  const auto body = get("people", "select=clubs!people_club_fkey(" + columns + ")&id=eq.1");
  EXPECT_TRUE(body.starts_with(R"([{"clubs":{"c0":"Rome","c1":"Rome",)")) << body.substr(0, 60);
  EXPECT_TRUE(body.ends_with(R"("c299":"Rome"}}])"));
}

TEST_F(EmbedTest, TargetsAndRepresentationOfAMutation) {
  const auto query = Query::parse("id=gt.1&name=neq.Cy&select=id,clubs!people_club_fkey(town)");
  const auto targets = plan_targets(*query, catalog_, table("people"), options_);
  const auto rowids = execute_targets(database_, std::get<Plan>(targets));
  EXPECT_EQ(*rowids, (std::vector<std::int64_t>{2, 4}));
  const auto shown = plan_representation(*query, catalog_, table("people"), options_);
  const auto& plan = std::get<Plan>(shown);
  database_.execute("BEGIN");
  const auto output = execute(database_, plan, Form::kArray, false, {4, 1, 2});
  EXPECT_TRUE(database_.in_transaction());
  database_.execute("ROLLBACK");
  EXPECT_EQ(output->body, R"([{"id":4,"clubs":{"town":"Oslo"}},{"id":1,"clubs":{"town":"Rome"}},)"
                          R"({"id":2,"clubs":{"town":"Rome"}}])");
  EXPECT_EQ(plan.tables.size(), 2U);
}

TEST_F(EmbedTest, TargetsThatAreNotExactAreForwarded) {
  const auto query = Query::parse("german=gt.a");
  EXPECT_TRUE(
      std::holds_alternative<Forward>(plan_targets(*query, catalog_, table("items"), options_)));
}

TEST_F(EmbedTest, InnerEmbedWithoutRowsInItsWindowLeavesTheParentOut) {
  EXPECT_EQ(get("people", "select=id,memberships!inner(club_id)&memberships.limit=0"), "[]");
  EXPECT_EQ(get("people", "select=id,memberships!inner(club_id)&memberships.offset=1"),
            R"([{"id":1,"memberships":[{"club_id":2}]}])");
  options_.count = true;
  const auto counted = plan("people", "select=id,memberships!inner(club_id)&memberships.limit=0");
  const auto output = execute(database_, std::get<Plan>(counted), Form::kArray);
  EXPECT_EQ(output->total, 3);
}

}  // namespace
}  // namespace holdfast::cache::query
