#include "cache/values/tsvector.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "cache/values/input_error.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

constexpr std::size_t kLongestVector = 256 * 1024;  // far below what Postgres takes
constexpr std::size_t kMostDigits = 9;

// Whether it begins with a character beyond ASCII that is a blank in some locale.
bool may_begin_with_blank(std::string_view text) {
  if (text.starts_with("\xE2\x80") && text.size() > 2) {
    const auto last = static_cast<unsigned char>(text[2]);
    return last <= 0x8F || last == 0xA8 || last == 0xA9 || last == 0xAF;
  }
  constexpr std::string_view kBlanks[] = {"\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80",
                                          "\xE1\xA0\x8E", "\xE2\x81\x9F", "\xE3\x80\x80",
                                          "\xEF\xBB\xBF"};
  return std::any_of(std::begin(kBlanks), std::end(kBlanks),
                     [&](std::string_view blank) { return text.starts_with(blank); });
}

// Each place once, with the greatest of its weights.
void unite(std::vector<TsPosition>& positions) {
  std::sort(positions.begin(), positions.end(), [](const TsPosition& a, const TsPosition& b) {
    return a.at != b.at ? a.at < b.at : a.weight > b.weight;
  });
  const auto end = std::unique(positions.begin(), positions.end(),
                               [](const auto& a, const auto& b) { return a.at == b.at; });
  positions.erase(end, positions.end());
  if (positions.size() > kMostPositions) positions.resize(kMostPositions);
}

TsVector united(TsVector read) {
  std::stable_sort(read.begin(), read.end(),
                   [](const TsLexeme& a, const TsLexeme& b) { return a.lexeme < b.lexeme; });
  TsVector vector;
  for (TsLexeme& entry : read) {
    if (vector.empty() || vector.back().lexeme != entry.lexeme) {
      vector.push_back(std::move(entry));
    } else {
      auto& positions = vector.back().positions;
      positions.insert(positions.end(), entry.positions.begin(), entry.positions.end());
    }
  }
  for (TsLexeme& entry : vector) unite(entry.positions);
  return vector;
}

class TsVectorReader {
 public:
  explicit TsVectorReader(std::string_view text) : text_(text), rest_(text) {}

  Result<TsVector> run() {
    if (text_.size() > kLongestVector) return only_upstream("a very long tsvector");
    TsVector read;
    for (skip_blanks(); !rest_.empty(); skip_blanks()) {
      TsLexeme& entry = read.emplace_back();
      const bool quoted = take('\'');
      HF_TRY_VOID(quoted ? read_quoted(entry.lexeme) : read_bare(entry.lexeme));
      if (entry.lexeme.empty()) return wrong_syntax();
      if (take(':')) HF_TRY_VOID(read_positions(entry.positions));
      if (entry.lexeme.size() > kLongestLexeme) return too_long(entry.lexeme.size());
    }
    return united(std::move(read));
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  char next() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void skip_blanks() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }

  Result<void> read_escaped(std::string& lexeme) {
    if (rest_.empty()) return error("42601", "there is no escaped character: ");
    lexeme += next();
    return {};
  }

  Result<void> read_quoted(std::string& lexeme) {
    while (!rest_.empty()) {
      const char c = next();
      if (c == '\\') {
        HF_TRY_VOID(read_escaped(lexeme));
      } else if (c == '\'' && !take('\'')) {
        return {};
      } else {
        lexeme += c;
      }
    }
    return wrong_syntax();
  }

  Result<void> read_bare(std::string& lexeme) {
    while (!rest_.empty() && !is_space(rest_.front())) {
      // A colon as the first character is one of the word.
      if (rest_.front() == ':' && !lexeme.empty()) return {};
      if (may_begin_with_blank(rest_)) return only_upstream("a blank of some locales");
      const char c = next();
      if (c == '\\') {
        HF_TRY_VOID(read_escaped(lexeme));
      } else {
        lexeme += c;
      }
    }
    return {};
  }

  Result<void> read_positions(std::vector<TsPosition>& positions) {
    do {
      TsPosition position;
      HF_TRY(position.at, read_number());
      while (!rest_.empty() && !is_space(rest_.front()) && rest_.front() != ',') {
        const char c = next();
        if (is_digit(c)) continue;  // Postgres passes over them
        const auto weight = c == '*' ? weight_of('A') : weight_of(c);
        if (!weight || position.weight != 0) return wrong_syntax();
        position.weight = *weight;
      }
      positions.push_back(position);
    } while (take(','));
    return {};
  }

  Result<std::uint16_t> read_number() {
    const auto digits = std::find_if_not(rest_.begin(), rest_.end(), is_digit) - rest_.begin();
    if (digits == 0) return wrong_syntax();
    if (static_cast<std::size_t>(digits) > kMostDigits) return only_upstream("a long position");
    std::uint32_t number = 0;
    std::from_chars(rest_.data(), rest_.data() + digits, number);
    rest_.remove_prefix(static_cast<std::size_t>(digits));
    if (number == 0) return error("42601", "wrong position info in tsvector: ");
    return static_cast<std::uint16_t>(std::min(number, kLastPosition));
  }

  Error error(const char* code, const std::string& words) const {
    return invalid_request(code, words + '"' + std::string(text_) + '"');
  }
  Error wrong_syntax() const { return error("42601", "syntax error in tsvector: "); }
  static Error too_long(std::size_t size) {
    return invalid_request("54000", "word is too long (" + std::to_string(size) + " bytes, max " +
                                        std::to_string(kLongestLexeme) + " bytes)");
  }

  std::string_view text_;
  std::string_view rest_;
};

}  // namespace

std::optional<std::uint8_t> weight_of(char letter) {
  constexpr std::string_view kLetters = "dcba";
  const auto weight = kLetters.find(to_lower(letter));
  if (weight == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(weight);
}

Result<TsVector> parse_tsvector(std::string_view text) { return TsVectorReader(text).run(); }

std::string print_tsvector(const TsVector& vector) {
  std::string out;
  for (const TsLexeme& entry : vector) {
    if (!out.empty()) out += ' ';
    out += '\'';
    for (const char c : entry.lexeme) {
      if (c == '\'' || c == '\\') out += c;
      out += c;
    }
    out += '\'';
    char before = ':';
    for (const TsPosition& position : entry.positions) {
      out += before;
      out += std::to_string(position.at);
      if (position.weight != 0) out += static_cast<char>('D' - position.weight);
      before = ',';
    }
  }
  return out;
}

TsVector with_weight(TsVector vector, std::uint8_t weight) {
  for (TsLexeme& entry : vector) {
    for (TsPosition& position : entry.positions) position.weight = weight;
  }
  return vector;
}

std::optional<TsVector> joined(TsVector left, TsVector right) {
  std::uint32_t last = 0;
  for (const TsLexeme& entry : left) {
    for (const TsPosition& position : entry.positions)
      last = std::max<std::uint32_t>(last, position.at);
  }
  for (TsLexeme& entry : right) {
    for (TsPosition& position : entry.positions) {
      if (position.at + last > kLastPosition) return std::nullopt;
      position.at = static_cast<std::uint16_t>(position.at + last);
    }
    left.push_back(std::move(entry));
  }
  TsVector vector = united(std::move(left));
  const bool kept = std::all_of(vector.begin(), vector.end(), [](const TsLexeme& entry) {
    return entry.positions.size() < kMostPositions;
  });
  return kept ? std::optional(std::move(vector)) : std::nullopt;
}

}  // namespace holdfast::cache
