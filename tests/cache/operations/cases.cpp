#include "tests/cache/operations/cases.h"

#include <map>
#include <set>

#include "cache/values/codec.h"
#include "tests/cache/values/samples.h"

namespace holdfast::test {
namespace {

// Most rows of one table: each filter looks at them all, on both sides.
constexpr std::size_t kMostRows = 2'000;

std::vector<std::string> tokens_of(const std::vector<std::string>& texts) {
  std::vector<std::string> tokens;
  for (const auto& text : texts) {
    std::string token;
    cache::append_json_string(text, token);
    tokens.push_back(std::move(token));
  }
  return tokens;
}

const std::vector<std::string> kWords = {
    "",  "a", "A",       "b",  "B",    "ab",     "aB",   "a b",  "a-b", "ab ",      "Z",
    "z", "é", "e\u0301", "É",  "ss",   "ß",      "SS",   "日本", "😀",   "👍🏽", "_",
    "0", "9", "10",      "\t", "\x01", "'",      "\"",   "\\",   "%",   "ı",        "I",
    "i", "İ", "ǆ",       "ﬁ",  "fi",   "\u200b", "null", "naïve"};

const std::vector<std::string> kAddresses = {"10.0.0.1",  "10.0.0.1/32",     "10.0.0.0/8",
                                             "::1",       "fe80::1/64",      "192.168.0.5/24",
                                             "0.0.0.0/0", "::ffff:10.0.0.1", "10.0.0.1/8"};

const std::vector<std::string> kRanges = {"{}",      "{[1,3)}", "{[1,2],[2,5)}", "{[1,2),[4,5)}",
                                          "{empty}", "{(,)}",   "{[5,),[1,2)}",  "{[1,1]}"};

const std::vector<std::string> kDays = {"{}", "{[2026-01-01,2026-01-03)}",
                                        "{[2026-01-01,2026-01-02],[2026-01-03,2026-01-04]}",
                                        "{(,2026-01-01)}", "{[infinity,]}"};

// Types that the samples of cache/values do not have.
std::vector<OperationCase> further_cases() {
  const std::vector<std::string> amounts = {"0", "1", "1.005", "12.5", "99999999.99", "1.50", "7"};
  const std::vector<std::string> bits = {"0000", "1111", "1010", "0101", "1"};
  return {
      {"text COLLATE \"C\"", tokens_of(kWords)},
      {"text COLLATE \"und-x-icu\"", tokens_of(kWords)},
      {"text COLLATE \"de-x-icu\"", tokens_of(kWords)},
      {"text COLLATE without_case", tokens_of(kWords)},
      {"citext", tokens_of(kWords)},
      {"amount", tokens_of(amounts)},
      {"short_word", tokens_of({"", "a", "ab", "abc", "b", "abcd"})},
      {"feeling", tokens_of({"sad", "ok", "so, so"})},
      {"inet", tokens_of(kAddresses)},
      {"cidr", tokens_of({"10.0.0.0/8", "10.1.0.0/16", "::/0", "10.0.0.0/16"})},
      {"macaddr", tokens_of({"08:00:2b:01:02:03", "08002b-010203", "ff:ff:ff:ff:ff:ff"})},
      {"money", tokens_of({"0", "1.5", "-2.25", "1000000"})},
      {"bit(4)", tokens_of(bits)},
      {"bit varying(6)", tokens_of(bits)},
      {"int4multirange", tokens_of(kRanges)},
      {"nummultirange", tokens_of(kRanges)},
      {"datemultirange", tokens_of(kDays)},
      {"tsvector", tokens_of({"", "a", "a b", "b:1 a:2", "'x y'"})},
      {"point", tokens_of({"(0,0)", "(1,2)", "(1.0,2)", "(-0,1)"})},
      {"box", tokens_of({"(1,1),(0,0)", "(2,2),(1,1)", "(4,1),(0,0)"})},
      {"date[]", tokens_of({"{2026-01-01}", "{}", "{infinity,NULL}", "{2025-12-31,2026-01-01}"})},
      {"uuid[]", tokens_of({"{}", "{00000000-0000-0000-0000-000000000000,NULL}"})},
      {"double precision[]", tokens_of({"{}", "{1,NaN}", "{-0}", "{0}", "{Infinity,1e300}"})},
      {"pair", tokens_of({"(1,a)", "(1,b)", "(,)", "(2,\"x,y\")"})}};
}

// The same type occurs in several samples.
std::vector<OperationCase> sampled_cases() {
  std::map<std::string, std::vector<std::string>> by_type;
  std::vector<std::string> order;
  for (const Sample& sample : make_samples(4)) {
    auto& tokens = by_type[sample.type.name];
    if (tokens.empty()) order.push_back(sample.type.name);
    tokens.insert(tokens.end(), sample.tokens.begin(), sample.tokens.end());
  }
  std::vector<OperationCase> cases;
  for (const auto& type : order) {
    const auto& all = by_type[type];
    OperationCase each{type, {"null"}};
    // Evenly over edges and generated values.
    const std::size_t step = all.size() / kMostRows + 1;
    std::set<std::string> seen;
    for (std::size_t n = 0; n < all.size(); n += n < kMostRows / 2 ? 1 : step) {
      // The lower bounds of arrays are lost in JSON, the upstream's own answers included.
      const bool bounded = all[n].find("]=") != std::string::npos;
      const bool wanted = !bounded && each.tokens.size() < kMostRows;
      if (wanted && seen.insert(all[n]).second) each.tokens.push_back(all[n]);
    }
    cases.push_back(std::move(each));
  }
  return cases;
}

}  // namespace

const char* const kOperationTypes = R"sql(
SET client_min_messages = error;
CREATE EXTENSION citext;
CREATE COLLATION without_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy', 'so, so');
CREATE DOMAIN amount AS numeric(10,2) CHECK (value >= 0);
CREATE DOMAIN short_word AS character varying(3);
CREATE DOMAIN feeling AS mood;
CREATE TYPE pair AS (a int, b text);
)sql";

std::vector<OperationCase> operation_cases() {
  auto cases = sampled_cases();
  for (OperationCase& each : further_cases()) {
    each.tokens.insert(each.tokens.begin(), "null");
    cases.push_back(std::move(each));
  }
  return cases;
}

}  // namespace holdfast::test
