#include <gnu/libc-version.h>

#include "tests/cache/query/fixture.h"

// Whole reads: request text to answer text.
namespace holdfast::cache::query {
namespace {

class ReadTest : public QueryTest {};

TEST_F(ReadTest, SelectsColumnsWithAliasesAndDuplicates) {
  EXPECT_EQ(get("clubs", ""),
            R"([{"id":1,"town":"Rome"},{"id":2,"town":"Oslo"},{"id":3,"town":null}])");
  EXPECT_EQ(get("clubs", "select=place:town,id,id&id=eq.1"), R"([{"place":"Rome","id":1,"id":1}])");
}

TEST_F(ReadTest, PrintsEveryTypeAsPostgresDoes) {
  EXPECT_EQ(get("items", "id=eq.1"),
            R"([{"id":1,"price":12.50,"weight":1,"ratio":0.1,"sold":true,"code":"abc",)"
            R"("ref":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","mood":"happy",)"
            R"("made":"2026-01-02T03:04:05+00:00","extra":{"k" : [1,2]},"sizes":[1,2,3],)"
            R"x("span":"[1,5)","Odd \"name":"odd","german":"a"}])x");
  EXPECT_EQ(get("items", "id=eq.2&select=price,weight,made,extra,sizes"),
            R"([{"price":9.00,"weight":"NaN","made":"infinity","extra":null,"sizes":[]}])");
}

TEST_F(ReadTest, ComparesByTheColumnsType) {
  const auto ids = [&](std::string filter) { return get("items", "select=id&" + filter); };
  EXPECT_EQ(ids("price=eq.12.5"), R"([{"id":1}])");
  EXPECT_EQ(ids("price=gt.9"), R"([{"id":1}])");
  EXPECT_EQ(ids("price=lt.10"), R"([{"id":2}])");
  EXPECT_EQ(ids("weight=gt.5"), R"([{"id":2}])");
  EXPECT_EQ(ids("ratio=eq.0.1"), R"([{"id":1}])");
  EXPECT_EQ(ids("ref=eq.A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"), R"([{"id":1}])");
  EXPECT_EQ(ids("mood=gt.sad"), R"([{"id":1}])");
  EXPECT_EQ(ids("made=lt.2027-01-01"), R"([{"id":1}])");
  EXPECT_EQ(ids("sold=is.false"), R"([{"id":2}])");
  EXPECT_EQ(ids("sold=is.unknown"), R"([{"id":3}])");
  EXPECT_EQ(ids("id=neq.1"), R"([{"id":2},{"id":3}])");
  EXPECT_EQ(ids("price=neq.9"), R"([{"id":1}])");
  EXPECT_EQ(ids("price=not.eq.9"), R"([{"id":1}])");
  EXPECT_EQ(ids("price=isdistinct.9"), R"([{"id":1},{"id":3}])");
}

TEST_F(ReadTest, ALongerTextThanTheColumnIsNotCut) {
  EXPECT_EQ(get("items", "select=id&code=eq.abcdefgh"), "[]");
  EXPECT_EQ(get("items", "select=id&code=in.(abc,abcdefgh)"), R"([{"id":1}])");
}

TEST_F(ReadTest, ValuesThatTheTypeRefusesAreItsErrors) {
  EXPECT_EQ(get("items", "id=eq.x"), "22P02: invalid input syntax for type bigint: \"x\"");
  EXPECT_EQ(get("items", "mood=eq.great"), "22P02: invalid input value for enum mood: \"great\"");
  EXPECT_EQ(get("items", "id=in.(1,y)"), "22P02: invalid input syntax for type bigint: \"y\"");
  EXPECT_EQ(get("items", "id=is.true"),
            "42804: argument of IS TRUE must be type boolean, not type bigint");
  EXPECT_EQ(get("items", "code=not.is.true"),
            "42804: argument of IS TRUE must be type boolean, not type character varying");
  EXPECT_EQ(get("items", "id=like.1*"), "42883: operator does not exist: bigint ~~ unknown");
  EXPECT_EQ(get("items", "extra=eq.1"), "42883: operator does not exist: json = unknown");
  EXPECT_EQ(get("items", "extra=in.(1,2)"), "42883: operator does not exist: json = unknown");
}

