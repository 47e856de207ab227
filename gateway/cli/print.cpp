#include "gateway/cli/print.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

bool shows_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool is_dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0') && !is_dumb;
}

const char* code_of(Colour colour) {
  switch (colour) {
    case Colour::kBold:
      return "1";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kRed:
      return "31";
    case Colour::kFaint:
      return "2";
    case Colour::kPlain:
      break;
  }
  return "0";
}

// Characters, so that a name outside ASCII keeps its column.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & '\xC0') != '\x80'; }));
}

}  // namespace

std::string painted(const std::string& text, Colour colour) {
  if (colour == Colour::kPlain || !shows_colours()) return text;
  return "\x1b[" + std::string(code_of(colour)) + "m" + text + "\x1b[0m";
}

Colour colour_of_state(const std::string& state) {
  static const std::map<std::string, Colour> colours = {
      {"synced", Colour::kGreen},   {"acknowledged", Colour::kGreen}, {"resolved", Colour::kGreen},
      {"syncing", Colour::kYellow}, {"offline", Colour::kYellow},     {"paused", Colour::kYellow},
      {"waiting", Colour::kYellow}, {"held", Colour::kYellow},        {"blocked", Colour::kYellow},
      {"stalled", Colour::kYellow}, {"conflict", Colour::kRed},       {"open", Colour::kRed},
      {"uncertain", Colour::kRed},  {"error", Colour::kRed},          {"dead", Colour::kRed},
      {"discarded", Colour::kFaint}};
  const auto found = colours.find(state);
  return found == colours.end() ? Colour::kPlain : found->second;
}

TextTable::TextTable(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void TextTable::add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

void TextTable::print(const std::string& empty) const {
  if (rows_.size() == 1) {
    std::cout << empty << '\n';
    return;
  }
  const std::size_t columns = rows_.front().size() - (says_something_last() ? 0 : 1);
  std::vector<std::size_t> widths(columns);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows_) {
    const bool heading = &row == &rows_.front();
    for (std::size_t i = 0; i < columns; ++i) {
      std::cout << painted(row[i], heading ? Colour::kBold : colour_of_state(row[i]));
      if (i + 1 < columns) std::cout << std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    std::cout << '\n';
  }
}

bool TextTable::says_something_last() const {
  return std::any_of(rows_.begin() + 1, rows_.end(),
                     [](const auto& row) { return row.back() != "-"; });
}

void Fields::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Fields::print() const {
  std::size_t width = 0;
  for (const auto& [name, value] : fields_) width = std::max(width, width_of(name) + 2);
  for (const auto& [name, value] : fields_) {
    std::cout << painted(name, Colour::kBold) << std::string(width - width_of(name), ' ');
    for (const char c : value) {
      std::cout << c;
      if (c == '\n') std::cout << std::string(width, ' ');
    }
    std::cout << '\n';
  }
}

std::string text_of(const json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

int print_answer(const CommonOptions& common, const Result<std::string>& body,
                 const std::function<void(const json&)>& print) {
  if (!body) return fail(body.error().message);
  if (common.json) {
    std::cout << *body << '\n';
  } else {
    print(json::parse(*body));
  }
  return 0;
}

}  // namespace holdfast::cli
