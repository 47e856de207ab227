#include "cache/values/array_literal.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

#include "cache/values/input_error.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

class LiteralParser {
 public:
  explicit LiteralParser(std::string_view text) : text_(text) {}

  Result<ArrayLiteral> run() {
    skip_space();
    HF_TRY_VOID(bounds());
    if (!take('{')) {
      return malformed(declared_ ? "Array contents must start with \"{\"."
                                 : "Array value must start with \"{\" or dimension information.");
    }
    HF_TRY_VOID(level(1));
    skip_space();
    if (at_ < text_.size()) return malformed("Junk after closing right brace.");
    return finish();
  }

 private:
  static constexpr int kUnknown = -1;
  static constexpr int kLargest = std::numeric_limits<int>::max();

  Error malformed(std::string details) const {
    return invalid_request("22P02", "malformed array literal: \"" + std::string(text_) + "\"",
                           std::move(details));
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Signs and digits, of which atoi() reads what it can.
  Result<int> bound(const char* missing) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '-' || text_[at_] == '+')) {
      ++at_;
    }
    std::string_view read = text_.substr(begin, at_ - begin);
    if (read.empty()) return malformed(missing);
    if (read[0] == '+' && !read.starts_with("+-")) read.remove_prefix(1);
    int value = 0;
    const auto error = std::from_chars(read.data(), read.data() + read.size(), value).ec;
    if (error == std::errc::result_out_of_range) return only_upstream("an array's bound");
    return value;
  }

  // [l:u] or [size] for every dimension, then an equals sign.
  Result<void> bounds() {
    while (take('[')) {
      declared_ = true;
      if (array_.sizes.size() == ArrayLiteral::kMaxDimensions) return too_many_dimensions(7);
      HF_TRY(int upper, bound("\"[\" must introduce explicitly-specified array dimensions."));
      int lower = 1;
      if (take(':')) {
        lower = upper;
        HF_TRY(upper, bound("Missing array dimension value."));
      }
      if (!take(']')) return malformed("Missing \"]\" after array dimensions.");
      if (upper < lower) {
        return invalid_request("2202E", "upper bound cannot be less than lower bound");
      }
      const std::int64_t size = std::int64_t{upper} - lower + 1;
      if (size > kLargest) return only_upstream("an array's bounds");
      array_.sizes.push_back(static_cast<int>(size));
      array_.lower_bounds.push_back(lower);
      skip_space();
    }
    if (declared_ && !take('=')) return malformed("Missing \"=\" after array dimensions.");
    if (declared_) skip_space();
    return {};
  }

  // Behind its opening brace, to behind its closing one.
  Result<void> level(std::size_t depth) {
    if (depth > ArrayLiteral::kMaxDimensions) return too_many_dimensions(depth);
    int count = 0;
    skip_space();
    if (depth == 1 && take('}')) return close(depth, count);
    while (true) {
      HF_TRY_VOID(item(depth));
      ++count;
      skip_space();
      if (take('}')) return close(depth, count);
      if (at_ == text_.size()) return malformed("Unexpected end of input.");
      if (take('{')) return malformed("Unexpected \"{\" character.");
      if (!take(',')) return malformed("Unexpected array element.");
      skip_space();
    }
  }

  Result<void> item(std::size_t depth) {
    if (at_ == text_.size()) return malformed("Unexpected end of input.");
    if (take('{')) {
      if (leaf_depth_ != 0 && depth >= leaf_depth_) return malformed("Unexpected \"{\" character.");
      return level(depth + 1);
    }
    if (text_[at_] == '}') return malformed("Unexpected \"}\" character.");
    if (leaf_depth_ == 0) leaf_depth_ = depth;
    if (leaf_depth_ != depth) return malformed("Unexpected array element.");
    return take('"') ? quoted() : bare();
  }

  Error ragged() const {
    return malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
  }

  Result<void> close(std::size_t depth, int count) {
    if (counts_.size() < depth) counts_.resize(depth, kUnknown);
    int& known = counts_[depth - 1];
    if (known == kUnknown) known = count;
    if (known != count) return ragged();
    return {};
  }

  Result<void> quoted() {
    std::string element;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') {
        array_.elements.emplace_back(std::move(element));
        return {};
      }
      if (c == '\\' && at_ == text_.size()) break;
      element += c == '\\' ? text_[at_++] : c;
    }
    return malformed("Unexpected end of input.");
  }

  Result<void> bare() {
    std::string element;
    std::size_t kept = 0;  // without trailing white space, unless it is escaped
    bool escaped = false;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}') {
      char c = text_[at_++];
      if (c == '{') return malformed("Unexpected \"{\" character.");
      if (c == '"') return malformed("Unexpected array element.");
      const bool escape = c == '\\';
      if (escape) {
        if (at_ == text_.size()) return malformed("Unexpected end of input.");
        c = text_[at_++];
        escaped = true;
      }
      element += c;
      if (escape || !is_space(c)) kept = element.size();
    }
    element.resize(kept);
    if (element.empty()) return unexpected_here();
    const bool null = !escaped && equals_ignoring_case(element, "null");
    array_.elements.push_back(null ? std::nullopt : std::optional(std::move(element)));
    return {};
  }

  Error unexpected_here() const {
    if (at_ == text_.size()) return malformed("Unexpected end of input.");
    return malformed(std::string("Unexpected \"") + text_[at_] + "\" character.");
  }

  Result<ArrayLiteral> finish() {
    if (array_.elements.empty()) counts_.clear();
    if (!declared_) {
      array_.sizes = counts_;
      array_.lower_bounds.assign(counts_.size(), 1);
    } else if (array_.sizes != counts_) {
      return malformed("Specified array dimensions do not match array contents.");
    }
    for (std::size_t i = 0; i < array_.sizes.size(); ++i) {
      const int lower = array_.lower_bounds[i];
      if (std::int64_t{lower} + array_.sizes[i] <= kLargest) continue;
      return invalid_request("54000", "array lower bound is too large: " + std::to_string(lower));
    }
    return std::move(array_);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool declared_ = false;
  std::size_t leaf_depth_ = 0;
  std::vector<int> counts_;
  ArrayLiteral array_;
};

