#include "cache/values/text_order.h"

#include <gmock/gmock.h>

#include <random>
#include <sstream>

#include "cache/sqlite/database.h"
#include "tests/support/postgres.h"

// Text under ICU's collations, against a real PostgreSQL (hard case 22).
namespace holdfast::cache {
namespace {

// Case, accents, punctuation, digits, combining marks, ligatures, other scripts, emoji.
constexpr const char* kPieces[] = {
    "a",  "A",  "b",      "B",       "z",  "Z",  "ä",  "Ä",  "à",
    "á",  "å",  "Å",      "æ",       "ø",  "ö",  "o",  "ß",  "ss",
    "é",  "e",  "É",      "e\u0301", "n",  "ñ",  "ch", "c",  "h",
    "ll", "lj", "ǆ",      "dž",      "ı",  "i",  "İ",  "I",  "-",
    " ",  "_",  "'",      ".",       ",",  "1",  "2",  "10", "９",
    "¼",  "Ω",  "ω",      "я",       "Я",  "ж",  "ё",  "е",  "א",
    "ب",  "中", "国",     "日",      "ひ", "ヒ", "한", "😀",  "👩‍👩‍👧",
    "ﬁ",  "fi", "\u200b", "\t",      "~",  "€",  "$"};

std::vector<std::string> sample_texts() {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::size_t> piece(0, std::size(kPieces) - 1);
  std::uniform_int_distribution<int> length(0, 5);
  std::vector<std::string> texts;
  for (int i = 0; i < 3'000; ++i) {
    std::string text;
    for (int n = length(random); n >= 0; --n) text += kPieces[piece(random)];
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string to_hex(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : text) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::vector<std::string> lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> found;
  for (std::string line; std::getline(stream, line);) found.push_back(line);
  return found;
}

TEST(TextOrderTest, HardCase22_IcuOrderIsThatOfPostgres) {
  const test::PostgresCluster postgres;
  Database database(":memory:", OpenMode::kReadWrite);
  database.define_collations(make_text_collation);
  database.execute("CREATE TABLE t(a TEXT)");
  std::string insert = "create table t(a text); insert into t values ";
  for (const auto& text : sample_texts()) {
    insert += (insert.ends_with(' ') ? "" : ",");
    insert += "(convert_from('\\x" + to_hex(text) + "', 'UTF8'))";
    Statement(database, "INSERT INTO t VALUES(?1)").bind(1, std::string_view(text)).run();
  }
  postgres.run(insert);
  for (const std::string locale :
       {"und", "en-US", "de", "sv", "es", "hr", "tr", "ja", "zh", "de-u-co-phonebk",
        "und-u-ka-shifted", "und-u-kn", "en-u-kf-upper"}) {
    SCOPED_TRACE(locale);
    postgres.run(
        "drop collation if exists tried; create collation tried (provider = icu, locale = '" +
        locale + "')");
    const std::string version =
        lines(postgres.run("select collversion from pg_collation where collname='tried'")).at(0);
    const std::string collation = "icu/" + locale + "/" + version;
    ASSERT_TRUE(orders_text_exactly(collation)) << collation;
    const auto theirs = lines(postgres.run(
        "select encode(convert_to(a, 'UTF8'), 'hex') from t order by a collate tried"));
    Statement select(database, "SELECT lower(hex(a)) FROM t ORDER BY a COLLATE \"" +
                                   text_collation(collation) + "\"");
    std::vector<std::string> ours;
    while (select.step()) ours.emplace_back(select.text(0));
    EXPECT_EQ(ours, theirs);
  }
}

TEST(TextOrderTest, HardCase22_AnotherVersionIsNotTakenForTheSame) {
  EXPECT_FALSE(orders_text_exactly("icu/en-US/1.1"));
  EXPECT_FALSE(orders_text_exactly("icu/en-US/"));
  EXPECT_FALSE(orders_text_exactly("libc/en_US.UTF-8/1.0"));
  EXPECT_FALSE(orders_text_exactly("libc/no_SUCH.UTF-8/2.36"));
  EXPECT_FALSE(orders_text_exactly(""));
  EXPECT_FALSE(orders_text_exactly("nondeterministic"));
}

TEST(TextOrderTest, WhatIsNotReproducedIsOrderedAsCloselyAsIcuCan) {
  EXPECT_EQ(text_collation("libc/en_US.UTF-8/1.0"), "HF_TEXT:icu/en_US/");
  EXPECT_EQ(text_collation("icu/de/1.1"), "HF_TEXT:icu/de/");
  EXPECT_EQ(text_collation(""), "BINARY");
  const auto collation = make_text_collation("HF_TEXT:icu/en_US/");
  ASSERT_NE(collation, nullptr);
  EXPECT_LT(collation->compare("apple", "Banana"), 0);
  EXPECT_EQ(collation->compare("apple", "apple"), 0);
  EXPECT_EQ(make_text_collation("HF_NUMERIC"), nullptr);
}

}  // namespace
}  // namespace holdfast::cache
