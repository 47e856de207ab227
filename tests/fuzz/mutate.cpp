#include "tests/fuzz/mutate.h"

#include <array>
#include <fstream>
#include <stdexcept>

namespace holdfast::fuzz {
namespace {

// What the languages under test have in common.
constexpr std::array<std::string_view, 40> kTokens = {"(",        ")",
                                                      ",",        ".",
                                                      "\"",       "\\",
                                                      "*",        ":",
                                                      "::",       "->",
                                                      "->>",      "!inner",
                                                      "...",      "=",
                                                      "&",        "not.",
                                                      "or=(",     "eq.",
                                                      "is.null",  "in.(",
                                                      "%",        "%00",
                                                      "%22",      "+",
                                                      "{",        "}",
                                                      "[",        "]",
                                                      "NULL",     "null",
                                                      "-1",       "9223372036854775808",
                                                      "1e400",    "NaN",
                                                      "infinity", "\r\n",
                                                      "\xff",     "\xf0\x9f\x98\x80",
                                                      "\xc3",     "order=id.desc"};

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw std::runtime_error("a seed has a bad escape");
}

std::string unescape(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      out += line[i];
    } else if (const char kind = line[++i]; kind == 'x' && i + 2 < line.size()) {
      out += static_cast<char>(hex(line[i + 1]) * 16 + hex(line[i + 2]));
      i += 2;
    } else {
      out += kind == 'n' ? '\n' : kind == 'r' ? '\r' : kind;
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> seeds_of(std::string_view target) {
  std::ifstream file(HF_FUZZ_SEEDS "/" + std::string(target) + ".txt");
  std::vector<std::string> seeds;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') seeds.push_back(unescape(line));
  }
  if (seeds.empty()) throw std::runtime_error("no seeds of " + std::string(target));
  return seeds;
}

void Mutator::change(std::string& text) {
  const std::size_t at = below(text.size() + 1);
  const std::size_t length = std::min(below(8) + 1, text.size() - at);
  const std::string& other = seeds_[below(seeds_.size())];
  switch (below(7)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(below(256));
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, text.substr(at, length));
      break;
    case 3:
    case 4:
      text.insert(at, kTokens[below(kTokens.size())]);
      break;
    case 5:
      text.replace(at, length, other.substr(below(other.size() + 1), below(16)));
      break;
    default:
      text = text.substr(0, at) + other.substr(below(other.size() + 1));
  }
}

std::string Mutator::next() {
  std::string text = seeds_[below(seeds_.size())];
  for (std::size_t changes = below(5) + 1; changes > 0; --changes) change(text);
  return text;
}

}  // namespace holdfast::fuzz