// There is no array whose elements are arrays, and Postgres looks for it before it sees the values.
TEST_F(ReadTest, ArraysStandInNoList) {
  for (const char* test : {"in.()", "in.({1})", "not.in.({1},{2})", "eq(any).{}", "gt(all).{1}"}) {
    EXPECT_EQ(get("items", std::string("select=id&sizes=") + test),
              "42704: could not find array type for data type integer[]");
  }
  EXPECT_EQ(get("items", "select=id&sizes=like(any).{a}"),
            "42883: operator does not exist: integer[] ~~ unknown");
}

// Postgres takes a name of GROUP BY for the column's before it is an alias.
TEST_F(ReadTest, AGroupByAnAliasOfItsOwnCastIsForwarded) {
  options_.aggregates = true;
  const std::string forwarded = "forward: grouping by a name that a column has";
  EXPECT_EQ(get("items", "select=made:made::date,count()"), forwarded);
  EXPECT_EQ(get("items", "select=extra:extra->>k,count()"), forwarded);
  EXPECT_EQ(get("clubs", "select=town:town,count()&id=eq.1"), R"([{"town":"Rome","count":1}])");
}

// Its JSON is an object as that of a composite value, which is null when all its fields are.
TEST_F(ReadTest, AnHstoreIsNullOnlyWhenItIsAbsent) {
  Table items = table("items");
  items.columns[9].type = make_type("extensions.hstore");
  catalog_ = Catalog({std::move(items)}, {});
  database_.execute("UPDATE \"public.items\" SET extra=char(1)||'{\"a\":null}' WHERE id=1");
  EXPECT_EQ(get("items", "select=id&extra=is.null&id=neq.2"), R"([{"id":3}])");
}

TEST_F(ReadTest, MessagesNameTheDomainOfAColumn) {
  Table items = table("items");
  items.columns[0].domain = "public.item_id";
  items.columns[9].domain = "other.text_of_item";
  catalog_ = Catalog({std::move(items)}, {});
  EXPECT_EQ(get("items", "id=is.true"),
            "42804: argument of IS TRUE must be type boolean, not type item_id");
  EXPECT_EQ(get("items", "id=like.1"), "42883: operator does not exist: item_id ~~ unknown");
  EXPECT_EQ(get("items", "id=imatch(any).{}"),
            "42883: operator does not exist: item_id ~* unknown");
  EXPECT_EQ(get("items", "select=id::date"), "42846: cannot cast type item_id to date");
  EXPECT_EQ(get("items", "extra=eq.1"),
            "42883: operator does not exist: other.text_of_item = unknown");
  EXPECT_EQ(get("items", "id->a=is.true"),
            "42804: argument of IS TRUE must be type boolean, not type jsonb");
}

TEST_F(ReadTest, AnEmptyListOfADocumentsMemberMatchesNothing) {
  EXPECT_EQ(get("people", "select=id&about->>a=in.()"), "[]");
  EXPECT_EQ(get("people", "select=id&about->a->>b=not.in.()"),
            R"([{"id":1},{"id":2},{"id":3},{"id":4}])");
  EXPECT_EQ(get("people", "select=id&about->>a=eq(any).{}"), "[]");
  EXPECT_EQ(get("people", "select=id&about->>a=like(all).{}&limit=1"), R"([{"id":1}])");
}

TEST_F(ReadTest, TheOperatorIsLookedForBeforeTheValuesOfAQuantifiedOne) {
  for (const char* values : {"{}", "{NULL}", "{1}", "1"}) {
    EXPECT_EQ(get("items", std::string("select=id&extra=eq(any).") + values),
              "42883: operator does not exist: json = unknown");
    EXPECT_EQ(get("items", std::string("select=id&id=like(all).") + values),
              "42883: operator does not exist: bigint ~~ unknown");
  }
  EXPECT_EQ(get("people", "select=id&name=imatch(any).{}"), "[]");
}

TEST_F(ReadTest, ListsMayBeEmptyQuotedAndLong) {
  EXPECT_EQ(get("people", "select=id&name=in.(Ada,%22Bob%22)"), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(get("people", "select=id&id=in.()"), "[]");
  EXPECT_EQ(get("people", "select=id&id=not.in.(1,2)"), R"([{"id":3},{"id":4}])");
  EXPECT_EQ(get("items", "select=id&weight=in.(1,2)"), R"([{"id":1}])");
  EXPECT_EQ(get("items", "select=id&price=in.(12.5,1)"), R"([{"id":1}])");
  std::string list = "select=id&ref=in.(a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  for (int i = 0; i < 1000; ++i) {
    list += ",00000000-0000-0000-0000-" + std::to_string(100000000000 + i);
  }
  EXPECT_EQ(get("items", list + ")"), R"([{"id":1}])");
}