bool needs_quotes(std::string_view element) {
  if (element.empty() || equals_ignoring_case(element, "null")) return true;
  return std::any_of(element.begin(), element.end(), [](char c) {
    return c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || is_space(c);
  });
}

void append_element(const std::optional<std::string>& element, std::string& out) {
  if (!element) {
    out += "NULL";
    return;
  }
  if (!needs_quotes(*element)) {
    out += *element;
    return;
  }
  out += '"';
  for (const char c : *element) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_dimension(const ArrayLiteral& array, std::size_t dimension, std::size_t& next,
                      std::string& out) {
  out += '{';
  for (int i = 0; i < array.sizes[dimension]; ++i) {
    if (i > 0) out += ',';
    if (dimension + 1 < array.sizes.size()) {
      append_dimension(array, dimension + 1, next, out);
    } else {
      append_element(array.elements[next++], out);
    }
  }
  out += '}';
}

}  // namespace

Error too_many_dimensions(std::size_t dimensions) {
  return invalid_request("54000", "number of array dimensions (" + std::to_string(dimensions) +
                                      ") exceeds the maximum allowed (6)");
}

Result<ArrayLiteral> parse_array_literal(std::string_view text) {
  return LiteralParser(text).run();
}

std::string print_array_literal(const ArrayLiteral& array) {
  if (array.sizes.empty()) return "{}";
  std::string out;
  const auto usual = [](int bound) { return bound == 1; };
  if (!std::all_of(array.lower_bounds.begin(), array.lower_bounds.end(), usual)) {
    for (std::size_t i = 0; i < array.sizes.size(); ++i) {
      const int lower = array.lower_bounds[i];
      out += "[" + std::to_string(lower) + ":" + std::to_string(lower + array.sizes[i] - 1) + "]";
    }
    out += '=';
  }
  std::size_t next = 0;
  append_dimension(array, 0, next, out);
  return out;
}

}  // namespace holdfast::cache
