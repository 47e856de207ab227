#include "tests/cache/query/fixture.h"

// Comparisons that SQLite cannot make by itself; that their results are Postgres' is held in
// tests/cache/values.
namespace holdfast::cache::query {
namespace {

class ComparisonTest : public QueryTest {
 protected:
  ComparisonTest() {
    database_.execute(R"sql(
INSERT INTO "public.items" (id, span, sizes) VALUES
  (4, '[3,9)', '{1,2}'), (5, '[,2)', '{1,NULL}'), (6, '[9,20)', '{2,1}');
INSERT INTO "public.people" (id, name, about) VALUES
  (5, 'Eve', '{"n": 1.5, "t": "x"}'), (6, 'Flo', '7'), (7, 'Gus', '{"n": 10}');
)sql");
  }
  std::string ids(std::string_view table, const std::string& query) {
    return get(table, "select=id&" + query);
  }
};

// PostgreSQL reads values once it knows the whole statement.
TEST_F(ComparisonTest, AValueIsRefusedAfterWhatTheStatementItselfHasWrong) {
  EXPECT_EQ(get("items", "id=eq.x&foo=eq.1"), "42703: column items.foo does not exist");
  EXPECT_EQ(get("items", "id=eq.x&order=foo"), "42703: column items.foo does not exist");
  EXPECT_EQ(get("items", "id=in.(1,x)&id=is.true"),
            "42804: argument of IS TRUE must be type boolean, not type bigint");
  EXPECT_EQ(get("items", "id=eq(any).1&id=like.1"),
            "42883: operator does not exist: bigint ~~ unknown");
  EXPECT_EQ(get("items", "id=eq.x&id=eq.y"), "22P02: invalid input syntax for type bigint: \"x\"");
}

TEST_F(ComparisonTest, WhatPostgresKnowsOfEveryRowIsForwarded) {
  EXPECT_EQ(get("items", "select=xmin"), "forward: xmin of a row");
  EXPECT_EQ(get("items", "order=ctid"), "forward: ctid of a row");
  EXPECT_EQ(get("items", "select=row_to_json"), "forward: row_to_json of a row");
}

TEST_F(ComparisonTest, RangesCompareAsRanges) {
  EXPECT_EQ(ids("items", "span=eq.(0,4]"), R"([{"id":1}])");
  EXPECT_EQ(ids("items", "span=neq.empty&id=lt.4"), R"([{"id":1}])");
  EXPECT_EQ(ids("items", "span=lt.[1,5)"), R"([{"id":2},{"id":5}])");
  EXPECT_EQ(ids("items", "span=cs.[3,4]"), R"([{"id":1},{"id":4}])");
  EXPECT_EQ(ids("items", "span=cd.[0,9]"), R"([{"id":1},{"id":2},{"id":4}])");
  EXPECT_EQ(ids("items", "span=ov.[8,9]"), R"([{"id":4},{"id":6}])");
  EXPECT_EQ(ids("items", "span=sl.[5,6]"), R"([{"id":1},{"id":5}])");
  EXPECT_EQ(ids("items", "span=sr.[5,6]"), R"([{"id":6}])");
  EXPECT_EQ(ids("items", "span=nxr.[0,5)"), R"([{"id":1},{"id":5}])");
  EXPECT_EQ(ids("items", "span=nxl.[3,4]"), R"([{"id":4},{"id":6}])");
  EXPECT_EQ(ids("items", "span=adj.[5,8]"), R"([{"id":1},{"id":6}])");
  EXPECT_EQ(ids("items", "span=in.(empty,\"[3,8]\")"), R"([{"id":2},{"id":4}])");
  EXPECT_EQ(ids("items", "span=not.is.null&order=span.desc"),
            R"([{"id":6},{"id":4},{"id":1},{"id":5},{"id":2}])");
  EXPECT_EQ(get("items", "span=eq.5"), "22P02: malformed range literal: \"5\"");
}

TEST_F(ComparisonTest, ArraysCompareByElement) {
  EXPECT_EQ(ids("items", "sizes=gt.{1,2}"), R"([{"id":1},{"id":5},{"id":6}])");
  EXPECT_EQ(ids("items", "sizes=lte.{1,2}"), R"([{"id":2},{"id":4}])");
  EXPECT_EQ(ids("items", "sizes=not.is.null&order=sizes"),
            R"([{"id":2},{"id":4},{"id":1},{"id":5},{"id":6}])");
  EXPECT_EQ(ids("items", "sizes=cs.{2,1}"), R"([{"id":1},{"id":4},{"id":6}])");
  EXPECT_EQ(ids("items", "sizes=cd.{2,1}"), R"([{"id":2},{"id":4},{"id":6}])");
  EXPECT_EQ(ids("items", "sizes=ov.{3,NULL}"), R"([{"id":1}])");
}

TEST_F(ComparisonTest, JsonbComparesByValue) {
  EXPECT_EQ(ids("people", "about->n=eq.1.5"), R"([{"id":1},{"id":5}])");
  EXPECT_EQ(ids("people", "about->n=in.(1.50,2.0)"), R"([{"id":1},{"id":2},{"id":5}])");
  EXPECT_EQ(ids("people", "about=cs.{\"n\":1.50}"), R"([{"id":1},{"id":5}])");
  EXPECT_EQ(ids("people", "about=cd.[7,1,2,3.0]"), R"([{"id":4},{"id":6}])");
  EXPECT_EQ(get("items", "extra=cs.{}"), "42883: operator does not exist: json @> unknown");
}

TEST_F(ComparisonTest, JsonbIsOrderedWhereNoStringOfAnUnknownCollationMatters) {
  EXPECT_EQ(ids("people", "about->n=gte.2"), R"([{"id":2},{"id":7}])");
  EXPECT_EQ(ids("people", "about->n=not.is.null&order=about->n.desc"),
            R"([{"id":7},{"id":2},{"id":1},{"id":5}])");
  EXPECT_EQ(ids("people", "order=about->t"), "forward: order of strings in jsonb");
  EXPECT_EQ(ids("people", "order=about->>t"), "forward: text order");
  options_.text_order = TextOrder::kClose;
  EXPECT_EQ(ids("people", "about->t=not.is.null&order=about->t,id.desc"),
            R"([{"id":2},{"id":5},{"id":1}])");
}

// PostgreSQL keeps a jsonb scalar as an array of one, and shows it.
TEST_F(ComparisonTest, ScalarOfJsonbIsAnArrayOfOneToAnIndex) {
  EXPECT_EQ(get("people", "select=about->0,b:about->>-1,c:about->1,d:about->0->0&id=eq.6"),
            R"([{"about":7,"b":"7","c":null,"d":7}])");
  EXPECT_EQ(get("people", "select=n:about->n->>0,k:about->0&id=eq.7"), R"([{"n":"10","k":null}])");
  EXPECT_EQ(get("items", "select=k:extra->k->0->0&id=eq.1"), R"([{"k":null}])");
}

}  // namespace
}  // namespace holdfast::cache::query
