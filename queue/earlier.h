#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cache/replica/overlay.h"
#include "cache/sqlite/database.h"
#include "queue/verdict.h"

namespace holdfast::queue {

// Hard case 5: the earlier entry of the same principal for whose end a write waits that the
// upstream refused for `lack`, its id; nullopt: the refusal is final.
//
// What goes on by itself will end, and is always waited for. What ends only when a person decides
// it, or is tried once an hour, may stand for weeks: it is waited for only where it touches a table
// from which the refusal can come, and for a value that is taken only where it gives that value up.
// `sequence` is the refused entry's, `reason` what the upstream said. One thread at a time: whoever
// holds `database`.
std::optional<std::string> awaited_entry(cache::Database& database, const cache::Overlay& overlay,
                                         std::int64_t sequence, Lack lack,
                                         const std::string& reason);

// The same of those alone that go on by themselves.
std::optional<std::string> earlier_on_its_way(cache::Database& database, std::int64_t sequence);

}  // namespace holdfast::queue
