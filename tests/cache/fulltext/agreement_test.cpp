// Holds tokens, vectors and matches of generated texts and queries against a real PostgreSQL.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <sstream>

#include "cache/fulltext/query.h"
#include "tests/support/postgres.h"

namespace holdfast::cache::fulltext {
namespace {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  bool chance(int percent) { return below(100) < percent; }
  template <typename Container>
  std::string one_of(const Container& all) {
    return std::string(all[static_cast<std::size_t>(below(static_cast<int>(std::size(all))))]);
  }

 private:
  std::mt19937 random_;
};

constexpr std::string_view kPieces[] = {
    "a",       "foo",        "Bar",   "x1", "12",    "3",       "é",           "ünï",
    "данные",  "-",          "-",     ".",  ".",     "/",       "@",           "_",
    ":",       " ",          " ",     " ",  "'",     "e",       "E5",          "+",
    "~",       "&",          "&amp;", "#",  "://",   "http://", "example.com", "www.foo-bar.org",
    "me@x.io", "/usr/local", "../",   "./", "1.5",   "2.3.4",   "-7",          "1e10",
    ",",       "!",          "?",     "(",  "§",     "日本",    "ß",           "%",
    "=",       "\"",         "com",   "t",  "&#65;", "&#x4F;",  "~/",          "*",
    "–",       "’"};

constexpr std::string_view kWords[] = {
    "the",    "of",    "cats",        "cat",      "running",     "impossible", "fat",
    "Rats",   "fun",   "it's",        "is",       "foo-bar",     "bar",        "x1",
    "12",     "1.5",   "example.com", "me@x.io",  "/usr/lib",    "Straße",     "Häuser",
    "laufen", "un",    "niño",        "les",      "amusant",     "canción",    "и",
    "в",      "кошки", "über",        "être",     "OR",          "or",         "and",
    "NOT",    "to",    "up-to-date",  "children", "generations", "happily",    "ist",
    "der"};

constexpr std::string_view kConfigurations[] = {
    "english",    "english", "simple", "german",  "french",   "spanish",   "russian",
    "portuguese", "italian", "dutch",  "swedish", "danish",   "norwegian", "finnish",
    "hungarian",  "turkish", "greek",  "arabic",  "romanian", "lithuanian"};

std::string sql_text(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += c;
    out += c;
  }
  return out + "'";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Postgres' number of the kind.
int number_of(TokenKind kind) {
  constexpr int kNumbers[] = {1, 2, 3,  16, 17, 15, 11, 10, 9,  4,
                              5, 6, 18, 19, 7,  8,  20, 21, 22, 12};
  return kNumbers[static_cast<std::size_t>(kind)];
}

TEST(WordParserTest, TokensAreThoseOfPostgres) {
  Generator generator(20261121);
  std::vector<std::string> texts;
  std::string sql = "SET standard_conforming_strings = on;\n";
  for (int i = 0; i < 4000; ++i) {
    std::string text;
    for (int n = 1 + generator.below(9); n > 0; --n) text += generator.one_of(kPieces);
    sql +=
        "SELECT coalesce(string_agg(tokid || '=' || token, ' ' ORDER BY o), '') FROM "
        "ts_parse('default', " +
        sql_text(text) +
        ") WITH ORDINALITY p(tokid, token, o) WHERE tokid NOT IN (12, 13, 14, 23);\n";
    texts.push_back(std::move(text));
  }
  const test::PostgresCluster postgres;
  const auto expected = lines_of(postgres.run(sql));
  ASSERT_EQ(expected.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto tokens = parse_words(texts[i]);
    ASSERT_TRUE(tokens) << texts[i];
    std::string ours;
    for (const auto& token : *tokens) {
      if (!ours.empty()) ours += ' ';
      ours += std::to_string(number_of(token.kind)) + "=" + std::string(token.text);
    }
    EXPECT_EQ(ours, expected[i]) << texts[i];
  }
}

TEST(WordParserTest, MarkupAndZeroWidthLettersAreNotDecided) {
  EXPECT_FALSE(parse_words("a <b>bold</b> word"));
  EXPECT_FALSE(parse_words("zero\xE2\x80\x8Bwidth"));
  EXPECT_TRUE(parse_words("1 < 2 <- 3"));
}

struct Search {
  std::string configuration;
  Syntax syntax = Syntax::kStandard;
  std::string text;
  std::string query;
};

std::string standard_query(Generator& generator, const std::vector<std::string>& words, int depth) {
  if (depth == 0 || generator.chance(30)) {
    std::string word = generator.one_of(words);
    if (generator.chance(12)) return word + ":*";
    if (generator.chance(5) && word[0] > 0) return word.substr(0, 1) + ":*";
    if (generator.chance(6)) return word + (generator.chance(50) ? ":A" : ":D");
    return generator.chance(5) ? sql_text(word + " " + generator.one_of(words)) : word;
  }
  if (generator.chance(20)) return "!" + standard_query(generator, words, depth - 1);
  if (generator.chance(15)) return "(" + standard_query(generator, words, depth - 1) + ")";
  constexpr std::string_view kJoints[] = {" & ", " | ", " <-> ", "<2>", "&", "|", " <0> "};
  return standard_query(generator, words, depth - 1) + generator.one_of(kJoints) +
         standard_query(generator, words, depth - 1);
}

std::string web_query(Generator& generator, const std::vector<std::string>& words) {
  constexpr std::string_view kBefore[] = {"", "", "", "-", "\"", " or ", " OR ", "(", "!"};
  constexpr std::string_view kBehind[] = {"", "", "", "\"", ":", "& ", ":-", ":or "};
  std::string query;
  for (int n = generator.below(6); n > 0; --n) {
    query += " " + generator.one_of(kBefore) + generator.one_of(words) + generator.one_of(kBehind);
  }
  return query;
}

Search make_search(Generator& generator) {
  Search search;
  search.configuration = generator.one_of(kConfigurations);
  search.syntax = static_cast<Syntax>(generator.below(4));
  std::vector<std::string> words;
  for (int n = 0; n < 5; ++n) words.push_back(generator.one_of(kWords));
  for (int n = 1 + generator.below(9); n > 0; --n) search.text += generator.one_of(words) + " ";
  if (search.syntax == Syntax::kStandard) {
    search.query = standard_query(generator, words, generator.below(5));
    if (generator.chance(4)) search.query += generator.chance(50) ? " &" : " x";
  } else if (search.syntax == Syntax::kWeb) {
    search.query = web_query(generator, words);
  } else {
    for (int n = generator.below(5); n > 0; --n) search.query += generator.one_of(words) + " ";
  }
  return search;
}

constexpr const char* kProbe = R"sql(
SET client_min_messages = error;
CREATE FUNCTION probe(c regconfig, s int, t text, q text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE v tsvector := to_tsvector(c, t);
BEGIN
  RETURN v::text || '|' || (v @@ CASE s WHEN 0 THEN to_tsquery(c, q)
    WHEN 1 THEN plainto_tsquery(c, q) WHEN 2 THEN phraseto_tsquery(c, q)
    ELSE websearch_to_tsquery(c, q) END)::text;
EXCEPTION WHEN OTHERS THEN RETURN v::text || '|' || SQLERRM;
END $f$;
)sql";

std::string printed(const Vector& vector) {
  constexpr const char* kWeights[] = {"", "C", "B", "A"};
  std::string out;
  for (const auto& entry : vector) {
    if (!out.empty()) out += ' ';
    out += '\'';
    for (const char c : entry.lexeme)
      out += c == '\'' || c == '\\' ? std::string(2, c) : std::string(1, c);
    out += '\'';
    for (const auto& position : entry.positions) {
      out += (&position == &entry.positions.front() ? ":" : ",") + std::to_string(position.at) +
             kWeights[position.weight];
    }
  }
  return out;
}

std::string ours(const Search& search) {
  const auto configuration = Configuration::open(search.configuration);
  if (!configuration) return "no configuration";
  WordCollector collector(*configuration);
  if (!collector.add(search.text)) return "not decided";
  const auto vector = vector_of_words(std::move(collector.words()));
  if (!vector) return "not decided";
  const auto query = parse_query(search.syntax, *configuration, search.query);
  const std::string text = printed(*vector);
  EXPECT_EQ(printed(read_vector(text).value_or(Vector())), text);
  if (!query) return text + "|" + query.error().message;
  return text + "|" + (matches(*vector, *query) ? "true" : "false");
}

TEST(SearchTest, VectorsAndMatchesAreThoseOfPostgres) {
  Generator generator(42);
  std::vector<Search> searches;
  std::string sql = kProbe;
  for (int i = 0; i < 5000; ++i) {
    searches.push_back(make_search(generator));
    const Search& search = searches.back();
    sql += "SELECT probe('" + search.configuration + "', " +
           std::to_string(static_cast<int>(search.syntax)) + ", " + sql_text(search.text) + ", " +
           sql_text(search.query) + ");\n";
  }
  const test::PostgresCluster postgres;
  const auto expected = lines_of(postgres.run(sql));
  ASSERT_EQ(expected.size(), searches.size());
  int matched = 0;
  for (std::size_t i = 0; i < searches.size(); ++i) {
    EXPECT_EQ(ours(searches[i]), expected[i])
        << searches[i].configuration << " / " << searches[i].text << " / " << searches[i].query;
    if (expected[i].ends_with("|true")) ++matched;
  }
  EXPECT_GT(matched, 1000);
}

TEST(SearchTest, WeightsAndStrippedVectorsMatchAsInPostgres) {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"'cat':1A,5 'rat':2B", "cat:A"},
      {"'cat':1A,5 'rat':2B", "cat:B"},
      {"'cat':1A,5 'rat':2B", "cat:A<->rat:B"},
      {"'cat':1A,5 'rat':2B", "cat:D<->rat"},
      {"'cat' 'rat'", "cat:A"},
      {"'cat' 'rat'", "cat<->rat"},
      {"'cat' 'rat'", "!(cat<->rat)"},
      {"'cat' 'rat':3", "cat & (ra:* <-> cat)"},
      {"'it''s':3 'x\\\\y':2", "'it''''s'"},
      {"'cat':1 'cats':2", "cat:*<->cats"}};
  std::string sql;
  for (const auto& [vector, query] : kCases) {
    sql += "SELECT " + sql_text(vector) + "::tsvector @@ to_tsquery('simple', " + sql_text(query) +
           ");\n";
  }
  const test::PostgresCluster postgres;
  const auto expected = lines_of(postgres.run(sql));
  const auto simple = Configuration::open("simple");
  for (std::size_t i = 0; i < std::size(kCases); ++i) {
    const auto vector = read_vector(kCases[i].first);
    ASSERT_TRUE(vector) << kCases[i].first;
    const auto query = parse_query(Syntax::kStandard, *simple, kCases[i].second);
    ASSERT_TRUE(query) << kCases[i].second;
    EXPECT_EQ(matches(*vector, *query) ? "t" : "f", expected.at(i))
        << kCases[i].first << " @@ " << kCases[i].second;
  }
}

TEST(SearchTest, AConfigurationThatIsNotCoveredIsNotOpened) {
  EXPECT_FALSE(Configuration::open("nepali"));
  EXPECT_FALSE(Configuration::open("my_own"));
  EXPECT_TRUE(Configuration::open("English"));
}

}  // namespace
}  // namespace holdfast::cache::fulltext
