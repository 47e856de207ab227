#include "tests/cache/query/fixture.h"

// Aggregates and their groups; that sums and averages are Postgres' is held in tests/cache/values.
namespace holdfast::cache::query {
namespace {

class AggregateTest : public QueryTest {
 protected:
  AggregateTest() {
    options_.aggregates = true;
    database_.execute(R"sql(
INSERT INTO "public.items" (id, price, weight, ratio, code, mood, sizes, sold) VALUES
  (4, '0.05', 2.5, 0.5, 'b', 'ok', '{9}', 1), (5, '100.00', 1.5, 0.25, 'a', 'happy', '{1,2,4}', 0);
)sql");
  }
};

TEST_F(AggregateTest, WithoutGroupsThereIsOneRow) {
  EXPECT_EQ(get("items", "select=count(),price.sum(),price.avg(),n:price.count()&id=lt.9"),
            R"([{"count":5,"sum":121.55,"avg":30.3875000000000000,"n":4}])");
  EXPECT_EQ(get("items", "select=count(),price.sum(),weight.avg(),id.max(),mood.min()&id=gt.9"),
            R"([{"count":0,"sum":null,"avg":null,"max":null,"min":null}])");
  EXPECT_EQ(get("items", "select=id.sum(),a:id.avg()"), R"([{"sum":15,"a":3.0000000000000000}])");
}

TEST_F(AggregateTest, ExtremesFollowTheTypesOrder) {
  EXPECT_EQ(get("items", "select=mood.max(),sizes.min(),price.min(),t:code.max()"),
            R"([{"max":"happy","min":[],"min":0.05,"t":"x%y"}])");
}

TEST_F(AggregateTest, OtherColumnsAreTheGroups) {
  EXPECT_EQ(get("items", "select=sold,count(),weight.sum()&sold=not.is.null&id=neq.2&order=sold"),
            R"([{"sold":false,"count":1,"sum":1.5},{"sold":true,"count":2,"sum":3.5}])");
  EXPECT_EQ(get("items", "select=s:sold,count()&id=gt.9"), "[]");
  EXPECT_EQ(get("items", "select=mood,count()&order=mood.desc.nullslast&limit=2&offset=1"),
            R"([{"mood":"ok","count":1},{"mood":"sad","count":1}])");
  EXPECT_EQ(get("items", "select=sold,count()&order=id"), "forward: order by what is not grouped");
  EXPECT_EQ(get("items", "select=code:sold,count()"),
            "forward: grouping by a name that a column has");
  EXPECT_EQ(get("people", "select=name:clubs!people_club_fkey(town),count()"),
            "forward: grouping by an embed that has a column's name");
  EXPECT_EQ(get("people", "select=about,count()"), "forward: groups of jsonb");
  EXPECT_EQ(get("items", "select=extra.max()"), "forward: order of json");
}

// PostgREST's countF: without a limit the answer's own rows, else those that the filters leave.
TEST_F(AggregateTest, TheCountIsOfTheGroupsUnlessThereIsALimit) {
  options_.count = true;
  const auto total = [&](const std::string& query) {
    return execute(database_, std::get<Plan>(plan("items", query)), Form::kArray)->total;
  };
  EXPECT_EQ(total("select=sold,count()&limit=10"), 5);
  options_.max_rows = 0;
  EXPECT_EQ(total("select=sold,count()"), 3);
  EXPECT_EQ(total("select=sold,count()&limit=10"), 5);
}

TEST_F(AggregateTest, CastsApplyBeforeAndAfter) {
  EXPECT_EQ(get("items", "select=price.sum()::text,id::text.max()"),
            R"([{"sum":"121.55","max":"5"}])");
}

TEST_F(AggregateTest, ASumThatDependsOnTheOrderOfRowsIsForwarded) {
  EXPECT_EQ(get("items", "select=weight.sum()&id=neq.2"), R"([{"sum":5}])");
  EXPECT_EQ(get("items", "select=ratio.sum()&id=in.(4,5)"), R"([{"sum":0.75}])");
  EXPECT_EQ(get("items", "select=weight.sum()"),
            "forward: a sum that depends on the order of its rows");
  database_.execute("UPDATE \"public.items\" SET weight = 1e17 WHERE id = 5");
  EXPECT_EQ(get("items", "select=weight.avg()&id=neq.2"),
            "forward: a sum that depends on the order of its rows");
}

// PostgreSQL's avg() adds squares too, for others' sake, and fails when they are too large.
TEST_F(AggregateTest, AnAverageOfNumbersWithoutASquareIsForwarded) {
  database_.execute("UPDATE \"public.items\" SET weight = 0");
  database_.execute("UPDATE \"public.items\" SET weight = 1e300 WHERE id = 4");
  EXPECT_EQ(get("items", "select=weight.avg()"), "forward: very large numbers");
  EXPECT_EQ(get("items", "select=weight.avg()&id=eq.4"), R"([{"avg":1e+300}])");
  EXPECT_EQ(get("items", "select=weight.sum()"), R"([{"sum":1e+300}])");
}

TEST_F(AggregateTest, EmbedsAggregateTheirOwnRows) {
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey(count(),id.max())"),
            R"([{"id":1,"people":[{"max":2,"count":2}]},{"id":2,"people":[{"max":4,"count":1}]},)"
            R"({"id":3,"people":[{"max":null,"count":0}]}])");
  EXPECT_EQ(
      get("clubs",
          "select=id,people!people_club_fkey(boss_id,count())&people.order=boss_id.desc&id=eq.1"),
      R"([{"id":1,"people":[{"count":1,"boss_id":null},{"count":1,"boss_id":1}]}])");
}

// An aggregate without groups is a row even of nothing; only the count looks for rows.
TEST_F(AggregateTest, ARequiredEmbedOfAggregatesIsThereWhereItHasGroups) {
  const std::string all = R"([{"id":1,"people":[{"count":2}]},{"id":2,"people":[{"count":1}]},)"
                          R"({"id":3,"people":[{"count":0}]}])";
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey!inner(count())"), all);
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey(count())&people=not.is.null"), all);
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey(count())&people=is.null"), "[]");
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey!inner(boss_id,count())&id=gt.1"),
            R"([{"id":2,"people":[{"count":1,"boss_id":2}]}])");
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey(boss_id,count())&people=is.null"),
            R"([{"id":3,"people":[]}])");
  EXPECT_EQ(get("clubs", "select=id,people!people_club_fkey!inner(count())&people.offset=1"),
            "forward: a null test of aggregates");
  EXPECT_EQ(get("people", "select=id,clubs!people_club_fkey!inner(count())"),
            "forward: aggregates in a joined embed");
}

