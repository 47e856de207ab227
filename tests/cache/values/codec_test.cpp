#include "cache/values/codec.h"

#include <gtest/gtest.h>

#include "cache/sqlite/database.h"
#include "cache/values/functions.h"
#include "cache/values/numeric.h"

namespace holdfast::test {
namespace {

using cache::make_type;
using cache::parse_json;
using cache::parse_operand;
using cache::parse_text;
using cache::Value;

std::string code_of(const Result<Value>& value) { return value ? "" : value.error().code; }

Value text(const char* value) { return std::string(value); }
Value integer(std::int64_t value) { return value; }

TEST(StoredFormTest, IsTheDocumentedOne) {
  const auto stored = [](const char* type, const char* input) {
    return *parse_text(make_type(type), input);
  };
  EXPECT_EQ(stored("integer", "42"), integer(42));
  EXPECT_EQ(stored("boolean", "yes"), integer(1));
  EXPECT_EQ(stored("double precision", "1.5"), Value(1.5));
  EXPECT_EQ(stored("double precision", "NaN"), text("NaN"));
  EXPECT_EQ(stored("numeric(10,2)", "12.345"), text("12.35"));
  EXPECT_EQ(stored("date", "2000-01-02"), integer(1));
  EXPECT_EQ(stored("date", "infinity"), integer(2147483647));
  EXPECT_EQ(stored("timestamptz", "2000-01-01T01:00:00+01:00"), integer(0));
  EXPECT_EQ(stored("timestamp", "-infinity"), integer(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(stored("time", "00:00:01"), integer(1000000));
  EXPECT_EQ(stored("jsonb", "{\"bb\":1,\"a\":2}"), text("{\"a\": 2, \"bb\": 1}"));
  EXPECT_EQ(stored("json", " {\"b\":1} "), text(" {\"b\":1} "));
  EXPECT_EQ(stored("bytea", "ab"), text("\\x6162"));
  EXPECT_EQ(stored("character(4)", "ab"), text("ab  "));
}

TEST(ParseTextTest, WhatOnlyTheDatabaseKnowsIsForwarded) {
  for (const char* input : {"now", "today", "tomorrow", "2026-11-21 10:00 Europe/Paris",
                            "2026-11-21 10:00 EST", "Jan 5, 2026", "11/21/2026"}) {
    const auto value = parse_text(make_type("timestamptz"), input);
    EXPECT_EQ(code_of(value), cache::kForwardCode) << input;
    EXPECT_EQ(value.error().kind, ErrorKind::kNotAnswerable) << input;
  }
  EXPECT_EQ(code_of(parse_text(make_type("time"), "2026-11-21T10:15:00Z")), cache::kForwardCode);
  EXPECT_EQ(code_of(parse_text(make_type("interval"), "1.5 months")), cache::kForwardCode);
}

TEST(ParseTextTest, TextMustBeUtf8WithoutNul) {
  const auto message = [](std::string_view input) {
    const auto value = parse_text(make_type("text"), input);
    return value ? "" : value.error().code + " " + value.error().message;
  };
  const std::string prefix = "22021 invalid byte sequence for encoding \"UTF8\":";
  EXPECT_EQ(message("a\xff"), prefix + " 0xff");
  EXPECT_EQ(message("\xe3\x28z"), prefix + " 0xe3 0x28 0x7a");
  EXPECT_EQ(message("12345678\xed\xa0\x80"), prefix + " 0xed 0xa0 0x80");
  EXPECT_EQ(message("\xc3"), prefix + " 0xc3");
  EXPECT_EQ(message(std::string_view("a\0b", 3)), prefix + " 0x00");
  EXPECT_EQ(message("12345678\xf0\x9f\x98\x80"), "");
}

TEST(ParseTextTest, BrokenJsonIsExplainedAsPostgresDoes) {
  const auto details = [](const char* input) {
    const auto value = parse_text(make_type("jsonb"), input);
    return value ? "" : value.error().details.value_or("");
  };
  EXPECT_EQ(details("{"), "The input string ended unexpectedly.");
  EXPECT_EQ(details("[1,]"), "Expected JSON value, but found \"]\".");
  EXPECT_EQ(details("{\"a\" 1}"), "Expected \":\", but found \"1\".");
  EXPECT_EQ(details("01"), "Token \"01\" is invalid.");
  EXPECT_EQ(details("1 2"), "Expected end of input, but found \"2\".");
  EXPECT_EQ(details("{1:2}"), "Expected string or \"}\", but found \"1\".");
  EXPECT_EQ(details("\"\\q\""), "Escape sequence \"\\q\" is invalid.");
  EXPECT_EQ(details("\"\\u12\""), "\"\\u\" must be followed by four hexadecimal digits.");
}

TEST(ParseTextTest, DeepJsonIsForwardedBeforeTheStackEnds) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(code_of(parse_text(make_type("jsonb"), deep)), cache::kForwardCode);
  EXPECT_EQ(code_of(parse_text(make_type("json"), deep)), cache::kForwardCode);
}

// Eight bytes may stand for 131,072 digits, and a list of them for gigabytes.
TEST(ParseTextTest, DigitsThatOnlyExponentsGiveAreBounded) {
  const auto code = [](const char* type, const std::string& text) {
    const auto value = parse_text(make_type(type), text);
    return value ? "" : value.error().code;
  };
  std::string list;
  for (int i = 0; i < 3'000; ++i) list += (i > 0 ? "," : "") + std::string("1e900");
  for (const char* type : {"numeric", "jsonb"}) EXPECT_EQ(code(type, "1e131071"), "") << type;
  EXPECT_EQ(code("jsonb", "[" + list + "]"), cache::kForwardCode);
  EXPECT_EQ(code("numeric[]", "{" + list + "}"), cache::kForwardCode);
  EXPECT_EQ(code("numeric[]", "{" + list.substr(0, 6'005) + "}"), "");
}

TEST(ParseTextTest, MembersInAnotherOrderAtManyLevelsAreForwardedBeforeTheyTakeLong) {
  std::string value = "\"" + std::string(100'000, 'x') + "\"";
  for (int level = 0; level < 900; ++level) value = "{\"b\":" + value + ",\"a\":1}";
  const auto parsed = parse_text(make_type("jsonb"), value);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, cache::kForwardCode);
  EXPECT_EQ(*parse_text(make_type("jsonb"), R"({"b":{"b":1,"a":2},"a":3})"),
            Value(std::string(R"({"a": 3, "b": {"a": 2, "b": 1}})")));
}

TEST(ParseTextTest, BoundsOfAnArrayAreThoseOfPostgres) {
  const auto outcome = [](const char* text) {
    const auto value = parse_text(make_type("integer[]"), text);
    return value ? std::get<std::string>(*value) : value.error().message;
  };
  EXPECT_EQ(outcome("[2147483646:2147483646]={1}"), "[2147483646:2147483646]={1}");
  EXPECT_EQ(outcome("[2147483647:2147483647]={1}"), "array lower bound is too large: 2147483647");
  EXPECT_EQ(outcome("[-2147483648:2147483647]={1}"), "an array's bounds");
}

TEST(ParseOperandTest, ModifierOfTheColumnIsNotApplied) {
  EXPECT_EQ(*parse_operand(make_type("numeric(10,2)"), "1.005"), text("1.005"));
  EXPECT_EQ(*parse_operand(make_type("character varying(3)"), "abcdef"), text("abcdef"));
  EXPECT_EQ(*parse_operand(make_type("timestamp(0)"), "2000-01-01 00:00:00.6"), integer(600000));
  EXPECT_EQ(*parse_operand(make_type("character(1)[]"), "{a,\"b c\"}"), text("{a,\"b c\"}"));
  EXPECT_EQ(*parse_operand(make_type("numeric(5,2)[]"), "{1.234}"), text("{1.234}"));
  EXPECT_EQ(code_of(parse_text(make_type("character varying(3)"), "abcdef")), "22001");
}

TEST(ParseJsonTest, OpaqueTypesGiveBackTheTokenTheyCameFrom) {
  const auto type = make_type("some_composite");
  for (const char* token : {"{\"a\":1}", "\"[1,5)\"", "7", "[1, 2]", "\"\\u00e9\"", "null"}) {
    std::string out;
    cache::print_json(type, view(*parse_json(type, token)), out);
    EXPECT_EQ(out, std::string(token) == "\"\\u00e9\"" ? "\"\u00e9\"" : token);
  }
  const auto array = make_type("some_composite[]");
  std::string out;
  cache::print_json(array, view(*parse_json(array, "[{\"a\":1},\"x\"]")), out);
  EXPECT_EQ(out, "[{\"a\":1},\"x\"]");
}

TEST(PrintOutputTest, BoolAndPaddedCharactersDifferFromTheirCast) {
  const auto print = [](const char* type, const char* input) {
    const auto value = *parse_text(make_type(type), input);
    std::string cast;
    std::string output;
    cache::print_text(make_type(type), view(value), cast);
    cache::print_output(make_type(type), view(value), output);
    return cast + "|" + output;
  };
  EXPECT_EQ(print("boolean", "true"), "true|t");
  EXPECT_EQ(print("character(3)", "a"), "a|a  ");
}

TEST(PrintJsonTest, FloatColumnThatHoldsAnIntegerIsPrintedAsAFloat) {
  std::string out;
  cache::print_json(make_type("double precision"), std::int64_t{1000000000000000}, out);
  EXPECT_EQ(out, "1e+15");
}

TEST(JsonStringTest, EscapesStandWhereverTheirCharactersStood) {
  const std::pair<char, std::string> escapes[] = {
      {'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\x01', "\\u0001"}, {'\x1f', "\\u001f"}};
  for (std::size_t size = 1; size < 30; ++size) {
    // Neighbours of the characters that need an escape, and bytes beyond ASCII.
    const std::string plain =
        std::string("!# [] \x7f\xc3\xbf~a1 !#[]!# [] \x7f\xc3\xbf~a1 !#[]!#").substr(0, size);
    std::string printed;
    cache::append_json_string(plain, printed);
    EXPECT_EQ(printed, '"' + plain + '"');
    for (std::size_t at = 0; at < size; ++at) {
      for (const auto& [character, escape] : escapes) {
        std::string text = plain;
        text[at] = character;
        printed.clear();
        cache::append_json_string(text, printed);
        EXPECT_EQ(printed, '"' + text.substr(0, at) + escape + text.substr(at + 1) + '"');
      }
    }
  }
}

TEST(PrintJsonTest, MomentsFarFromTodayKeepTheirDigits) {
  const auto printed = [](const char* type, const char* text) {
    std::string out;
    cache::print_json(make_type(type), view(*parse_text(make_type(type), text)), out);
    return out;
  };
  EXPECT_EQ(printed("date", "5874897-12-31"), "\"5874897-12-31\"");
  EXPECT_EQ(printed("date", "0044-03-15 BC"), "\"0044-03-15 BC\"");
  EXPECT_EQ(printed("timestamptz", "294276-12-31 23:59:59.999999+00"),
            "\"294276-12-31T23:59:59.999999+00:00\"");
  EXPECT_EQ(printed("timestamp", "4713-11-24 00:00:00.05 BC"), "\"4713-11-24T00:00:00.05 BC\"");
  EXPECT_EQ(printed("time", "24:00:00"), "\"24:00:00\"");
  EXPECT_EQ(printed("interval", "-1234567:08:09.000010"), "\"-1234567:08:09.00001\"");
}

TEST(NumericCollationTest, UniqueIndexTakesEqualValuesForEqual) {
  cache::Database database(":memory:", cache::OpenMode::kReadWrite);
  cache::register_value_functions(database);
  database.execute("CREATE TABLE t (n TEXT COLLATE HF_NUMERIC UNIQUE)");
  database.execute("INSERT INTO t VALUES ('1.0'), ('10'), ('9.5'), ('NaN'), ('-Infinity')");
  EXPECT_THROW(database.execute("INSERT INTO t VALUES ('1.00')"), cache::SqliteError);
  cache::Statement select(database,
                          "SELECT group_concat(n, ' ') FROM (SELECT n FROM t ORDER BY n)");
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.text(0), "-Infinity 1.0 9.5 10 NaN");
}

TEST(NumericCollationTest, OrderIsTotalOverAnyText) {
  const std::vector<std::string> ordered = {"-Infinity", "-2", "-1.5",     "0",   "0.05", "0.5",
                                            "1",         "10", "Infinity", "NaN", "",     "x"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      const int expected = i < j ? -1 : i > j ? 1 : 0;
      EXPECT_EQ(cache::compare_numeric(ordered[i], ordered[j]), expected)
          << ordered[i] << " and " << ordered[j];
    }
  }
}

}  // namespace
}  // namespace holdfast::test
