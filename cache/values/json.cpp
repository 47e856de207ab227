#include "cache/values/json.h"

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>

#include "cache/values/codec.h"
#include "cache/values/json_lexer.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

namespace ondemand = simdjson::ondemand;

Error invalid_body() { return invalid_request("PGRST102", "Empty or invalid json"); }
Error different_keys() { return invalid_request("PGRST102", "All object keys must match"); }

// Splits a body that check_json() has accepted, so that every token comes where it must.
class BodySplitter {
 public:
  explicit BodySplitter(std::string_view json) : json_(json), lexer_(json) {}

  Result<RawBody> run() {
    RawBody body;
    const JsonToken first = next();
    body.is_array = first.kind != JsonKind::kObjectStart;
    if (!body.is_array) {
      HF_TRY(RawObject row, object());
      body.rows.push_back(std::move(row));
    }
    if (first.kind != JsonKind::kArrayStart) return body;
    for (JsonToken token = next(); token.kind != JsonKind::kArrayEnd; token = next()) {
      if (token.kind == JsonKind::kComma) continue;
      if (token.kind != JsonKind::kObjectStart) return different_keys();
      HF_TRY(RawObject row, object());
      body.rows.push_back(std::move(row));
    }
    return body;
  }

  // The elements of an array, as they are.
  std::vector<std::string> elements() {
    std::vector<std::string> elements;
    next();  // its bracket
    for (JsonToken token = next(); token.kind != JsonKind::kArrayEnd; token = next()) {
      if (token.kind != JsonKind::kComma) elements.emplace_back(value_from(token));
    }
    return elements;
  }

 private:
  JsonToken next() { return lexer_.next().value(); }

  // Behind its opening brace.
  Result<RawObject> object() {
    RawObject members;
    for (JsonToken token = next(); token.kind != JsonKind::kObjectEnd; token = next()) {
      if (token.kind == JsonKind::kComma) continue;
      HF_TRY(std::string name, decode_string_token(token.text));
      next();  // the colon
      members.emplace_back(std::move(name), std::string(value()));
    }
    join_duplicates(members);
    return members;
  }

  std::string_view value() { return value_from(next()); }

  std::string_view value_from(JsonToken token) {
    const auto begin = static_cast<std::size_t>(token.text.data() - json_.data());
    int open = 0;
    while (true) {
      if (token.kind == JsonKind::kArrayStart || token.kind == JsonKind::kObjectStart) ++open;
      if (token.kind == JsonKind::kArrayEnd || token.kind == JsonKind::kObjectEnd) --open;
      if (open == 0) break;
      token = next();
    }
    return json_.substr(begin, lexer_.position() - begin);
  }

  std::string_view json_;
  JsonLexer lexer_;
};

bool same_keys(const RawObject& a, const RawObject& b) {
  if (a.size() != b.size()) return false;
  // Rows of one body nearly always list their members in one order.
  const auto same_name = [](const auto& x, const auto& y) { return x.first == y.first; };
  if (std::equal(a.begin(), a.end(), b.begin(), same_name)) return true;
  std::set<std::string_view> names;
  for (const auto& member : a) names.insert(member.first);
  return std::all_of(b.begin(), b.end(),
                     [&](const auto& member) { return names.count(member.first) > 0; });
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

simdjson::error_code raw_token(ondemand::value value, std::string_view& token) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  simdjson::error_code error = simdjson::SUCCESS;
  switch (type) {
    case ondemand::json_type::array: {
      ondemand::array array;
      error = value.get_array().get(array);
      return error ? error : array.raw_json().get(token);
    }
    case ondemand::json_type::object: {
      ondemand::object object;
      error = value.get_object().get(object);
      return error ? error : object.raw_json().get(token);
    }
    default:
      token = trim_right(value.raw_json_token());
      return simdjson::SUCCESS;
  }
}

// Reads rows into one slot per name. Rows come with their members in the order of the names, so the
// slot after the last one is tried before the search.
class RowReader {
 public:
  explicit RowReader(std::span<const std::string> names) : names_(names), tokens_(names.size()) {}

  simdjson::error_code read(ondemand::object object) {
    std::fill(tokens_.begin(), tokens_.end(), std::string_view());
    std::size_t expected = 0;
    for (auto field : object) {
      std::string_view name;
      if (const auto error = field.unescaped_key().get(name)) return error;
      const std::size_t slot = find(name, expected);
      ondemand::value value;
      if (const auto error = field.value().get(value)) return error;
      if (slot == names_.size()) continue;
      if (const auto error = raw_token(value, tokens_[slot])) return error;
      expected = slot + 1;
    }
    return simdjson::SUCCESS;
  }

