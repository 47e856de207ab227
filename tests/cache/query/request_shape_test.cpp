#include "cache/query/request_shape.h"

#include "tests/cache/query/fixture.h"

namespace holdfast::cache::query {
namespace {

class RequestShapeTest : public QueryTest {
 protected:
  // The answer to `query` by the plan that was made for `first`; "anew" when it cannot give it.
  std::string answer(std::string_view name, std::string_view first, std::string_view query) {
    const auto planned_for = Query::parse(first);
    const auto asked = Query::parse(query);
    const auto planned = plan_read(*planned_for, catalog_, table(name), options_);
    const auto& plan = std::get<Plan>(planned);
    const auto shape = shape_of(*asked, options_);
    if (!shape || shape->key != shape_of(*planned_for, options_)->key) return "anew";
    const auto binding = rebind(plan, *shape);
    if (!binding) return "anew";
    const auto output = execute(database_, plan, *binding, Form::kArray);
    return output ? output->body : output.error().code;
  }

  bool alike(std::string_view a, std::string_view b) {
    const auto first = Query::parse(a);
    const auto second = Query::parse(b);
    return shape_of(*first, options_)->key == shape_of(*second, options_)->key;
  }
};

TEST_F(RequestShapeTest, OtherLiteralsUseTheSamePlan) {
  EXPECT_EQ(answer("items", "select=id&id=eq.1", "select=id&id=eq.2"), R"([{"id":2}])");
  EXPECT_EQ(
      answer("items", "select=id&price=gt.1&mood=neq.sad", "select=id&price=gt.10&mood=neq.x"),
      "anew");
  EXPECT_EQ(answer("people", "select=id&name=like.A*", "select=id&name=like.B*"), R"([{"id":2}])");
  EXPECT_EQ(
      answer("people", "select=id&or=(id.eq.1,name.eq.Bob)", "select=id&or=(id.eq.3,name.eq.Ada)"),
      get("people", "select=id&or=(id.eq.3,name.eq.Ada)"));
}

TEST_F(RequestShapeTest, ALiteralThatItsTypeRefusesIsPlannedForItself) {
  EXPECT_EQ(answer("items", "id=eq.1", "id=eq.x"), "anew");
  EXPECT_EQ(answer("items", "id=in.(1,2)", "id=in.(1,x)"), "anew");
  EXPECT_EQ(answer("items", "made=lt.2027-01-01", "made=lt.now"), "anew");
  EXPECT_EQ(answer("people", "name=eq.Ada", "name=eq.%00"), "anew");
}

TEST_F(RequestShapeTest, ListsOfSeveralValuesShareAPlan) {
  EXPECT_EQ(answer("items", "select=id&id=in.(1,2)", "select=id&id=in.(1,2,3)"),
            R"([{"id":1},{"id":2},{"id":3}])");
  EXPECT_EQ(answer("items", "select=id&id=in.(1)", "select=id&id=in.(3)"), R"([{"id":3}])");
  EXPECT_FALSE(alike("id=in.(1)", "id=in.(1,2)"));
  EXPECT_FALSE(alike("id=in.()", "id=in.(1)"));
}

TEST_F(RequestShapeTest, AListThatIsBoundOneByOneServesNoOther) {
  EXPECT_EQ(answer("items", "select=id&ratio=in.(0.1,0.2)", "select=id&ratio=in.(0.1,0.2,0.3)"),
            "anew");
}

TEST_F(RequestShapeTest, LimitAndOffsetAreBound) {
  EXPECT_EQ(answer("items", "select=id&limit=1&offset=1", "select=id&limit=2&offset=1"),
            R"([{"id":2},{"id":3}])");
  EXPECT_FALSE(alike("limit=1", "limit=1&offset=1"));
  EXPECT_FALSE(alike("clubs.limit=1", "clubs.limit=2"));
  options_.max_rows = 0;
  EXPECT_FALSE(alike("id=eq.1", "id=eq.1&limit=1"));
  const auto negative = Query::parse("limit=-1");
  EXPECT_FALSE(shape_of(*negative, options_).has_value());
}

TEST_F(RequestShapeTest, WhatDecidesThePlanIsPartOfTheShape) {
  EXPECT_FALSE(alike("id=is.null", "id=is.not_null"));
  EXPECT_FALSE(alike("id=eq.1", "id=not.eq.1"));
  EXPECT_FALSE(alike("id=eq.1", "id=gt.1"));
  EXPECT_FALSE(alike("id=eq(any).{1,2}", "id=eq(any).{1,3}"));
  EXPECT_FALSE(alike("name=match.^a", "name=match.^b"));
  EXPECT_FALSE(alike("extra->0=eq.1", "extra->1=eq.1"));
  EXPECT_FALSE(alike("extra->a=eq.1", "extra->>a=eq.1"));
  EXPECT_FALSE(alike("select=id", "select=id::text"));
  EXPECT_FALSE(alike("select=id", "select=a:id"));
  EXPECT_FALSE(alike("order=id", "order=id.desc"));
  EXPECT_FALSE(alike("or=(id.eq.1,id.eq.2)", "and=(id.eq.1,id.eq.2)"));
  EXPECT_FALSE(alike("or=(id.eq.1,id.eq.2)", "or=(id.eq.1,id.eq.2,id.eq.3)"));
}

TEST_F(RequestShapeTest, NamesCannotBeMistakenForEachOther) {
  EXPECT_FALSE(alike("select=ab,c", "select=a,bc"));
  EXPECT_FALSE(alike("a.b=eq.1", "ab=eq.1"));
  EXPECT_FALSE(alike("select=a(b),c", "select=a(b,c)"));
}

}  // namespace
}  // namespace holdfast::cache::query
