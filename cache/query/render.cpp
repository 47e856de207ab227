#include "cache/query/render.h"

#include "cache/values/codec.h"

namespace holdfast::cache::query {
namespace {

bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of("(),\"\\ \t\n\r\f\v") != std::string_view::npos;
}

}  // namespace

void render_value(const Member& member, const ValueView& value, TextBuilder& out) {
  if (member.kind == Member::Kind::kValue) {
    print_json(*member.type, value, out);
    return;
  }
  const auto* text = std::get_if<std::string_view>(&value);
  out.append(text == nullptr ? std::string_view("null") : *text);
}

void render_csv_value(const Member& member, const ValueView& value, TextBuilder& out) {
  if (is_null(value)) return;
  std::string text;
  if (member.kind == Member::Kind::kValue) {
    print_output(*member.type, value, text);
  } else {
    TextBuilder json;
    render_value(member, value, json);
    text = json.take();
  }
  if (!needs_quotes(text)) return out.append(text);
  out.append('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.append(c);
    out.append(c);
  }
  out.append('"');
}

}  // namespace holdfast::cache::query