TEST_F(ReadTest, QuantifiersTakeArrays) {
  EXPECT_EQ(get("people", "select=id&id=eq(any).{1,3}"), R"([{"id":1},{"id":3}])");
  EXPECT_EQ(get("people", "select=id&id=gt(all).{1,2}"), R"([{"id":3},{"id":4}])");
  EXPECT_EQ(get("people", "select=id&name=like(any).{A*,*b}"), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(get("people", "select=id&id=eq(any).{}"), "[]");
  EXPECT_EQ(get("people", "select=id&id=eq(all).{}&limit=1"), R"([{"id":1}])");
}

TEST_F(ReadTest, PatternsFoldOnlyForIlike) {
  EXPECT_EQ(get("people", "select=id&name=like.D*"), "[]");
  EXPECT_EQ(get("people", "select=id&name=ilike.D*"), R"([{"id":4}])");
  EXPECT_EQ(get("items", "select=id&%22Odd%20%5C%22name%22=ilike.%C3%A4PF*"), R"([{"id":2}])");
  EXPECT_EQ(get("items", "select=id&code=like.x%5C%25_"), R"([{"id":2}])");
  EXPECT_EQ(get("items", "select=id&code=like.x%5C"),
            "22025: LIKE pattern must not end with escape character");
  EXPECT_EQ(get("people", "select=id&name=match.^A"), R"([{"id":1}])");
  EXPECT_EQ(get("people", "select=id&name=imatch.EE$"), R"([{"id":4}])");
  EXPECT_EQ(get("people", "select=id&name=match.A.a"), R"([{"id":1}])");
}

TEST_F(ReadTest, LogicKeepsNullsUnknown) {
  EXPECT_EQ(get("people", "select=id&or=(boss_id.eq.2,club_id.eq.1)"),
            R"([{"id":1},{"id":2},{"id":4}])");
  EXPECT_EQ(get("people", "select=id&not.or=(boss_id.eq.2,club_id.eq.2)"), R"([{"id":2}])");
  EXPECT_EQ(get("people", "select=id&and=(id.gt.1,not.and(name.eq.Bob,boss_id.eq.1))"),
            R"([{"id":3},{"id":4}])");
}

TEST_F(ReadTest, AThousandAlternativesAreOneStatement) {
  std::string query = "select=id&or=(id.eq.1";
  for (int i = 0; i < 1000; ++i) query += ",name.eq.n" + std::to_string(i);
  EXPECT_EQ(get("people", query + ")"), R"([{"id":1}])");
}

TEST_F(ReadTest, ARangeIsRefusedBeforeARelationshipIsLookedFor) {
  EXPECT_EQ(get("people", "select=id,nothing(*)&limit=-1"),
            "PGRST103: Requested range not satisfiable");
}

TEST_F(ReadTest, OrderPutsNullsWherePostgresDoes) {
  EXPECT_EQ(get("people", "select=id&order=boss_id,id.desc"),
            R"([{"id":3},{"id":2},{"id":4},{"id":1}])");
  EXPECT_EQ(get("people", "select=id&order=boss_id.desc,id"),
            R"([{"id":1},{"id":4},{"id":2},{"id":3}])");
  EXPECT_EQ(get("people", "select=id&order=born.nullsfirst&limit=2"), R"([{"id":3},{"id":1}])");
  EXPECT_EQ(get("people", "select=id&order=born.desc.nullslast&limit=1"), R"([{"id":4}])");
  EXPECT_EQ(get("items", "select=id&order=mood.desc.nullslast"), R"([{"id":1},{"id":2},{"id":3}])");
  EXPECT_EQ(get("items", "select=id&order=price.asc"), R"([{"id":2},{"id":1},{"id":3}])");
  EXPECT_EQ(get("people", "select=id&order=clubs(town).desc.nullslast,id&select=id,clubs()"),
            "PGRST108: 'clubs' is not an embedded resource in this request");
  EXPECT_EQ(get("people", "select=id,clubs:club_id()&order=clubs(town).desc.nullslast,id"),
            R"([{"id":1},{"id":2},{"id":4},{"id":3}])");
}

// The names are those of the answer, whatever the table's columns are called.
TEST_F(ReadTest, ARelatedOrderIsByWhatTheEmbedSelects) {
  const auto ordered = [&](const std::string& embed, const std::string& by) {
    return get("people",
               "select=id,club:club_id(" + embed + ")&order=club(" + by + ").desc.nullslast,id");
  };
  const std::string by_town = ordered("town", "town");
  EXPECT_NE(by_town.find("town"), std::string::npos);
  std::string by_place = ordered("place:town", "place");
  for (auto at = by_place.find("place"); at != std::string::npos; at = by_place.find("place")) {
    by_place.replace(at, 5, "town");
  }
  EXPECT_EQ(by_place, by_town);
  const std::string words = "forward: a related order by what is not selected";
  EXPECT_EQ(ordered("id", "town"), words);
  EXPECT_EQ(ordered("place:town", "town"), words);
  EXPECT_EQ(ordered("*,town:id", "town"), words);
}

TEST_F(ReadTest, TextOrderOfALocaleIsForwardedUnlessCloseWillDo) {
  EXPECT_EQ(get("items", "select=id&order=german"), "forward: text order");
  EXPECT_EQ(get("items", "select=id&german=gt.a"), "forward: text order");
  EXPECT_EQ(get("items", "select=id&german=eq.a"), R"([{"id":1}])");
  options_.text_order = TextOrder::kClose;
  EXPECT_EQ(get("items", "select=id&german=gt.a"), R"([{"id":2}])");
}

// Reads of items whose text is ordered by a collation of another name.
class CollationTest : public QueryTest {
 protected:
  void use(const std::string& collation) {
    database_.execute("UPDATE \"public.items\" SET german='Zwei' WHERE id=2");
    std::vector<Table> tables = catalog_.tables();
    for (Table& table : tables) {
      if (table.name == "items") table.columns[13].collation = collation;
    }
    catalog_ = Catalog(std::move(tables), {});
    options_.aggregates = true;
  }
};

TEST_F(CollationTest, HardCase22_TextIsOrderedByAnOrderThatThisMachineHasTheSameOf) {
  use(std::string("libc/C.UTF-8/") + gnu_get_libc_version());
  EXPECT_EQ(get("items", "select=id&german=not.is.null&order=german"), R"([{"id":2},{"id":1}])");
  EXPECT_EQ(get("items", "select=id&german=lt.a"), R"([{"id":2}])");
}

TEST_F(CollationTest, HardCase22_AnOrderOfAnotherVersionIsForwardedUnlessCloseWillDo) {
  use("icu/de/1.1");
  EXPECT_EQ(get("items", "select=id&order=german"), "forward: text order");
  options_.text_order = TextOrder::kClose;
  EXPECT_EQ(get("items", "select=id&german=not.is.null&order=german"), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(get("items", "select=id&german=gt.a"), R"([{"id":2}])");
  EXPECT_EQ(get("items", "select=german.max(),german.min()"), R"([{"max":"Zwei","min":"a"}])");
}

TEST_F(CollationTest, HardCase22_ANondeterministicCollationIsNotComparedHere) {
  use("nondeterministic");
  options_.text_order = TextOrder::kClose;
  const std::string words = "forward: a nondeterministic collation";
  EXPECT_EQ(get("items", "select=id&german=eq.a"), words);
  EXPECT_EQ(get("items", "select=id&german=in.(a,b)"), words);
  EXPECT_EQ(get("items", "select=id&order=german"), words);
  EXPECT_EQ(get("items", "select=german,count()"), words);
  EXPECT_EQ(get("items", "select=id&german=like.a*"), words);
  EXPECT_EQ(get("items", "select=id&german=match.^a"), words);
  EXPECT_EQ(get("items", "select=german&id=eq.1"), R"([{"german":"a"}])");
}

TEST_F(ReadTest, ArraysContainAndOverlap) {
  EXPECT_EQ(get("people", "select=id&tags=cs.{red}"), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(get("people", "select=id&tags=cd.{red,blue}"), R"([{"id":2},{"id":4}])");
  EXPECT_EQ(get("people", "select=id&tags=ov.{green,blue}"), R"([{"id":1}])");
  EXPECT_EQ(get("people", "select=id&tags=eq.{red}"), R"([{"id":2}])");
}

TEST_F(ReadTest, LimitOffsetRangeAndMaximum) {
  EXPECT_EQ(get("people", "select=id&limit=2&offset=1"), R"([{"id":2},{"id":3}])");
  EXPECT_EQ(get("people", "select=id&limit=0"), "[]");
  EXPECT_EQ(get("people", "limit=-1"), "PGRST103: Requested range not satisfiable");
  EXPECT_EQ(get("people", "limit=0&offset=1"), "PGRST103: Requested range not satisfiable");
  EXPECT_EQ(get("people", "limit=none&offset=1"), "PGRST103: Requested range not satisfiable");
  EXPECT_EQ(get("people", "limit=none&offset=0"), "[]");
  EXPECT_EQ(get("people", "select=id&limit=none&id=eq.1"), R"([{"id":1}])");
  EXPECT_EQ(get("people", "limit=2&offset=-2"), "[]");
  EXPECT_EQ(get("people", "limit=-9223372036854775808&offset=-9223372036854775808"),
            "PGRST103: Requested range not satisfiable");
  EXPECT_EQ(get("people", "limit=-99999999999999999999"),
            "PGRST103: Requested range not satisfiable");
  EXPECT_EQ(get("people", "select=id&limit=3&offset=-2"), R"([{"id":1}])");
  EXPECT_EQ(get("people", "offset=99999999999999999999"), "forward: a range beyond bigint");
  options_.max_rows = 0;
  EXPECT_EQ(get("people", "limit=99999999999999999999"), "forward: a range beyond bigint");
  options_.max_rows = 2;
  EXPECT_EQ(get("people", "select=id&limit=3"), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(get("people", "select=id&limit=99999999999999999999"), R"([{"id":1},{"id":2}])");
  options_.range = std::pair<std::int64_t, std::optional<std::int64_t>>(3, std::nullopt);
  EXPECT_EQ(get("people", "select=id"), R"([{"id":4}])");
  options_.range->second = 1;
  EXPECT_EQ(error("people", "").details,
            "The lower boundary must be lower than or equal to the upper boundary in the Range "
            "header.");
}

TEST_F(ReadTest, CountIsOfAllRowsAndBoundsTheOffset) {
  options_.count = true;
  options_.max_rows = 1;
  const auto planned =
      plan("people", "select=id,clubs:club_id!inner(town)&clubs.town=eq.Rome&id=gt.0");
  const auto output = execute(database_, std::get<Plan>(planned), Form::kArray);
  EXPECT_EQ(output->total, 2);
  EXPECT_EQ(output->rows, 1);
  EXPECT_FALSE(database_.in_transaction());
  EXPECT_EQ(get("people", "offset=5"), "PGRST103: Requested range not satisfiable");
  EXPECT_EQ(get("people", "select=id&offset=4"), "[]");
}

TEST_F(ReadTest, ASingleObjectNeedsOneRow) {
  EXPECT_EQ(get("clubs", "id=eq.2", Form::kObject), R"({"id":2,"town":"Oslo"})");
  EXPECT_EQ(get("clubs", "", Form::kObject),
            "PGRST116: Cannot coerce the result to a single JSON object");
}

TEST_F(ReadTest, CsvIsARecordsOutput) {
  EXPECT_EQ(
      get("items", "select=id,sold,code,sizes,%22Odd%20%5C%22name%22&id=in.(1,3)", Form::kCsv),
      "id,sold,code,sizes,Odd \"name\n1,t,abc,\"{1,2,3}\",odd\n3,,,,");
  EXPECT_EQ(get("clubs", "id=eq.9", Form::kCsv), "\n");
}

TEST_F(ReadTest, CsvShowsEmbedsAsTheTextOfJsonb) {
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey(name,id)&id=eq.1", Form::kCsv),
            "id,people\n1,\"[{\"\"id\"\": 1, \"\"name\"\": \"\"Ada\"\"}, "
            "{\"\"id\"\": 2, \"\"name\"\": \"\"Bob\"\"}]\"");
  EXPECT_EQ(get("people", "select=boss:boss_id(name,id)&id=in.(1,2)", Form::kCsv),
            "boss\n\n\"{\"\"id\"\": 1, \"\"name\"\": \"\"Ada\"\"}\"");
  EXPECT_EQ(get("clubs", "select=...people!people_club_fkey(id)&id=eq.1", Form::kCsv),
            "id\n\"[1, 2]\"");
}

// Composite values, and others that have a cast to JSON.
TEST_F(ReadTest, CsvOfAValueOfWhichOnlyTheJsonIsKnownIsForwarded) {
  database_.execute(R"(UPDATE "public.items" SET span = char(1) || '{"a":1}' WHERE id = 1)");
  EXPECT_EQ(get("items", "select=span&id=eq.1"), R"([{"span":{"a":1}}])");
  EXPECT_EQ(get("items", "select=span&id=eq.1", Form::kCsv), "forward: the text form of int4range");
}

TEST_F(ReadTest, NullsAreStrippedOnEveryLevel) {
  const auto planned = plan("people", "select=id,boss_id,about,boss:boss_id(id,boss_id)&id=eq.2");
  const auto output = execute(database_, std::get<Plan>(planned), Form::kArray, true);
  EXPECT_EQ(output->body, R"([{"id":2,"boss_id":1,"about":{"n":2},"boss":{"id":1}}])");
}

TEST_F(ReadTest, UnknownColumnsAreNamedAsPostgresNamesThem) {
  EXPECT_EQ(get("people", "select=nope"), "42703: column people.nope does not exist");
  EXPECT_EQ(get("people", "nope=eq.1"), "42703: column people.nope does not exist");
  EXPECT_EQ(get("people", "order=nope"), "42703: column people.nope does not exist");
  EXPECT_EQ(get("people", "select=clubs!people_club_fkey(nope)"),
            "42703: column clubs_1.nope does not exist");
  EXPECT_EQ(error("people", "select=nam").hint,
            "Perhaps you meant to reference the column \"people.name\".");
  EXPECT_EQ(get("people", "select=full_name"), "forward: computed column full_name");
}

// Whatever the planner lets through SQLite's parser can read: it throws here otherwise.
TEST_F(ReadTest, DeepNestingIsAnsweredOrForwarded) {
  const std::string shapes[] = {"select=id,boss_id(", "select=id,people!boss_id(",
                                "select=...boss_id(", "select=id,boss_id!inner("};
  for (std::size_t depth = 1; depth <= 70; ++depth) {
    for (const auto& shape : shapes) {
      std::string query = "select=";
      for (std::size_t i = 0; i < depth; ++i) query += shape.substr(7);
      const auto body = get("people", query + "id" + std::string(depth, ')'));
      EXPECT_TRUE(body.starts_with("[") || body.starts_with("forward:")) << depth << shape << body;
      EXPECT_TRUE(depth > 5 || body.starts_with("[")) << depth << shape << body;
    }
    std::string logic = "and=(";
    for (std::size_t i = 0; i < depth; ++i) logic += "id.gt.0,not.or(id.eq.9,";
    const auto body = get("people", logic + "id.eq.8" + std::string(depth + 1, ')'));
    EXPECT_TRUE(body.starts_with("[") || body.starts_with("forward:")) << depth << body;
    EXPECT_TRUE(depth > 8 || body.starts_with("[")) << depth << body;
  }
  std::string embeds = "select=boss_id(people!boss_id!inner(boss_id(people!boss_id!inner(id))))";
  embeds += "&boss_id.people.or=(id.eq.1,and(id.gt.0,not.or(id.eq.7,id.eq.8)))";
  EXPECT_TRUE(get("people", embeds).starts_with("["));
}

TEST_F(ReadTest, MoreColumnsOrOrderTermsThanSqliteTakesAreForwarded) {
  std::string names = "id";
  while (names.size() < 9000) names += ",id";
  EXPECT_EQ(get("people", "select=" + names), "forward: more than 1900 columns");
  EXPECT_EQ(get("people", "order=" + names), "forward: more than a thousand order terms");
}

TEST_F(ReadTest, KeysAreLookedUpNotScanned) {
  EXPECT_NE(explain("people", "id=eq.1").find("SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)"),
            std::string::npos);
  EXPECT_NE(explain("people", "id=in.(1,2,3)").find("SEARCH t1 USING INTEGER PRIMARY KEY"),
            std::string::npos);
  const auto embeds = explain("clubs", "select=*,people!people_club_fkey(*,boss:boss_id(*))");
  EXPECT_NE(embeds.find("SEARCH t2 USING INDEX people_club"), std::string::npos) << embeds;
  EXPECT_NE(embeds.find("SEARCH t3 USING INTEGER PRIMARY KEY"), std::string::npos) << embeds;
  const auto through = explain("people", "select=id,clubs!memberships(town)");
  EXPECT_NE(through.find("SEARCH jt2 USING COVERING INDEX memberships_pkey"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::cache::query
