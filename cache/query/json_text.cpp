#include "cache/query/json_text.h"

#include "cache/values/json.h"
#include "cache/values/jsonb.h"

namespace holdfast::cache::query {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

void skip_blanks(std::string_view json, std::size_t& at) {
  while (at < json.size() && is_blank(json[at])) ++at;
}

// Past the string that begins at `at`.
std::size_t string_end(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

// Past the value that begins at `at`.
std::size_t value_end(std::string_view json, std::size_t at) {
  std::size_t depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = string_end(json, at);
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth <= 1) return depth == 0 ? at : at + 1;
      --depth;
    }
    if (depth == 0 && (c == ',' || is_blank(c))) return at;
    ++at;
  }
  return at;
}

// Calls each(name token, value) of an object, or each("", value) of an array; false stops.
template <typename Each>
void each_part(std::string_view json, Each each) {
  std::size_t at = 0;
  skip_blanks(json, at);
  if (at >= json.size() || (json[at] != '{' && json[at] != '[')) return;
  const bool object = json[at++] == '{';
  for (;;) {
    skip_blanks(json, at);
    if (at >= json.size() || json[at] == '}' || json[at] == ']') return;
    std::string_view name;
    if (object) {
      const std::size_t end = string_end(json, at);
      name = json.substr(at, end - at);
      at = end;
      skip_blanks(json, at);
      ++at;
      skip_blanks(json, at);
    }
    const std::size_t end = value_end(json, at);
    if (!each(name, json.substr(at, end - at))) return;
    at = end;
    skip_blanks(json, at);
    if (at < json.size() && json[at] == ',') ++at;
  }
}

char first_character(std::string_view json) {
  std::size_t at = 0;
  skip_blanks(json, at);
  return at < json.size() ? json[at] : '\0';
}

bool is_name(std::string_view token, std::string_view name) {
  const auto contents = token.substr(1, token.size() - 2);
  if (contents.find('\\') == std::string_view::npos) return contents == name;
  return decode_json_string(token) == name;
}

void append_stripped(std::string_view json, std::string& out) {
  const char first = first_character(json);
  if (first != '{' && first != '[') {
    out += json;
    return;
  }
  out += first;
  bool empty = true;
  each_part(json, [&](std::string_view name, std::string_view value) {
    if (first == '{' && value == "null") return true;
    if (!empty) out += ',';
    empty = false;
    if (first == '{') {
      out += name;
      out += ':';
    }
    append_stripped(value, out);
    return true;
  });
  out += first == '{' ? '}' : ']';
}

}  // namespace

std::optional<std::string_view> json_member(std::string_view json, std::string_view name) {
  std::optional<std::string_view> found;
  if (first_character(json) != '{') return found;
  each_part(json, [&](std::string_view token, std::string_view value) {
    if (is_name(token, name)) found = value;
    return true;
  });
  return found;
}

std::optional<std::string_view> json_element(std::string_view json, std::int64_t index) {
  std::optional<std::string_view> found;
  if (first_character(json) != '[') return found;
  if (index < 0) {
    std::int64_t count = 0;
    each_part(json, [&](std::string_view, std::string_view) { return ++count, true; });
    index += count;
    if (index < 0) return found;
  }
  each_part(json, [&](std::string_view, std::string_view value) {
    if (index-- > 0) return true;
    found = value;
    return false;
  });
  return found;
}

Result<void> check_escapes(std::string_view json) {
  if (json.find("\\u") == std::string_view::npos) return {};
  const auto jsonb = canonical_jsonb(json);
  if (!jsonb && jsonb.error().code.starts_with("22P")) return jsonb.error();
  return {};
}

std::string strip_nulls(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  append_stripped(json, out);
  return out;
}

}  // namespace holdfast::cache::query
