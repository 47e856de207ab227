#include "gateway/cli/print.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

bool on_terminal() { return isatty(STDOUT_FILENO) == 1; }

// Characters, so that a name outside ASCII keeps its column.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & '\xC0') != '\x80'; }));
}

}  // namespace

TextTable::TextTable(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void TextTable::add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

void TextTable::print(const std::string& empty) const {
  if (rows_.size() == 1) {
    std::cout << empty << '\n';
    return;
  }
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  const bool bold = on_terminal();
  for (const auto& row : rows_) {
    const bool heading = &row == &rows_.front();
    if (heading && bold) std::cout << "\x1b[1m";
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::cout << row[i];
      if (i + 1 < row.size()) std::cout << std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    if (heading && bold) std::cout << "\x1b[0m";
    std::cout << '\n';
  }
}

std::string text_of(const json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::vector<std::string> texts_of(const json& object, std::initializer_list<const char*> names) {
  std::vector<std::string> texts;
  for (const char* name : names) texts.push_back(text_of(object.at(name)));
  return texts;
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

void print_json(const json& value) { std::cout << value.dump(2) << '\n'; }

}  // namespace holdfast::cli
