#include "cache/values/jsonb.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "cache/values/codec.h"
#include "cache/values/input_error.h"
#include "cache/values/json_lexer.h"
#include "cache/values/numeric.h"

namespace holdfast::cache {
namespace {

struct Member {
  std::string key;
  std::size_t begin;  // of `"key": value` in the output
  std::size_t end;
};

bool comes_before(const Member& a, const Member& b) {
  if (a.key.size() != b.key.size()) return a.key.size() < b.key.size();
  return a.key < b.key;
}

// Members are written in the order of the text and put in order afterwards: most texts come from
// Postgres and have it already.
class JsonbWriter {
 public:
  explicit JsonbWriter(std::string_view text)
      : lexer_(text), most_moved_(std::max(text.size(), kAlwaysMoved) * kMostMoves) {
    out_.reserve(text.size());
  }

  Result<std::string> run() {
    HF_TRY_VOID(next());
    HF_TRY_VOID(value(JsonExpected::kValue));
    while (!open_.empty()) HF_TRY_VOID(element());
    HF_TRY_VOID(next());
    if (token_.kind != JsonKind::kEnd) return unexpected_json(JsonExpected::kEnd, token_);
    return std::move(out_);
  }

 private:
  // An array or object whose end has not come.
  struct Container {
    JsonKind end;
    std::size_t begin;  // in the output
    std::vector<Member> members = {};
    bool is_first = true;  // no element has come

    bool is_object() const { return end == JsonKind::kObjectEnd; }
  };

  Result<void> next() {
    HF_TRY(token_, lexer_.next());
    return {};
  }

  // The value that begins with the token at hand, and what ends with it; of an array or object the
  // beginning.
  Result<void> value(JsonExpected expected) {
    switch (token_.kind) {
      case JsonKind::kString:
        HF_TRY_VOID(string());
        break;
      case JsonKind::kNumber:
        HF_TRY_VOID(number());
        break;
      case JsonKind::kTrue:
      case JsonKind::kFalse:
      case JsonKind::kNull:
        out_ += token_.text;
        break;
      case JsonKind::kArrayStart:
        return open(JsonKind::kArrayEnd);
      case JsonKind::kObjectStart:
        return open(JsonKind::kObjectEnd);
      default:
        return unexpected_json(expected, token_);
    }
    return end_of_value();
  }

  Result<void> open(JsonKind end) {
    if (open_.size() == kMostJsonLevels) return too_deep_json();
    open_.push_back({end, out_.size()});
    out_ += token_.text;
    return next();
  }

  // The element of the innermost container that begins with the token at hand.
  Result<void> element() {
    Container& container = open_.back();
    const bool first = std::exchange(container.is_first, false);
    if (first && token_.kind == container.end) {
      HF_TRY_VOID(close());
      return end_of_value();
    }
    if (!container.is_object()) {
      return value(first ? JsonExpected::kArrayFirst : JsonExpected::kValue);
    }
    HF_TRY_VOID(name(first ? JsonExpected::kObjectFirst : JsonExpected::kString));
    return value(JsonExpected::kValue);
  }

  // Goes to the element after the one whose last token is at hand, out of what ends before it.
  Result<void> end_of_value() {
    while (!open_.empty()) {
      Container& container = open_.back();
      const bool object = container.is_object();
      if (object) container.members.back().end = out_.size();
      HF_TRY_VOID(next());
      if (token_.kind == JsonKind::kComma) {
        out_ += ", ";
        return next();
      }
      if (token_.kind != container.end) {
        return unexpected_json(object ? JsonExpected::kObjectNext : JsonExpected::kArrayNext,
                               token_);
      }
      HF_TRY_VOID(close());
    }
    return {};
  }

  Result<void> close() {
    Container container = std::move(open_.back());
    open_.pop_back();
    out_ += token_.text;
    return put_in_order(container.members, container.begin);
  }

  Result<void> string() {
    HF_TRY(const std::string decoded, decode_string_token(token_.text));
    append_json_string(decoded, out_);
    return {};
  }

  Result<void> number() {
    HF_TRY(const std::string digits, parse_numeric(token_.text));
    HF_TRY_VOID(written_out_.add(token_.text, digits));
    out_ += digits;
    return {};
  }

  // Goes to the value of the member whose name is at hand.
  Result<void> name(JsonExpected expected) {
    if (token_.kind != JsonKind::kString) return unexpected_json(expected, token_);
    HF_TRY(std::string decoded, decode_string_token(token_.text));
    HF_TRY_VOID(next());
    if (token_.kind != JsonKind::kColon) return unexpected_json(JsonExpected::kColon, token_);
    HF_TRY_VOID(next());
    auto& members = open_.back().members;
    members.push_back({std::move(decoded), out_.size(), 0});
    append_json_string(members.back().key, out_);
    out_ += ": ";
    return {};
  }

  // Moves what is inside once for each level whose members are in another order.
  Result<void> put_in_order(std::vector<Member>& members, std::size_t object_begin) {
    const auto unordered = [](const Member& a, const Member& b) { return !comes_before(a, b); };
    if (std::adjacent_find(members.begin(), members.end(), unordered) == members.end()) return {};
    moved_ += out_.size() - object_begin;
    if (moved_ > most_moved_) {
      return only_upstream("a json value with members in another order at many levels");
    }
    std::stable_sort(members.begin(), members.end(), comes_before);
    std::string ordered = "{";
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Member& current = members[i];
      if (i + 1 < members.size() && members[i + 1].key == current.key) continue;
      if (ordered.size() > 1) ordered += ", ";
      ordered.append(out_, current.begin, current.end - current.begin);
    }
    ordered += '}';
    out_.replace(object_begin, std::string::npos, ordered);
    return {};
  }

  static constexpr std::size_t kMostMoves = 32;  // of the whole text
  static constexpr std::size_t kAlwaysMoved = 1 << 16;

  JsonLexer lexer_;
  JsonToken token_;
  const std::size_t most_moved_;
  std::size_t moved_ = 0;  // bytes
  std::string out_;
  WrittenOut written_out_;
  std::vector<Container> open_;  // the innermost last
};

}  // namespace

Result<std::string> canonical_jsonb(std::string_view text) { return JsonbWriter(text).run(); }

}  // namespace holdfast::cache
