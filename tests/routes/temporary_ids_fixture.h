#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/routes/fixture.h"

namespace holdfast::routes {

using nlohmann::json;

// `counters` takes its keys from the upstream; `marks` and, over their composite key, `dots` refer
// to it; `counters.parent` refers to another counter; `baskets` name counters without foreign keys.
class TemporaryIdsTest : public RoutesTest {
 protected:
  TemporaryIdsTest() {
    use_catalog();
    for (const auto* table : store_->replicated()) {
      store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
        store_->mark_complete(transaction, *table);
        transaction.database().execute("UPDATE hf_tables SET added=NULL");
      });
      store_->publish(*table, cache::TableStatus::kComplete);
    }
    go_offline();
  }

  void use_catalog() {
    using cache::sample::columns;
    auto tables = cache::sample::tables();
    for (auto& table : tables) {
      if (table.name != "counters") continue;
      table.columns = columns({{"id", "bigint", false, std::nullopt, cache::Identity::kAlways},
                               {"name", "text"},
                               {"parent", "bigint"}});
      table.foreign_keys.push_back(reference("counters_parent_fkey", {2}, "counters", {"id"}));
    }
    auto marks = cache::sample::table(
        "marks", columns({{"counter", "bigint", false}, {"label", "text", false}}), {0, 1});
    marks.foreign_keys.push_back(reference("marks_counter_fkey", {0}, "counters", {"id"}));
    tables.push_back(std::move(marks));
    auto dots = cache::sample::table(
        "dots", columns({{"id", "integer", false}, {"counter", "bigint"}, {"label", "text"}}), {0});
    dots.foreign_keys.push_back(reference("dots_mark_fkey", {1, 2}, "marks", {"counter", "label"}));
    tables.push_back(std::move(dots));
    tables.push_back(cache::sample::table(
        "shelves",
        columns({{"id", "smallint", false, std::nullopt, cache::Identity::kByDefault},
                 {"name", "text"}}),
        {0}));
    tables.push_back(cache::sample::table("baskets",
                                          columns({{"id", "integer", false},
                                                   {"counter", "bigint"},
                                                   {"change", "integer"},
                                                   {"list", "bigint[]"},
                                                   {"content", "jsonb"},
                                                   {"note", "text"}}),
                                          {0}));
    stores_.set_catalog(std::make_shared<const cache::Catalog>(
        std::move(tables), std::vector<cache::Function>{}, std::vector<std::string>{"public"}));
    store_ = stores_.open(http::Principal::anonymous());
  }

  static cache::ForeignKey reference(const char* name, std::vector<std::size_t> own,
                                     const char* parent, std::vector<std::string> theirs) {
    cache::ForeignKey key;
    key.name = name;
    key.columns = std::move(own);
    key.ref_schema = "public";
    key.ref_table = parent;
    key.ref_columns = std::move(theirs);
    key.on_delete = cache::ReferentialAction::kCascade;
    return key;
  }

  json rows(const std::string& target) { return json::parse(rest("GET", target).body); }
  std::string insert(const std::string& body) {
    return rest("POST", "counters", body, {{"Prefer", "return=representation"}}).body;
  }
  // What the upstream was sent: "METHOD path body".
  std::vector<std::string> sent() {
    std::vector<std::string> lines;
    for (const auto& call : upstream_.calls()) {
      if (call.method == "GET") continue;
      const auto end = std::min(call.target.find("&select="), call.target.find("?select="));
      lines.push_back(call.method + " " + call.target.substr(9, end - 9) + " " + call.body);
    }
    return lines;
  }
  std::string newest_target() {
    auto reader = store_->reader();
    cache::Statement statement(*reader,
                               "SELECT target FROM hf_outbox ORDER BY sequence DESC LIMIT 1");
    statement.step();
    return std::string(statement.text(0));
  }
  // The look at the largest key before an insert finds no row.
  void nothing_is_there() { upstream_.push(200, "[]", {{"Content-Type", "application/json"}}); }
  // The upstream takes everything, and gives counters the ids from 42 on.
  void upstream_takes_all() {
    upstream_.respond_with([this](const upstream::Call& call) -> upstream::Outcome {
      upstream::Answer answer{200, {{"Content-Type", "application/json"}}, "[]", {}, {}};
      if (call.method == "GET" || call.method == "DELETE") return answer;
      json given = json::array();
      const json body = json::parse(call.body);
      for (json row : body.is_array() ? body : json::array({body})) {
        if (call.method == "POST" && call.target.starts_with("/rest/v1/counters")) {
          row["id"] = next_id_++;
          row.emplace("parent", nullptr);
        }
        given.push_back(row);
      }
      answer.status = call.method == "POST" ? 201 : 200;
      answer.body =
          call.method == "POST" ? given.dump() : R"([{"id":42,"name":"changed","parent":null}])";
      return answer;
    });
  }

  int next_id_ = 42;
};

}  // namespace holdfast::routes
