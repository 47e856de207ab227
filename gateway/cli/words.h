#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "gateway/base/clock.h"

namespace holdfast::cli {

// "1 write", "3 writes".
std::string counted(std::int64_t count, const std::string& one);
// "0 s", "45 s", "12 min", "3 h", "5 d".
std::string duration_text(double seconds);
// A time as the control surface gives it (RFC 3339, UTC), as seen from `now`: "12 min ago", "in 5
// s";
// "-" for null.
std::string time_text(const nlohmann::json& time, Timestamp now);
// A row's key as conditions: "id=5, part=a"; "-" for null.
std::string key_text(const nlohmann::json& key);
// "todos" of "public.todos"; other schemas' tables with theirs.
std::string table_text(const std::string& relation);

}  // namespace holdfast::cli
