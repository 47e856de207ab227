#include <wctype.h>

#include <charconv>

#include "cache/query/grammar.h"

namespace holdfast::cache::query::grammar {
namespace {

bool is_letter(char32_t point) {
  if (point < 0x80) return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return iswalpha_l(static_cast<wint_t>(point), utf8) != 0;
}

bool is_digit(char32_t point) { return point >= '0' && point <= '9'; }

bool letter(Reader& reader) {
  return reader.named("letter", [&] { return reader.any_of(is_letter); });
}

bool digit(Reader& reader) {
  return reader.named("digit", [&] { return reader.any_of(is_digit); });
}

bool identifier_character(Reader& reader) {
  return letter(reader) || digit(reader) ||
         reader.any_of([](char32_t c) { return c == '_' || c == ' ' || c == '$'; });
}

std::string stripped(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n\r\f\v");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\n\r\f\v") - first + 1));
}

bool dash(Reader& reader) {
  return reader.attempt([&] { return reader.character('-') && reader.not_ahead('>'); });
}

// `part` one or more times with dashes between; "a-b", but "a->b" ends before the arrow.
template <typename Part>
bool dashed(Reader& reader, Part part, std::string& out) {
  std::string next;
  if (!part(reader, next)) return false;
  out = next;
  while (dash(reader)) {
    if (!part(reader, next)) return false;
    out += '-' + next;
    reader.forget_expected();
  }
  return true;
}

bool json_key_part(Reader& reader, std::string& out) {
  const std::size_t start = reader.position();
  const auto accept = [](char32_t c) {
    return c != '(' && c != '-' && c != ':' && c != '.' && c != ',' && c != '>' && c != ')';
  };
  if (!reader.any_of(accept)) return false;
  while (reader.any_of(accept)) {
  }
  out = stripped(reader.since(start));
  return true;
}

bool json_key(Reader& reader, std::string& out) {
  return reader.named("any non reserved character different from: .,>()", [&] {
    const std::size_t start = reader.position();
    if (quoted_value(reader, out)) return true;
    if (reader.position() != start) return false;
    return dashed(reader, json_key_part, out);
  });
}

// What may follow an index; otherwise the operand is a key that begins with digits.
bool index_end(Reader& reader) {
  for (const char* next : {"->", "::", ".", ","}) {
    if (reader.attempt([&] { return reader.ahead([&] { return reader.text(next); }); })) {
      return true;
    }
  }
  return reader.attempt([&] { return reader.end(); });
}

bool json_index(Reader& reader, std::int64_t& out) {
  const std::size_t start = reader.position();
  reader.character('-');
  if (!digit(reader)) return false;
  while (digit(reader)) {
  }
  const auto token = reader.since(start);
  if (!index_end(reader)) return false;
  // One that is too large is an index all the same.
  const auto read = std::from_chars(token.begin(), token.end(), out);
  if (read.ec != std::errc()) out = token.starts_with('-') ? -kLargestIndex : kLargestIndex;
  return true;
}

bool json_operand(Reader& reader, JsonStep& out) {
  std::int64_t index = 0;
  if (reader.attempt([&] { return json_index(reader, index); })) {
    out.operand = index;
    return true;
  }
  std::string key;
  if (!reader.attempt([&] { return json_key(reader, key); })) return false;
  out.operand = std::move(key);
  return true;
}

}  // namespace

bool delimiter(Reader& reader) {
  return reader.named("delimiter (.)", [&] { return reader.character('.'); });
}

bool alias_separator(Reader& reader) { return reader.character(':') && reader.not_ahead(':'); }

bool identifier(Reader& reader, std::string& out) {
  const std::size_t start = reader.position();
  if (!identifier_character(reader)) return false;
  while (identifier_character(reader)) {
  }
  out = stripped(reader.since(start));
  return true;
}

bool quoted_value(Reader& reader, std::string& out) {
  if (!reader.character('"')) return false;
  out.clear();
  for (;;) {
    const std::size_t start = reader.position();
    if (reader.any_of([](char32_t c) { return c != '\\' && c != '"'; })) {
      out += reader.since(start);
    } else if (reader.character('\\')) {
      const std::size_t escaped = reader.position();
      if (!reader.any_of([](char32_t) { return true; })) return false;
      out += reader.since(escaped);
    } else {
      return reader.character('"');
    }
  }
}

bool field_name(Reader& reader, std::string& out) {
  return reader.named("field name (* or [a..z0..9_$])", [&] {
    const std::size_t start = reader.position();
    if (quoted_value(reader, out)) return true;
    if (reader.position() != start) return false;
    return dashed(reader, identifier, out);
  });
}

bool json_path(Reader& reader, std::vector<JsonStep>& out) {
  for (;;) {
    JsonStep step;
    if (reader.attempt([&] { return reader.text("->>"); })) {
      step.as_text = true;
    } else if (!reader.attempt([&] { return reader.text("->"); })) {
      return true;
    }
    if (!json_operand(reader, step)) return false;
    out.push_back(std::move(step));
  }
}

bool field(Reader& reader, Field& out) {
  reader.blanks();
  if (!field_name(reader, out.name) || !json_path(reader, out.path)) return false;
  reader.blanks();
  return true;
}

bool dotted_names(Reader& reader, std::vector<std::string>& out) {
  if (!field_name(reader, out.emplace_back())) return false;
  while (delimiter(reader)) {
    if (!field_name(reader, out.emplace_back())) return false;
    reader.forget_expected();
  }
  return true;
}

bool mark(Reader& reader, char character) {
  reader.blanks();
  if (!reader.character(character)) return false;
  reader.blanks();
  return true;
}

bool names(Reader& reader, std::vector<std::string>& out) {
  if (!field_name(reader, out.emplace_back())) return false;
  for (;;) {
    const std::size_t start = reader.position();
    if (!mark(reader, ',')) return reader.position() == start;
    if (!field_name(reader, out.emplace_back())) return false;
    reader.forget_expected();
  }
}

}  // namespace holdfast::cache::query::grammar
