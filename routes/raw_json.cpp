#include "routes/raw_json.h"

#include "cache/values/codec.h"

namespace holdfast::routes {

void RawObjectWriter::name(std::string_view name) {
  if (out_.size() > 1) out_ += ',';
  cache::append_json_string(name, out_);
  out_ += ':';
}

RawObjectWriter& RawObjectWriter::text(std::string_view key, std::string_view value) {
  name(key);
  cache::append_json_string(value, out_);
  return *this;
}

RawObjectWriter& RawObjectWriter::text_or_null(std::string_view key, std::string_view value) {
  if (!value.empty()) return text(key, value);
  return raw(key, std::nullopt);
}

RawObjectWriter& RawObjectWriter::texts(std::string_view key,
                                        const std::vector<std::string>& values) {
  name(key);
  out_ += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out_ += ',';
    cache::append_json_string(values[i], out_);
  }
  out_ += ']';
  return *this;
}

RawObjectWriter& RawObjectWriter::raw(std::string_view key,
                                      const std::optional<std::string>& json) {
  name(key);
  out_ += json && !json->empty() ? *json : "null";
  return *this;
}

RawObjectWriter& RawObjectWriter::number(std::string_view key, std::int64_t value) {
  name(key);
  out_ += std::to_string(value);
  return *this;
}

}  // namespace holdfast::routes
