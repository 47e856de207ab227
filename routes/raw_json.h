#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::routes {

// Writes one JSON object member by member. Values that are JSON already are spliced in as they
// are, so that numbers keep all their digits.
// One thread at a time.
class RawObjectWriter {
 public:
  RawObjectWriter& text(std::string_view name, std::string_view value);
  // Empty text is null.
  RawObjectWriter& text_or_null(std::string_view name, std::string_view value);
  RawObjectWriter& texts(std::string_view name, const std::vector<std::string>& values);
  // nullopt is null.
  RawObjectWriter& raw(std::string_view name, const std::optional<std::string>& json);
  RawObjectWriter& number(std::string_view name, std::int64_t value);
  std::string finish() && { return std::move(out_) + "}"; }

 private:
  void name(std::string_view name);

  std::string out_ = "{";
};

}  // namespace holdfast::routes
