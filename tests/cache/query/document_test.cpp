#include "tests/cache/query/fixture.h"

// What is read of documents: JSON paths, casts of what they find, no order.
namespace holdfast::cache::query {
namespace {

class DocumentTest : public QueryTest {};

TEST_F(DocumentTest, JsonPathsSelectFilterAndOrder) {
  EXPECT_EQ(get("people", "select=about->a->b->2->>c,n:about->n,about->a->b->-2&id=eq.1"),
            R"([{"c":"deep","n":1.50,"b":20}])");
  EXPECT_EQ(get("people", "select=id&about->a->b->>0=eq.10"), R"([{"id":1}])");
  EXPECT_EQ(get("people", "select=id&about->n=eq.1.5"), R"([{"id":1}])");
  EXPECT_EQ(get("people", "select=about->1&id=eq.4"), R"([{"about":2}])");
  options_.text_order = TextOrder::kClose;
  EXPECT_EQ(get("people", "select=id&about->>n=not.is.null&order=about->>n.desc"),
            R"([{"id":2},{"id":1}])");
  EXPECT_EQ(get("people", "select=id,about->t,u:about->>t&id=eq.2"),
            R"([{"id":2,"t":null,"u":null}])");
  EXPECT_EQ(get("items", "select=sizes->0&id=eq.1"), R"([{"sizes":1}])");
  EXPECT_EQ(get("people", "select=about->>n->x"),
            "42883: operator does not exist: text -> unknown");
}

// PostgREST casts it, so that no row has to be there.
TEST_F(DocumentTest, AnIndexOfAJsonPathIsAnInteger) {
  EXPECT_EQ(get("people", "select=about->2147483647&id=eq.4"), R"([{"about":null}])");
  EXPECT_EQ(get("people", "select=about->2147483648&id=eq.9"),
            "22003: value \"+2147483648\" is out of range for type integer");
  EXPECT_EQ(get("people", "select=id&about->-2147483649=is.null"),
            "22003: value \"-2147483649\" is out of range for type integer");
  EXPECT_EQ(get("people", "select=about->99999999999999999999"), "forward: an index beyond bigint");
  std::string path = "about";
  for (int i = 0; i < 150; ++i) path += "->a";
  EXPECT_EQ(get("people", "select=" + path), "forward: a JSON path of more than 100 steps");
  EXPECT_EQ(get("people", "select=id&order=about->>-99999999999999999999"),
            "forward: an index beyond bigint");
}

TEST_F(DocumentTest, CastsAreThoseOfPostgresOrForwarded) {
  EXPECT_EQ(get("items", "select=id::text,sold::text,made::text&id=eq.1"),
            R"([{"id":"1","sold":"true","made":"2026-01-02 03:04:05+00"}])");
  EXPECT_EQ(get("people", "select=about->>n::numeric&id=eq.1"), R"([{"n":1.50}])");
  EXPECT_EQ(get("people", "select=name::int&id=eq.1"),
            "22P02: invalid input syntax for type integer: \"Ada\"");
  EXPECT_EQ(get("items", "select=price::int,weight::numeric&id=eq.1"),
            R"([{"price":13,"weight":1}])");
}

TEST_F(DocumentTest, APartOfADocumentIsCastAsItsKindAllows) {
  EXPECT_EQ(get("people", "select=about->n::int&id=eq.1"), R"([{"n":2}])");
  EXPECT_EQ(get("people", "select=x:about->n::numeric&id=lt.3&order=id"),
            R"([{"x":1.50},{"x":2}])");
  EXPECT_EQ(get("people", "select=about->nothing::int&id=eq.1"), R"([{"nothing":null}])");
  EXPECT_EQ(get("people", "select=about->t::int&id=eq.1"),
            "22023: cannot cast jsonb string to type integer");
  EXPECT_EQ(get("people", "select=about->t::int&id=eq.2"), "forward: a cast of the json null");
  EXPECT_EQ(get("items", "select=made::time&id=lt.3"), R"([{"made":"03:04:05"},{"made":null}])");
}

TEST_F(DocumentTest, CastsThatPostgresDoesNotHaveAreItsErrors) {
  EXPECT_EQ(get("items", "select=span::int"), "42846: cannot cast type int4range to integer");
  EXPECT_EQ(get("items", "select=extra::int"), "42846: cannot cast type json to integer");
  EXPECT_EQ(get("items", "select=extra::timestamptz"),
            "42846: cannot cast type json to timestamp with time zone");
  EXPECT_EQ(get("items", "select=sizes::bigint"), "42846: cannot cast type integer[] to bigint");
  EXPECT_EQ(get("items", "select=id::uuid"), "42846: cannot cast type bigint to uuid");
  EXPECT_EQ(get("items", "select=price::bool"), "42846: cannot cast type numeric to boolean");
  EXPECT_EQ(get("items", "select=made::int"),
            "42846: cannot cast type timestamp with time zone to integer");
  EXPECT_EQ(get("people", "select=about::date"), "42846: cannot cast type jsonb to date");
  EXPECT_EQ(get("items", "select=made::timetz"),
            "forward: cast of timestamp with time zone to timetz");
}

// As Postgres reads the whole of a document, whichever part of it is asked for.
TEST_F(DocumentTest, ADocumentWhoseEscapesStandForNoTextHasNoMembers) {
  database_.execute(
      "UPDATE \"public.items\" SET extra = '{\"k\":\"\\u0000\",\"n\":1}' WHERE id = 1");
  const char* const refused = "22P05: unsupported Unicode escape sequence";
  EXPECT_EQ(get("items", "select=extra&id=eq.1"), R"([{"extra":{"k":"\u0000","n":1}}])");
  EXPECT_EQ(get("items", "select=extra->n&id=eq.1"), refused);
  EXPECT_EQ(get("items", "select=extra->>n&id=eq.1"), refused);
  EXPECT_EQ(get("items", "select=id&extra->>n=eq.1"), refused);
  database_.execute("UPDATE \"public.items\" SET extra = '[\"\\ud83d\"]' WHERE id = 1");
  EXPECT_EQ(get("items", "select=extra->0&id=eq.1"), "22P02: invalid input syntax for type json");
  database_.execute("UPDATE \"public.items\" SET extra = '[\"\\\\u0000\"]' WHERE id = 1");
  EXPECT_EQ(get("items", "select=extra->0&id=eq.1"), R"([{"extra":"\\u0000"}])");
}

TEST_F(DocumentTest, JsonHasNoOrder) {
  const Error error = this->error("items", "order=extra.desc");
  EXPECT_EQ(error.code, "42883");
  EXPECT_EQ(error.message, "could not identify an ordering operator for type json");
  EXPECT_EQ(error.hint, "Use an explicit ordering operator or modify the query.");
}

}  // namespace
}  // namespace holdfast::cache::query
