#include <random>
#include <sstream>

#include "cache/query/patterns.h"
#include "cache/query/regular_expression.h"
#include "cache/values/letter_case.h"
#include "tests/cache/query/fixture.h"
#include "tests/support/postgres.h"

// Full-text search, regular expressions, time zones and casts in whole reads.
namespace holdfast::cache::query {
namespace {

class SearchTest : public QueryTest {};

TEST_F(SearchTest, WordsOfTextAndJsonAreSearchedByConfiguration) {
  const std::string found = get("clubs", "select=id&town=fts.rome");
  EXPECT_EQ(found, R"([{"id":1}])");
  EXPECT_EQ(get("clubs", "select=id&town=not.plfts(simple).Rome"), R"([{"id":2}])");
  EXPECT_EQ(get("clubs", "select=id&town=wfts(english).oslo%20or%20romes"),
            R"([{"id":1},{"id":2}])");
  EXPECT_EQ(get("clubs", "select=id&town=phfts(german).the%20rome"), "[]");
}

TEST_F(SearchTest, AConfigurationOrTypeThatIsNotCoveredIsForwarded) {
  EXPECT_EQ(get("clubs", "town=fts(mine).rome"), "forward: the text search configuration mine");
  EXPECT_EQ(get("clubs", "id=fts.1"), "forward: text search in integer");
}

TEST_F(SearchTest, AnIllFormedQueryIsPostgresError) {
  EXPECT_EQ(get("clubs", "town=fts.rome%20oslo"), "42601: syntax error in tsquery: \"rome oslo\"");
}

TEST_F(SearchTest, RegularExpressionsMatchOrAreForwarded) {
  EXPECT_EQ(get("clubs", "select=id&town=match.^[A-R]o.e$"), R"([{"id":1}])");
  EXPECT_EQ(get("clubs", "select=id&town=imatch.^(r|O)(OM|sl)"), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(get("clubs", "town=match.(o)\\1"),
            "forward: a regular expression that is not read here");
  EXPECT_EQ(get("clubs", "id=match.1"), "42883: operator does not exist: integer ~ unknown");
}

TEST_F(SearchTest, MomentsAreReadAndPrintedInThePreferredZone) {
  options_.timezone = "America/Los_Angeles";
  EXPECT_EQ(get("items", "id=eq.1&select=made"), R"([{"made":"2026-01-01T19:04:05-08:00"}])");
  EXPECT_EQ(get("items", "made=eq.2026-01-01T19:04:05&select=id"), R"([{"id":1}])");
  EXPECT_EQ(get("items", "id=eq.1&select=made::date"), R"([{"made":"2026-01-01"}])");
}

TEST_F(SearchTest, WhatTheSessionPrintsOtherwiseIsForwarded) {
  set_session({.timezone = "No/Where", .text_search = "simple"}, options_);
  EXPECT_EQ(get("items", "select=made"), "forward: the time zone of the upstream's sessions");
  EXPECT_EQ(get("items", "select=id&id=eq.1"), R"([{"id":1}])");
  EXPECT_EQ(get("clubs", "select=id&town=fts.the"), "[]") << "simple has no stop words";
  set_session({.timezone = "America/Los_Angeles"}, options_);
  EXPECT_EQ(get("items", "id=eq.1&select=made"), R"([{"made":"2026-01-01T19:04:05-08:00"}])");
  Table items = table("items");
  items.columns[1].type = make_type("interval");
  items.columns[2].type = make_type("bytea[]");
  catalog_ = Catalog({std::move(items)}, {});
  set_session({.interval_style = "iso_8601", .bytea_output = "escape"}, options_);
  EXPECT_EQ(get("items", "select=price"), "forward: intervalstyle");
  EXPECT_EQ(get("items", "select=weight"), "forward: bytea_output");
  EXPECT_EQ(get("items", "id=eq.1&select=made"), R"([{"made":"2026-01-02T03:04:05+00:00"}])");
}

TEST_F(SearchTest, AnInvalidZoneIsRefusedAfterWhatPostgrestRefuses) {
  options_.timezone = "No/Where";
  const std::string invalid = "22023: invalid value for parameter \"TimeZone\": \"No/Where\"";
  EXPECT_EQ(get("items", "select=id"), invalid);
  EXPECT_EQ(get("items", "select=nothing"), invalid);
  EXPECT_TRUE(get("items", "select=id,nothing(id)").starts_with("PGRST200"));
}

TEST_F(SearchTest, ACastToATypeThatNothingKnowsIsPostgresError) {
  EXPECT_EQ(get("clubs", "select=id::FakeType"), "42704: type \"faketype\" does not exist");
  EXPECT_TRUE(get("clubs", "select=id::select").starts_with("forward"));
  EXPECT_TRUE(get("clubs", "select=id::clubs").starts_with("forward"));
}

TEST_F(SearchTest, AParameterMayNameAnAliasedEmbedByItsRelation) {
  EXPECT_EQ(get("clubs", "id=eq.1&select=id,all:people(id)&people.order=id.desc&people.limit=1"),
            get("clubs", "id=eq.1&select=id,all:people(id)&all.order=id.desc&all.limit=1"));
}

TEST_F(SearchTest, OfTwoOrdersTheFirstCounts) {
  EXPECT_EQ(get("clubs", "select=id&order=id.desc&order=id.asc&limit=1"), R"([{"id":3}])");
}

TEST_F(SearchTest, CountAsAColumnCountsTheRows) {
  EXPECT_EQ(get("clubs", "select=count"), R"([{"count":3}])");
  EXPECT_EQ(get("clubs", "select=n:count&id=gt.1"), R"([{"n":2}])");
  EXPECT_TRUE(get("clubs", "select=count&limit=1").starts_with("forward"));
}

TEST_F(SearchTest, TheTotalOfGroupsIsThatOfTheirRows) {
  options_.aggregates = true;
  options_.count = true;
  const Planned grouped = plan("people", "select=club_id,count()");
  ASSERT_TRUE(std::holds_alternative<Plan>(grouped));
  const auto output = execute(database_, std::get<Plan>(grouped), Form::kArray);
  ASSERT_TRUE(output);
  EXPECT_EQ(get("people", "select=count()"),
            "[{\"count\":" + std::to_string(output->total.value_or(-1)) + "}]");
  EXPECT_LT(output->rows, *output->total);
}

TEST_F(SearchTest, AMutationsRowsAreChosenByItsOwnFiltersAlone) {
  const auto query =
      Query::parse("select=id,clubs!people_club_fkey!inner(id)&clubs.id=eq.0&id=lt.3");
  ASSERT_TRUE(query);
  const Planned planned = plan_targets(*query, catalog_, table("people"), options_);
  ASSERT_TRUE(std::holds_alternative<Plan>(planned));
  const auto rows = execute_targets(database_, std::get<Plan>(planned));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), 2U);
}

TEST_F(SearchTest, TheOrderOfAToOneEmbedMustNameAColumn) {
  EXPECT_TRUE(get("people", "select=id,clubs!people_club_fkey(id)&clubs.order=nothing")
                  .starts_with("42703"));
}

class Expressions {
 public:
  explicit Expressions(unsigned seed) : random_(seed) {}