  std::span<const std::string_view> tokens() const { return tokens_; }

 private:
  std::size_t find(std::string_view name, std::size_t expected) const {
    if (expected < names_.size() && names_[expected] == name) return expected;
    return static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
  }

  std::span<const std::string> names_;
  std::vector<std::string_view> tokens_;
};

Error rejected_page(simdjson::error_code error) {
  Error result = invalid_request("PGRST102", "The upstream's page is no array of objects",
                                 std::string(simdjson::error_message(error)));
  result.kind = ErrorKind::kUpstreamRejected;
  return result;
}

struct PageReader {
  RowReader& reader;
  const std::function<bool(std::span<const std::string_view>)>& row;
  std::size_t count = 0;

  simdjson::error_code read(ondemand::document& document) {
    ondemand::array array;
    if (const auto error = document.get_array().get(array)) return error;
    for (auto element : array) {
      ondemand::object object;
      if (const auto error = element.get_object().get(object)) return error;
      if (const auto error = reader.read(object)) return error;
      ++count;
      if (!row(reader.tokens())) return simdjson::SUCCESS;
    }
    // The position behind the last token is not there to be had.
    const auto behind = document.current_location().error();
    return behind == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
  }
};

}  // namespace

Result<RawBody> parse_body(std::string_view json, BodyKeys keys) {
  HF_TRY_VOID(check_utf8(json));
  if (!check_json(json)) return invalid_body();
  HF_TRY(RawBody body, BodySplitter(json).run());
  if (keys == BodyKeys::kAny || body.rows.empty()) return body;
  const bool match = std::all_of(body.rows.begin(), body.rows.end(), [&](const RawObject& row) {
    return same_keys(body.rows.front(), row);
  });
  if (!match) return different_keys();
  return body;
}

std::optional<std::vector<std::string>> json_elements(std::string_view json) {
  const auto first = json.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || json[first] != '[' || !check_utf8(json) ||
      !check_json(json)) {
    return std::nullopt;
  }
  return BodySplitter(json).elements();
}

Result<std::size_t> read_page(std::string_view page, std::span<const std::string> names,
                              const std::function<bool(std::span<const std::string_view>)>& row) {
  const simdjson::padded_string padded(page);
  ondemand::parser parser;
  ondemand::document document;
  if (const auto error = parser.iterate(padded).get(document)) return rejected_page(error);
  RowReader reader(names);
  PageReader pages{reader, row};
  if (const auto error = pages.read(document)) return rejected_page(error);
  return pages.count;
}

std::optional<std::string_view> find_member(const RawObject& object, std::string_view name) {
  const auto found = std::ranges::find(object, name, &RawObject::value_type::first);
  return found == object.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

void set_member(RawObject& object, std::string name, std::string token) {
  const auto found = std::ranges::find(object, name, &RawObject::value_type::first);
  if (found == object.end()) {
    object.emplace_back(std::move(name), std::move(token));
  } else {
    found->second = std::move(token);
  }
}

void join_duplicates(RawObject& object) {
  RawObject joined;
  joined.reserve(object.size());
  // A peer may send any number of names; of few, a look at each is the quickest.
  constexpr std::size_t kFew = 32;
  std::map<std::string, std::size_t, std::less<>> places;
  for (auto& [name, token] : object) {
    if (object.size() <= kFew) {
      set_member(joined, std::move(name), std::move(token));
      continue;
    }
    const auto [place, fresh] = places.try_emplace(name, joined.size());
    if (fresh) {
      joined.emplace_back(std::move(name), std::move(token));
    } else {
      joined[place->second].second = std::move(token);
    }
  }
  object = std::move(joined);
}

std::string print_object(const RawObject& object) {
  std::string text = "{";
  for (const auto& [name, token] : object) {
    if (text.size() > 1) text += ',';
    append_json_string(name, text);
    text += ':' + token;
  }
  return text + '}';
}

std::string decode_json_string(std::string_view token) {
  if (token.size() < 2) return "";
  auto decoded = decode_string_token(token);
  return decoded ? *std::move(decoded) : "";
}

}  // namespace holdfast::cache