TEST_F(AggregateTest, AToOneSpreadBelongsToItsParentsGroups) {
  EXPECT_EQ(
      get("people", "select=...clubs!people_club_fkey(town,n:count()),id.sum()&order=clubs(town)"),
      R"([{"sum":4,"town":"Oslo","n":1},{"sum":3,"town":"Rome","n":2},)"
      R"({"sum":3,"town":null,"n":0}])");
  EXPECT_EQ(get("people", "select=clubs!people_club_fkey(town),count()&order=id"),
            "forward: order by what is not grouped");
  EXPECT_EQ(get("clubs", "select=id,...people!people_club_fkey(id.max())"),
            "PGRST127: Feature not implemented");
}

TEST_F(AggregateTest, EmbedsBesideAggregatesAreGroups) {
  EXPECT_EQ(get("people", "select=count(),passports(people(boss_id))&id=in.(2,3,4)"),
            R"([{"count":2,"passports":null},{"count":1,"passports":{"people":{"boss_id":2}}}])");
  EXPECT_EQ(get("people", "select=count(),clubs!memberships(town)&id=in.(2,3)"),
            R"([{"count":1,"clubs":[]},{"count":1,"clubs":[{"town":"Rome"}]}])");
  EXPECT_EQ(get("people", "select=count(),team:people!boss_id(count)&id=gt.1"),
            R"([{"count":2,"team":[{"count":0}]},{"count":1,"team":[{"count":1}]}])");
  EXPECT_EQ(get("people", "select=count(),team:people!boss_id(about)"),
            "forward: an embed beside aggregates");
}

TEST_F(AggregateTest, ARowsNameBehindADotCountsItWhereNoColumnHasThatName) {
  EXPECT_EQ(get("people", "select=count"), R"([{"count":4}])");
  EXPECT_EQ(get("people", "select=id,clubs!people_club_fkey(n:count)&id=gte.3"),
            R"([{"id":3,"clubs":{"n":0}},{"id":4,"clubs":{"n":1}}])");
  EXPECT_EQ(get("clubs", "select=people!people_club_fkey(boss_id(count))&id=eq.1"),
            R"([{"people":[{"boss_id":{"count":0}},{"boss_id":{"count":1}}]}])");
  EXPECT_EQ(get("people", "select=id,count"), "forward: a count beside other columns");
}

// PostgREST's pgFmtGroup: by the name of an alias or a path, and by what a spread's subquery gives.
TEST_F(AggregateTest, RowsAreGroupedByTheNameWhereThereIsOne) {
  EXPECT_EQ(get("people", "select=count(),...boss_id(id::bool)&order=boss_id(id)"),
            "forward: order by what is not grouped");
  EXPECT_EQ(get("people", "select=count(),...boss_id(id::bool)"),
            R"([{"count":1,"id":null},{"count":3,"id":true}])");
  EXPECT_EQ(get("people", "select=about->>0::bool,n:count()&id=gt.2"),
            "forward: grouping by a name that a column has");
  EXPECT_EQ(get("people", "select=about->>name,count()"),
            "forward: grouping by a name that a column has");
  const std::string met = "forward: grouping by a name that an embed's column has";
  EXPECT_EQ(get("people", "select=town:boss_id,count(),clubs!people_club_fkey(town)"), met);
  EXPECT_EQ(get("people", "select=town:boss_id,count(),...clubs!people_club_fkey(town)"), met);
  EXPECT_EQ(get("people", "select=count(),club:clubs!people_club_fkey(club:town)"), met);
}

TEST_F(AggregateTest, WhatPostgrestRefusesBesideAggregatesIsForwarded) {
  EXPECT_EQ(get("people", "select=count(),clubs!people_club_fkey()"),
            "forward: an empty embed beside aggregates");
  EXPECT_EQ(get("people", "select=about->>t,count()&order=about->>t"),
            "forward: order by what is not grouped");
  EXPECT_EQ(get("people", "select=...clubs!people_club_fkey(id.min(),id.max())"),
            "forward: two columns of one name below an aggregate of a spread");
  EXPECT_EQ(get("people", "select=...clubs!people_club_fkey(least:id.min(),id.max())&id=lt.3"),
            R"([{"least":1,"max":1}])");
  EXPECT_EQ(get("people", "select=*,...clubs!people_club_fkey(id.sum())"),
            "forward: all columns beside aggregates of a spread");
}

}  // namespace
}  // namespace holdfast::cache::query
