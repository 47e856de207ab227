#include "tests/cache/values/samples.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>

#include "cache/values/codec.h"
#include "tests/cache/values/edges.h"

namespace holdfast::test {
namespace {

using cache::make_type;

std::string as_token(std::string_view text) {
  std::string out;
  cache::append_json_string(text, out);
  return out;
}

std::vector<std::string> as_tokens(const std::vector<std::string>& texts) {
  std::vector<std::string> tokens;
  for (const auto& text : texts) tokens.push_back(as_token(text));
  return tokens;
}

// The same numbers in every run.
class Random {
 public:
  explicit Random(int many) : many_(many) {}
  int many() const { return many_; }
  std::uint64_t bits() { return engine_(); }
  int below(int limit) { return static_cast<int>(bits() % static_cast<std::uint64_t>(limit)); }
  int between(int least, int greatest) { return least + below(greatest - least + 1); }
  bool one_in(int count) { return below(count) == 0; }

  std::string digits(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += static_cast<char>('0' + below(10));
    return out;
  }

  std::string padded(int value, int width) {
    const std::string digits = std::to_string(value);
    const auto missing = width - static_cast<int>(digits.size());
    return std::string(static_cast<std::size_t>(std::max(missing, 0)), '0') + digits;
  }

  std::string pick(const std::vector<std::string>& texts) {
    return texts[static_cast<std::size_t>(below(static_cast<int>(texts.size())))];
  }