  std::string alternatives(int depth) {
    std::string out = sequence(depth);
    for (int n = below(5) - 2; n > 0; --n) out += "|" + sequence(depth);
    return out;
  }

  std::string text() {
    std::string out;
    for (int n = below(7); n > 0; --n) {
      out += one_of({"a", "b", "c", "x", "A", "B", "1", " ", "_", "-", ".", "a", "b", "é"});
    }
    return out;
  }

  int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }

 private:
  std::string one_of(const std::vector<std::string>& all) {
    return all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
  }

  std::string sequence(int depth) {
    std::string out;
    for (int n = below(5); n > 0; --n) {
      out += atom(depth);
      if (below(10) < 3) {
        out += one_of({"*", "+", "?", "{2}", "{1,2}", "{0,1}", "{1,}", "*?", "+?", "{0}", "{"});
      }
    }
    return out;
  }

  std::string atom(int depth) {
    const int kind = below(100);
    if (kind < 45) return one_of({"a", "b", "c", "x", "A", "B", "1", " ", "_", "-", "é"});
    if (kind < 52) return ".";
    if (kind < 62) return one_of({"\\d", "\\w", "\\s", "\\.", "\\W", "\\D", "\\S", "\\-"});
    if (kind < 78) {
      return one_of({"[abc]", "[^a]", "[a-c]", "[^a-c1]", "[[:alpha:]]", "[]a]", "[a-]", "[-a]",
                     "[\\d.]", "[^[:space:]]", "[A-B]", "[[:upper:]]", "[é]", "[b-", "[a-b-c]"});
    }
    if (kind < 84) return one_of({"^", "$", "\\m", "\\M", "\\y", "\\A", "\\Z", "\\Y"});
    if (depth == 0) return "a";
    return (below(2) == 0 ? "(" : "(?:") + alternatives(depth - 1) + ")";
  }

  std::mt19937 random_;
};

