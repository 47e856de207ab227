#include "cache/query/render.h"

#include "cache/query/resolve.h"
#include "cache/values/codec.h"
#include "cache/values/jsonb.h"

namespace holdfast::cache::query {
namespace {

bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_of("(),\"\\ \t\n\r\f\v") != std::string_view::npos;
}

// Of which only the JSON is known, such as a composite value, or an array of those.
bool is_opaque_json(const Type& type, const ValueView& value) {
  const Type& innermost = type.element == nullptr ? type : *type.element;
  const auto* text = std::get_if<std::string_view>(&value);
  return innermost.kind == TypeKind::kOther && text != nullptr &&
         text->find(kOpaqueJson) != std::string_view::npos;
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

Result<void> render_csv_value(const Member& member, const ValueView& value, TextBuilder& out) {
  if (is_null(value)) return {};
  std::string text;
  if (member.kind == Member::Kind::kValue) {
    if (is_opaque_json(*member.type, value))
      return forward("the text form of " + member.type->name);
    print_output(*member.type, value, text);
  } else {
    // PostgREST gives embeds as jsonb.
    TextBuilder json;
    render_value(member, value, json);
    HF_TRY(text, canonical_jsonb(json.view()));
  }
  if (!needs_quotes(text)) {
    out.append(text);
    return {};
  }
  out.append('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.append(c);
    out.append(c);
  }
  out.append('"');
  return {};
}

}  // namespace holdfast::cache::query
