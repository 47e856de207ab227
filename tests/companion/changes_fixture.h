#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/companion/fixture.h"

namespace holdfast::companion {

using json = nlohmann::json;

// The change log as holdfast_changes() gives it to principals.
class ChangesTest : public CompanionTest {
 protected:
  static json changes(const std::string& role, const std::string& after, int most = 500) {
    const std::string position = after.empty() ? "null" : "'" + after + "'";
    const std::string columns =
        R"('{"public.items":["id","name","owner"],"public.readings":["id","value"]}')";
    return json::parse(query("begin; " + role + "select public.holdfast_changes(" + position +
                             ", " + columns + ", " + std::to_string(most) + "); commit"));
  }
  static std::string user(const std::string& subject) { return as(subject, ""); }
  static std::string position() { return changes(user("ann"), "")["log"]["cursor"]; }
  // "table key" or "table block" or "table" of each line, in order of the text.
  static std::string lines(const json& changes) {
    std::set<std::string> texts;
    for (const json& line : changes["log"]["lines"]) {
      std::string text = line["table"];
      if (line.contains("key")) text += " " + json::parse(line["key"].get<std::string>()).dump();
      if (line.contains("block")) text += " block " + line["block"].get<std::string>();
      texts.insert(text);
    }
    std::string all;
    for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
    return all;
  }
  static std::string lines(const std::string& subject, const std::string& after) {
    return lines(changes(user(subject), after));
  }
  static std::string id(int number) {
    return "00000000-0000-4000-8000-00000000000" + std::to_string(number);
  }
  static std::string item(int number, const std::string& owner) {
    return "insert into items(id, name, owner) values ('" + id(number) + "', 'item " +
           std::to_string(number) + "', '" + owner + "');";
  }
};

}  // namespace holdfast::companion