TEST(LetterCaseTest, TextIsFoldedAsItsCollationSays) {
  const std::vector<std::string> texts = {
      "İstanbul", "istanbul", "ISTANBUL", "ıI", "É", "é", "E", "ß",  "ẞ",  "SS", "ſ", "s", "\u212a",
      "k",        "µ",        "Μ",        "μ",  "Σ", "σ", "ς", "ΑΣ", "ας", "ǅ",  "ǆ", "Ǆ"};
  const std::vector<std::pair<std::string, std::string>> collations = {
      {"default", ""}, {"C", "C"}, {"en-x-icu", "icu/en/1"}, {"tr-x-icu", "icu/tr/1"}};
  test::PostgresCluster cluster;
  for (const auto& [name, collation] : collations) {
    std::string values;
    for (const auto& text : texts) values += (values.empty() ? "('" : ",('") + text + "')";
    const auto asked = [&, &known = name](const std::string& op) {
      return cluster.run("WITH t(v) AS (VALUES " + values + ") SELECT string_agg(((a.v COLLATE \"" +
                         known + "\") " + op +
                         " b.v)::int::text, '' ORDER BY a.n, b.n) FROM (SELECT v, row_number() "
                         "OVER () n FROM t) a, (SELECT v, row_number() OVER () n FROM t) b");
    };
    const Case ignored = is_ascii_cased(collation) ? Case::kIgnoredInAscii : Case::kIgnored;
    std::string like;
    std::string match;
    for (const auto& text : texts) {
      for (const auto& pattern : texts) {
        const auto matches =
            matches_like(fold_case(text, collation), fold_case(pattern, collation));
        like += matches == Like::kYes ? '1' : '0';
        match += *RegularExpression::parse(pattern, ignored)->matches(text) ? '1' : '0';
      }
    }
    EXPECT_EQ(like + "\n", asked("ILIKE")) << name;
    EXPECT_EQ(match + "\n", asked("~*")) << name;
  }
}

// A backslash at a pattern's end is an error only where Postgres comes to it.
TEST(LikeTest, EveryPatternMatchesOrFailsAsInPostgres) {
  std::mt19937 random(1);
  const auto made = [&](const std::vector<std::string>& pieces, unsigned most) {
    std::string out;
    for (auto n = random() % (most + 1); n > 0; --n) out += pieces[random() % pieces.size()];
    return out;
  };
  std::vector<std::pair<std::string, std::string>> samples;  // text, pattern
  std::string sql =
      "CREATE FUNCTION probe(t text, p text) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN "
      "RETURN (t LIKE p)::text; EXCEPTION WHEN OTHERS THEN RETURN 'error'; END $f$;\n";
  for (int i = 0; i < 5000; ++i) {
    samples.emplace_back(made({"a", "b", "é", "\\"}, 4), made({"a", "b", "é", "%", "_", "\\"}, 5));
    sql +=
        "SELECT probe($q$" + samples.back().first + "$q$, $q$" + samples.back().second + "$q$);\n";
  }
  const test::PostgresCluster postgres;
  std::istringstream answers(postgres.run(sql));
  int errors = 0;
  for (const auto& [text, pattern] : samples) {
    std::string answer;
    ASSERT_TRUE(std::getline(answers, answer));
    errors += answer == "error";
    const auto matches = matches_like(text, pattern);
    EXPECT_EQ(matches == Like::kYes  ? "true"
              : matches == Like::kNo ? "false"
                                     : "error",
              answer)
        << text << " " << pattern;
  }
  EXPECT_GT(errors, 100);
}

// Two of them would keep the gateway from everybody else.
TEST(RegularExpressionTest, WhatTakesLongIsNotDecided) {
  const std::string text(1 << 20, 'a');
  const auto expression = RegularExpression::parse("(a|b){0,200}(a|b){0,200}c", Case::kExact);
  ASSERT_TRUE(expression);
  EXPECT_EQ(expression->matches(text), std::nullopt);
  EXPECT_EQ(matches_like(text, "%" + std::string(4'000, 'a') + "b"), Like::kTooLong);
  EXPECT_EQ(matches_like(text, "%" + std::string(40, 'a')), Like::kYes);
}

TEST(RegularExpressionTest, WhatIsDecidedIsWhatPostgresSays) {
  struct Sample {
    std::string pattern;
    std::string text;
    Case letter_case;
  };
  Expressions expressions(7);
  std::vector<Sample> samples;
  std::string sql =
      "CREATE FUNCTION probe(p text, t text) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN "
      "RETURN (t ~ p)::text; EXCEPTION WHEN OTHERS THEN RETURN 'error'; END $f$;\n"
      "CREATE FUNCTION iprobe(p text, t text) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN "
      "RETURN (t ~* p)::text; EXCEPTION WHEN OTHERS THEN RETURN 'error'; END $f$;\n";
  for (int i = 0; i < 6000; ++i) {
    samples.push_back({expressions.alternatives(2), expressions.text(),
                       expressions.below(2) == 0 ? Case::kIgnored : Case::kExact});
    const Sample& sample = samples.back();
    sql += std::string("SELECT ") + (sample.letter_case == Case::kIgnored ? "i" : "") +
           "probe($q$" + sample.pattern + "$q$, $q$" + sample.text + "$q$);\n";
  }
  const test::PostgresCluster postgres;
  std::istringstream answers(postgres.run(sql));
  int decided = 0;
  for (const auto& sample : samples) {
    std::string answer;
    ASSERT_TRUE(std::getline(answers, answer));
    const auto expression = RegularExpression::parse(sample.pattern, sample.letter_case);
    const auto matches = expression ? expression->matches(sample.text) : std::nullopt;
    if (!matches) continue;
    ++decided;
    EXPECT_EQ(*matches ? "true" : "false", answer) << sample.pattern << " / " << sample.text;
  }
  EXPECT_GT(decided, 3500);
}

}  // namespace
}  // namespace holdfast::cache::query
