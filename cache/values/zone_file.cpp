#include "cache/values/zone_file.h"

#include <string>

namespace holdfast::cache {
namespace {

constexpr std::size_t kHeaderSize = 44;
constexpr std::size_t kTypeSize = 6;

// Big-endian, two's complement.
std::int64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = (static_cast<unsigned char>(bytes[at]) & 0x80U) != 0 ? ~0ULL : 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return static_cast<std::int64_t>(value);
}

struct Header {
  std::size_t utc_flags = 0;
  std::size_t standard_flags = 0;
  std::size_t leaps = 0;
  std::size_t times = 0;
  std::size_t types = 0;
  std::size_t characters = 0;

  std::size_t body_size(std::size_t time_size) const {
    return times * (time_size + 1) + types * kTypeSize + characters + leaps * (time_size + 4) +
           standard_flags + utc_flags;
  }
};

std::optional<Header> read_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || !bytes.starts_with("TZif") || bytes[4] < '2') {
    return std::nullopt;
  }
  const auto count = [&](std::size_t index) {
    return static_cast<std::size_t>(number_at(bytes, 20 + index * 4, 4) & 0xFFFFFF);
  };
  return Header{count(0), count(1), count(2), count(3), count(4), count(5)};
}

// The offset of type `index`; the types stand behind the times.
std::optional<int> offset_of_type(std::string_view body, const Header& header, std::size_t index) {
  if (index >= header.types) return std::nullopt;
  return static_cast<int>(number_at(body, header.times * 9 + index * kTypeSize, 4));
}

bool read_changes(std::string_view body, const Header& header, ZoneFile& out) {
  const auto first = offset_of_type(body, header, 0);
  if (!first) return false;
  out.first_offset = *first;
  for (std::size_t i = 0; i < header.times; ++i) {
    const auto type = static_cast<unsigned char>(body[header.times * 8 + i]);
    const auto offset = offset_of_type(body, header, type);
    if (!offset) return false;
    out.changes.push_back({number_at(body, i * 8, 8), *offset});
  }
  return true;
}

}  // namespace

std::optional<ZoneFile> read_zone_file(std::string_view bytes) {
  const auto old = read_header(bytes);
  if (!old || bytes.size() < kHeaderSize + old->body_size(4)) return std::nullopt;
  bytes.remove_prefix(kHeaderSize + old->body_size(4));
  const auto header = read_header(bytes);
  if (!header || header->leaps != 0) return std::nullopt;
  bytes.remove_prefix(kHeaderSize);
  if (bytes.size() < header->body_size(8)) return std::nullopt;
  ZoneFile file;
  if (!read_changes(bytes, *header, file)) return std::nullopt;
  bytes.remove_prefix(header->body_size(8));
  if (bytes.size() < 2 || bytes.front() != '\n' || bytes.back() != '\n') return std::nullopt;
  const std::string_view rule = bytes.substr(1, bytes.size() - 2);
  if (rule.empty()) return file;
  file.rule = ZoneRule::parse(rule);
  return file.rule ? std::optional(std::move(file)) : std::nullopt;
}

}  // namespace holdfast::cache
