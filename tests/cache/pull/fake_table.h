#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "gateway/http/uri.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::cache {

// Rows by integer key, behind as much of PostgREST as a pull asks for.
class FakeTable {
 public:
  std::map<int, nlohmann::json> rows;
  std::size_t max_rows = 1000;  // the upstream's own limit
  std::optional<Timestamp> date;

  void put(const std::string& row) {
    auto json = nlohmann::json::parse(row);
    const int id = json.at("id").get<int>();
    rows[id] = std::move(json);
  }

  upstream::Answer answer(const upstream::Call& call) const {
    Asked asked;
    for (const auto& [name, value] :
         http::parse_query(call.target.substr(call.target.find('?') + 1))) {
      asked.read(name, value);
    }
    std::vector<const nlohmann::json*> found;
    for (const auto& [id, row] : rows) {
      if (asked.wants(id, row)) found.push_back(&row);
    }
    if (asked.by_stamp) {
      std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
        return plain(a->at("updated_at")) < plain(b->at("updated_at"));
      });
      if (asked.newest_first) std::reverse(found.begin(), found.end());
    }
    return page(asked, found);
  }

 private:
  struct Asked {
    std::vector<std::string> columns;
    std::optional<std::vector<int>> keys;
    std::string from;                               // updated_at=gte.
    std::vector<std::string> literals;              // of or=: what the next page of stamps follows
    std::vector<std::pair<std::string, int>> ends;  // of the keys: operator and id
    std::string not_null;
    bool by_stamp = false;
    bool newest_first = false;
    std::size_t limit = 1000;

    void read(const std::string& name, const std::string& value) {
      if (name == "select") columns = split(value);
      if (name == "limit") limit = static_cast<std::size_t>(std::stoi(value));
      if (name == "order") by_stamp = value.find("updated_at") < value.find("id");
      if (name == "order") newest_first = value.find("updated_at.desc") != std::string::npos;
      if (value == "not.is.null") not_null = name;
      if (name == "updated_at") from = plain(value.substr(4));
      if (name == "or" && by_stamp && !newest_first) literals = quoted(value);
      if ((name == "or" || name == "and") && literals.empty()) read_ends(value);
      if (name != "id") return;
      keys.emplace();
      if (value.starts_with("eq.")) keys->push_back(std::stoi(value.substr(3)));
      for (const auto& literal : quoted(value)) keys->push_back(std::stoi(literal));
    }
    void read_ends(const std::string& value) {
      static const std::regex kEnd("id\\.(gte?|lte?)\\.\"(-?[0-9]+)\"");
      for (std::sregex_iterator it(value.begin(), value.end(), kEnd), end; it != end; ++it) {
        ends.emplace_back((*it)[1], std::stoi((*it)[2]));
      }
    }
    bool within(int id) const {
      return std::all_of(ends.begin(), ends.end(), [&](const auto& end) {
        const auto& [op, at] = end;
        return op == "gt" ? id > at : op == "gte" ? id >= at : op == "lt" ? id < at : id <= at;
      });
    }
    bool wants(int id, const nlohmann::json& row) const {
      if (!within(id)) return false;
      if (!not_null.empty() && row.at(not_null).is_null()) return false;
      if (keys && std::find(keys->begin(), keys->end(), id) == keys->end()) return false;
      if (!from.empty() && plain(row.at("updated_at")) < from) return false;
      if (literals.empty()) return true;
      const std::string stamp = plain(row.at("updated_at"));
      const std::string after = plain(literals.at(0));
      return stamp > after || (stamp == after && id > std::stoi(literals.at(2)));
    }
  };

  static std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> names;
    std::string name;
    for (const char c : list + ",") {
      if (c == ',') {
        names.push_back(std::exchange(name, ""));
      } else if (c != '"') {
        name += c;
      }
    }
    return names;
  }
  static std::vector<std::string> quoted(const std::string& text) {
    static const std::regex kLiteral("\"([^\"]*)\"");
    std::vector<std::string> found;
    for (std::sregex_iterator it(text.begin(), text.end(), kLiteral), end; it != end; ++it) {
      found.push_back((*it)[1]);
    }
    return found;
  }
  // JSON's and text's form of a timestamp alike, so that texts compare.
  static std::string plain(const std::string& stamp) {
    return stamp.substr(0, 10) + stamp.substr(11, 8);
  }

  upstream::Answer page(const Asked& asked, const std::vector<const nlohmann::json*>& found) const {
    nlohmann::json body = nlohmann::json::array();
    for (const auto* row : found) {
      if (body.size() >= std::min(asked.limit, max_rows)) break;
      nlohmann::json shown;
      for (const auto& name : asked.columns) shown[name] = row->at(name);
      body.push_back(std::move(shown));
    }
    upstream::Answer answer;
    answer.status = 200;
    answer.headers.add("Content-Type", "application/json; charset=utf-8");
    const std::string range = body.empty() ? "*" : "0-" + std::to_string(body.size() - 1);
    answer.headers.add("Content-Range", range + "/" + std::to_string(found.size()));
    answer.body = body.dump();
    answer.date = date;
    return answer;
  }
};

}  // namespace holdfast::cache
