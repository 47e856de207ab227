#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "cache/values/zone_rule.h"

namespace holdfast::cache {

// What a TZif file (RFC 8536) says of a zone.
struct ZoneFile {
  int first_offset = 0;             // before all changes
  std::vector<ZoneChange> changes;  // in order of time
  std::optional<ZoneRule> rule;     // after the last of them
};

// nullopt for what is no TZif file of version 2 or later, or one that counts leap seconds.
std::optional<ZoneFile> read_zone_file(std::string_view bytes);

}  // namespace holdfast::cache
