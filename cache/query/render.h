#pragma once

#include <string>
#include <string_view>

#include "cache/query/shape.h"
#include "cache/sqlite/value.h"
#include "cache/values/text_builder.h"
#include "gateway/base/result.h"

// Rows as text. Free functions; thread-safe.
namespace holdfast::cache::query {

// Appends the member's value as JSON.
void render_value(const Member& member, const ValueView& value, TextBuilder& out);

// Appends "name":value pairs with commas, without braces; value(i) gives the i-th.
template <typename ValueAt>
void render_members(const RowShape& shape, ValueAt value, TextBuilder& out) {
  for (std::size_t i = 0; i < shape.members.size(); ++i) {
    const Member& member = shape.members[i];
    if (member.kind != Member::Kind::kFragment) {
      out.append(std::string_view(member.prefix).substr(i > 0 ? 0 : 1));
    } else if (i > 0) {
      out.append(',');
    }
    render_value(member, value(static_cast<int>(i)), out);
  }
}

// Appends the value as it stands in a CSV answer, which is Postgres' output of a record. Errors:
// kForwardCode where only the value's JSON is known.
Result<void> render_csv_value(const Member& member, const ValueView& value, TextBuilder& out);

}  // namespace holdfast::cache::query