 private:
  const int many_;
  std::mt19937_64 engine_{20261121};
};

std::string number(Random& random) {
  std::string out = random.one_in(3) ? "-" : "";
  const int whole = random.one_in(5) ? random.between(15, 40) : random.between(1, 6);
  out += std::to_string(random.between(1, 9)) + random.digits(whole - 1);
  if (random.one_in(2)) out += "." + random.digits(random.between(1, random.one_in(5) ? 30 : 4));
  if (random.one_in(6)) out += "e" + std::to_string(random.between(-20, 20));
  return out;
}

std::string float_text(Random& random) {
  double value = 0;
  const std::uint64_t bits = random.bits();
  std::memcpy(&value, &bits, sizeof value);
  if (random.one_in(2)) value = static_cast<double>(random.between(-100000, 100000)) / 64;
  if (random.one_in(4)) value = std::pow(10.0, random.between(-30, 30));
  if (random.one_in(6)) value = std::ldexp(1.0, random.between(-200, 200));
  if (!std::isfinite(value)) return "1.5";
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific)
                       .ptr;
  return {buffer.data(), end};
}

std::string date(Random& random) {
  const int year = random.one_in(6) ? random.between(1, 290000) : random.between(1900, 2100);
  std::string out = random.padded(year, 4) + "-" + random.padded(random.between(1, 12), 2) + "-" +
                    random.padded(random.between(1, random.one_in(8) ? 31 : 28), 2);
  return out;
}

std::string clock(Random& random) {
  std::string out = random.padded(random.below(24), 2) + ":" + random.padded(random.below(60), 2);
  if (random.one_in(8)) return out;
  out += ":" + random.padded(random.below(60), 2);
  if (random.one_in(2)) out += "." + random.digits(random.between(1, 8));
  return out;
}

std::string zone(Random& random) {
  const std::string sign = random.one_in(2) ? "+" : "-";
  const std::string hour = random.padded(random.below(15), 2);
  switch (random.below(5)) {
    case 0:
      return "Z";
    case 1:
      return sign + hour;
    case 2:
      return sign + hour + ":" + random.padded(random.below(60), 2);
    case 3:
      return sign + hour + random.padded(random.below(60), 2);
    default:
      return "";
  }
}

std::string moment(Random& random) {
  std::string out = date(random);
  if (!random.one_in(8)) out += (random.one_in(2) ? "T" : " ") + clock(random) + zone(random);
  if (random.one_in(20)) out = "0" + random.digits(3) + "-03-04 " + clock(random) + " BC";
  return out;
}

std::string interval(Random& random) {
  std::string out;
  for (const char* unit : {" years", " mons", " days"}) {
    if (random.one_in(2)) out += std::to_string(random.between(-40, 40)) + unit + " ";
  }
  if (out.empty() || random.one_in(2)) out += (random.one_in(3) ? "-" : "") + clock(random);
  return out;
}

std::string word(Random& random) {
  static const std::vector<std::string> pieces = {
      "a",  "B", "z",  " ", "\"", "\\", "{",    "}",    ",", "\n",   "é", "ß",
      "日", "😀", "\t", "0", "_",  "/",  "\x01", "\x7f", "'", "null", "x", "y"};
  std::string out;
  for (int i = random.below(7); i > 0; --i) out += random.pick(pieces);
  return out;
}

std::string json_value(Random& random, int depth) {
  switch (random.below(depth > 0 ? 7 : 5)) {
    case 0:
      return as_token(word(random));
    case 1:
      return number(random);
    case 2:
      return random.pick({"true", "false", "null"});
    case 3:
      return "\"\\u00e9\\/\\ud83d\\ude00\"";
    case 4:
      return random.pick({"0", "-0", "1.50", "1E3", "1e-3", "-0.0", "10"});
    case 5: {
      std::string out = "[";
      for (int i = random.below(4); i > 0; --i) {
        out += json_value(random, depth - 1) + (i > 1 ? ", " : "");
      }
      return out + "]";
    }
    default: {
      std::string out = "{ ";
      for (int i = random.below(5); i > 0; --i) {
        out += as_token(word(random)) + ":" + json_value(random, depth - 1) + (i > 1 ? "," : "");
      }
      return out + "}";
    }
  }
}

std::string bytes(Random& random) {
  std::string out = "\\x";
  for (int i = random.below(9); i > 0; --i) {
    out += random.pick({"00", "0a", "FF", "7F", "61", "A0", "09"});
  }
  return out;
}

using Generator = std::string (*)(Random&);

// `edges` and `count` generated texts, as JSON strings.
Sample strings(std::string_view type, std::vector<std::string> edges, Generator generator,
               int count, Random& random) {
  for (int i = 0; i < count * random.many(); ++i) edges.push_back(generator(random));
  const bool mood = type.starts_with("mood");
  return {make_type(type, mood ? kMoods : std::vector<std::string>()), as_tokens(edges)};
}

void add_scalars(std::vector<Sample>& samples, Random& random) {
  const auto add = [&](std::string_view type, const std::vector<std::string>& edges,
                       Generator generator, int count) {
    samples.push_back(strings(type, edges, generator, count, random));
  };
  const Generator integer = [](Random& r) { return std::to_string(r.between(-70000, 70000)); };
  for (const char* type : {"smallint", "integer", "bigint", "oid"}) {
    add(type, kIntegerEdges, integer, 60);
  }
  for (const char* type : {"real", "double precision"}) add(type, kFloatEdges, float_text, 500);
  for (const char* type : {"numeric", "numeric(10,2)", "numeric(5,5)", "numeric(3,-2)"}) {
    add(type, kNumericEdges, number, 200);
  }
  add("boolean", {"t",   "f", "TRUE", "fal", "y",  "no", "n", "on",    "of",  "o",
                  "OFF", "1", "0",    " t ", "10", "x",  "",  "truex", "yes", "on "},
      integer, 0);
  add("uuid", kUuidEdges, integer, 0);
  add("mood", {"sad", "ok", "very happy", "so, so", "OK", "", "sad "}, word, 20);
  for (const char* type :
       {"text", "character varying(5)", "character(5)", "bpchar", "name", "character varying"}) {
    add(type,
        {"", " ", "abcde", "abcde   ", "abcdef", "abcd ef", "ééééé", "éééééé", "a\tb", "a ", "a",
         std::string(70, 'n'), std::string(62, 'n') + "é", "A", "b"},
        word, 150);
  }
  add("bytea",
      {"", "\\x", "\\x00ff", "\\xAB cd", "\\xabc", "\\xzz", "abc", "a\\\\b", "a\\001\\377b", "a\\b",
       "\\", "\\400", "é", "\\xé0", "\\x0\n0"},
      bytes, 100);
}

void add_times(std::vector<Sample>& samples, Random& random) {
  const auto add = [&](std::string_view type, std::vector<std::string> edges, Generator generator) {
    samples.push_back(strings(type, std::move(edges), generator, 250, random));
  };
  add("date", kDateEdges, moment);
  auto moments = kMomentEdges;
  moments.insert(moments.end(), kDateEdges.begin(), kDateEdges.end());
  for (const char* type : {"timestamp without time zone", "timestamp(2) without time zone",
                           "timestamp with time zone", "timestamp(0) with time zone"}) {
    add(type, moments, moment);
  }
  const Generator zoned = [](Random& r) { return clock(r) + zone(r); };
  for (const char* type : {"time without time zone", "time(3) without time zone",
                           "time with time zone", "time(3) with time zone"}) {
    add(type, kClockEdges, zoned);
  }
  for (const char* type : {"interval", "interval(2)"}) add(type, kIntervalEdges, interval);
}

void add_json(std::vector<Sample>& samples, Random& random) {
  std::vector<std::string> tokens = {"{\"b\":1,\"a\":2,\"aa\":0,\"a\":3}",
                                     "[]",
                                     "{}",
                                     "[1, 2 ,3]",
                                     "\"\\u0041\\n\\u001f\"",
                                     "{\"\":[{}]}",
                                     "1E5",
                                     "1e400",
                                     "123456789012345678901234567890.500",
                                     "\"\\ud800\"",
                                     "null",
                                     "\"\\u0000\"",
                                     "\"\\udc00\"",
                                     "\"\\ud800\\ud800\"",
                                     "\"\\ud800x\"",
                                     "[{\"z\":null}, [[]]]",
                                     "{\"a\":{\"c\":1,\"b\":[true,false,null]},\"A\":\"\"}",
                                     "1e-20000",
                                     "1e200000"};
  for (int i = 0; i < 300 * random.many(); ++i) tokens.push_back(json_value(random, 4));
  samples.push_back({make_type("json"), tokens});
  samples.push_back({make_type("jsonb"), tokens});
  // What json_populate_record() makes of any JSON value in a column of another type.
  for (const char* type :
       {"text", "integer", "numeric", "boolean", "integer[]", "text[]", "jsonb[]"}) {
    samples.push_back({make_type(type), tokens});
  }
}

void add_arrays(std::vector<Sample>& samples, Random& random) {
  for (const char* type :
       {"integer[]", "text[]", "boolean[]", "numeric(6,2)[]", "character(3)[]", "jsonb[]"}) {
    samples.push_back(strings(
        type, kArrayEdges, [](Random&) { return std::string("{}"); }, 1, random));
  }
  samples.push_back(strings("mood[]", {"{sad,ok}", "{\"very happy\",NULL}", "{x}", "{\"so, so\"}"},
                            word, 0, random));
  samples.push_back({make_type("integer[]"),
                     {"[1,2,3]", "[]", "[[]]", "[[1,2],[3,4]]", "[[1],[2,3]]", "[1,[2]]", "[[1],2]",
                      "[null,1]", "\"{1,2}\"", "5", "{\"a\":1}", "[\"7\"]", "[1.5]", "[[[1]]]",
                      "[[],[]]", "[[null],[5]]", "[{}]", "true"}});
  Sample texts{make_type("text[]"),
               {"[[\"a\",\"b\"],[\"c\",null]]", "[\"\",\"NULL\",null]", "[[1],{}]"}};
  Sample times{make_type("timestamp with time zone[]"), {}};
  for (int i = 0; i < 150 * random.many(); ++i) {
    texts.tokens.push_back("[" + as_token(word(random)) + "," + as_token(word(random)) + "]");
    times.tokens.push_back("[" + as_token(moment(random)) + ",null]");
  }
  samples.push_back(std::move(texts));
  samples.push_back(std::move(times));
  samples.push_back({make_type("boolean[]"), {"[true,false,null]", "[\"t\",\"no\"]", "[1]"}});
  samples.push_back(
      {make_type("jsonb[]"), {"[{\"b\":1,\"a\":[1, 2]},3,\"x\",null]", "[[1,2],[3,4]]"}});
}

std::string small_number(Random& random) { return std::to_string(random.between(-9, 9)); }
std::string small_decimal(Random& random) {
  return std::to_string(random.below(5)) + ".5" + random.digits(1);
}
std::string early_day(Random& random) {
  if (random.one_in(9)) return random.one_in(2) ? "infinity" : "-infinity";
  return "2026-01-0" + std::to_string(random.between(1, 9));
}

template <std::string (*kBound)(Random&)>
std::string range_of(Random& random) {
  const auto side = [&] { return random.one_in(6) ? "" : "\"" + kBound(random) + "\""; };
  const std::string lower = side();
  return (random.one_in(2) ? "[" : "(") + lower + "," + side() + (random.one_in(2) ? "]" : ")");
}

void add_ranges(std::vector<Sample>& samples, Random& random) {
  const auto add = [&](std::string_view type, Generator generator) {
    samples.push_back(strings(type, kRangeEdges, generator, 150, random));
  };
  add("int4range", range_of<small_number>);
  add("int8range", range_of<small_number>);
  add("numrange", range_of<small_decimal>);
  const std::vector<std::string> bounds = {"empty",
                                           "(,)",
                                           "[-infinity,infinity]",
                                           "(-infinity,infinity)",
                                           "[5874897-12-31,]",
                                           "[2026-01-02,2026-01-01]"};
  for (const char* type : {"daterange", "tsrange", "tstzrange"}) {
    samples.push_back(strings(type, bounds, range_of<early_day>, 150, random));
  }
  samples.push_back({make_type("int4range[]"), as_tokens({"{\"[1,3]\",empty,NULL}", "{}"})});
}

// Few and small elements, so that arrays agree in their beginning, and in all but their form.
void add_like_arrays(std::vector<Sample>& samples, Random& random) {
  const Generator numbers = [](Random& r) {
    std::string out = r.one_in(4) ? "[0:2]={" : "{";
    const int count = out.size() > 1 ? 3 : r.below(5);
    for (int i = 0; i < count; ++i) {
      if (i > 0) out += ',';
      out += r.one_in(5) ? "NULL" : std::to_string(r.below(3)) + (r.one_in(3) ? ".0" : "");
    }
    return out + "}";
  };
  samples.push_back(strings("numeric[]", {"{{1,2},{1,2}}", "{1,2,1,2}", "{{1,2,1,2}}", "{NaN}"},
                            numbers, 150, random));
  samples.push_back(strings("text[]", {"{a}", "{a,b}", "{\"\"}", "{ab}", "{NULL}", "{a,NULL}"},
                            numbers, 60, random));
  samples.push_back(strings("interval[]",
                            {"{1 mon}", "{30 days}", "{-1 day,24:00:00}", "{-00:00:01}"}, numbers,
                            0, random));
}

// Words of few letters, so that they come twice, with marks, quotes and places.
std::string words(Random& random) {
  static const std::vector<std::string> pieces = {"a", "b",  "ab",  "a",   "'",    "''",  "\\",
                                                  ":", ":1", ":2A", ":3b", ":1*",  ",2C", ",1d",
                                                  " ", " ",  "\t",  "é",   "'a b'"};
  std::string out;
  for (int n = 1 + random.below(7); n > 0; --n) {
    out += pieces[static_cast<std::size_t>(random.below(static_cast<int>(pieces.size())))];
  }
  return out;
}

}  // namespace

std::vector<Sample> make_samples(int many) {
  Random random(many);
  std::vector<Sample> samples;
  add_scalars(samples, random);
  add_times(samples, random);
  add_json(samples, random);
  add_arrays(samples, random);
  add_ranges(samples, random);
  add_like_arrays(samples, random);
  samples.push_back(strings("tsvector", kWordEdges, words, 400, random));
  return samples;
}

}  // namespace holdfast::test
