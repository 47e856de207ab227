#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <spdlog/formatter.h>

namespace holdfast {

// `text` on one line: control characters as \n, \t or \u001b, all else as it is.
std::string on_one_line(std::string_view text);

// `event key=value key=value` as members of a JSON object, a comma before each: "event" and the
// keys, each once. A value ends where the next key begins. What has no such form is the event.
std::string json_members(std::string_view message);

// Lines for people.
std::unique_ptr<spdlog::formatter> text_lines();
// A JSON object per line.
std::unique_ptr<spdlog::formatter> json_lines();

}  // namespace holdfast
