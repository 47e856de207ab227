#include "cache/values/jsonb.h"

#include <algorithm>
#include <cstddef>
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
    HF_TRY_VOID(next());
    if (token_.kind != JsonKind::kEnd) return unexpected_json(JsonExpected::kEnd, token_);
    return std::move(out_);
  }

 private:
  Result<void> next() {
    HF_TRY(token_, lexer_.next());
    return {};
  }

  // The value that begins with the token at hand, up to its last one.
  Result<void> value(JsonExpected expected) {
    switch (token_.kind) {
      case JsonKind::kString:
        return string();
      case JsonKind::kNumber:
        return number();
      case JsonKind::kTrue:
      case JsonKind::kFalse:
      case JsonKind::kNull:
        out_ += token_.text;
        return {};
      case JsonKind::kArrayStart:
        return nested(&JsonbWriter::array);
      case JsonKind::kObjectStart:
        return nested(&JsonbWriter::object);
      default:
        return unexpected_json(expected, token_);
    }
  }

  Result<void> nested(Result<void> (JsonbWriter::*container)()) {
    if (++depth_ > kMostJsonLevels) return too_deep_json();
    HF_TRY_VOID((this->*container)());
    --depth_;
    return {};
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

  Result<void> array() {
    out_ += '[';
    HF_TRY_VOID(next());
    JsonExpected expected = JsonExpected::kArrayFirst;
    while (expected != JsonExpected::kArrayFirst || token_.kind != JsonKind::kArrayEnd) {
      HF_TRY_VOID(value(expected));
      HF_TRY(const bool more, goes_on(JsonKind::kArrayEnd, JsonExpected::kArrayNext));
      if (!more) break;
      expected = JsonExpected::kValue;
    }
    out_ += ']';
    return {};
  }

  Result<void> object() {
    const std::size_t begin = out_.size();
    out_ += '{';
    std::vector<Member> members;
    HF_TRY_VOID(next());
    JsonExpected expected = JsonExpected::kObjectFirst;
    while (expected != JsonExpected::kObjectFirst || token_.kind != JsonKind::kObjectEnd) {
      HF_TRY_VOID(name(expected, members));
      HF_TRY_VOID(value(JsonExpected::kValue));
      members.back().end = out_.size();
      HF_TRY(const bool more, goes_on(JsonKind::kObjectEnd, JsonExpected::kObjectNext));
      if (!more) break;
      expected = JsonExpected::kString;
    }
    out_ += '}';
    return put_in_order(members, begin);
  }

  // After an element or a member: goes to the next one, if there is one.
  Result<bool> goes_on(JsonKind end, JsonExpected expected) {
    HF_TRY_VOID(next());
    if (token_.kind == end) return false;
    if (token_.kind != JsonKind::kComma) return unexpected_json(expected, token_);
    out_ += ", ";
    HF_TRY_VOID(next());
    return true;
  }

  // Goes to the value of the member whose name is at hand.
  Result<void> name(JsonExpected expected, std::vector<Member>& members) {
    if (token_.kind != JsonKind::kString) return unexpected_json(expected, token_);
    HF_TRY(std::string decoded, decode_string_token(token_.text));
    HF_TRY_VOID(next());
    if (token_.kind != JsonKind::kColon) return unexpected_json(JsonExpected::kColon, token_);
    HF_TRY_VOID(next());
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
  std::size_t depth_ = 0;
};

}  // namespace

Result<std::string> canonical_jsonb(std::string_view text) { return JsonbWriter(text).run(); }

}  // namespace holdfast::cache
