#include <gtest/gtest.h>

#include <fstream>
#include <iostream>

#include "cache/query/query.h"
#include "gateway/http/uri.h"
#include "tests/oracle/bundle_replica.h"

// Replays the read cases of PostgREST's specification, where they lie beside the repository, inside
// the process: whatever is answered must be the expected answer.
namespace holdfast::tests {
namespace {

using cache::query::Form;
using nlohmann::json;

const std::filesystem::path kSpecification = HF_SPECIFICATION;

json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  return json::parse(file);
}

std::string header(const json& test, std::string_view name) {
  std::string all;
  for (const auto& pair : test["request_headers"]) {
    if (pair[0] == name) all += (all.empty() ? "" : ", ") + pair[1].get<std::string>();
  }
  return all;
}

bool holds(const json& about, const char* key) {
  const auto found = about.find(key);
  if (found == about.end() || found->is_null()) return false;
  return found->is_boolean() ? found->get<bool>() : !found->empty();
}

bool is_core(const json& test) {
  const auto& about = test["class"];
  return holds(about, "read_plain") && !holds(about, "not_derivable") && test["role"] == "anon" &&
         !holds(about, "engine_worded") && !holds(about, "after_commit");
}

bool selects_aggregates(const json& test) {
  const std::string url = test["url"];
  for (const char* call : {"count()", "sum()", "avg()", "min()", "max()"}) {
    if (url.find(call) != std::string::npos) return true;
  }
  return false;
}

struct Tally {
  int passed = 0;
  int forwarded = 0;
  int routed = 0;  // decided before the query: unknown tables, permissions, media types
  int wrong = 0;
};

struct Answer {
  int status = 200;
  std::string body;
  std::optional<std::int64_t> total;
  std::string forward;
  bool routed = false;
};

int status_of(const std::string& code) {
  if (code == "PGRST116") return 406;
  if (code == "PGRST103") return 416;
  if (code == "PGRST201") return 300;
  if (code == "42883") return 404;
  return 400;
}

std::string error_body(const Error& error) {
  json body = {{"code", error.code}, {"message", error.message}, {"hint", nullptr}};
  body["details"] = nullptr;
  if (error.details) {
    body["details"] = error.details_are_json ? json::parse(*error.details) : json(*error.details);
  }
  if (error.hint) body["hint"] = *error.hint;
  return body.dump();
}

Answer refused(const Error& error) {
  if (error.code == "HF_FORWARD") return {200, {}, {}, error.message, false};
  return {status_of(error.code), error_body(error), {}, {}, false};
}

class SpecCases : public testing::Test {
 protected:
  static void SetUpTestSuite() { replica_ = load_bundle(kSpecification / "fixtures.json"); }
  static void TearDownTestSuite() { replica_.reset(); }

  static cache::query::PlanOptions options(const json& test) {
    cache::query::PlanOptions options;
    options.max_rows = 0;
    options.aggregates = selects_aggregates(test) && test["expect_status"] != 400;
    options.count = header(test, "Prefer").find("count=exact") != std::string::npos;
    const std::string range = header(test, "Range");
    if (const auto dash = range.find('-'); dash != std::string::npos) {
      options.range.emplace(std::stoll(range.substr(0, dash)), std::nullopt);
      if (dash + 1 < range.size()) options.range->second = std::stoll(range.substr(dash + 1));
    }
    return options;
  }

  static Answer ask(const json& test) {
    const std::string url = test["url"];
    const auto mark = url.find('?');
    std::string name = http::percent_decode(url.substr(0, mark));
    if (name.starts_with('/')) name.erase(0, 1);
    const std::string accept = header(test, "Accept");
    const auto* table = replica_->catalog.find("test", name);
    if (table == nullptr || test["expect_status"] == 401 || accept == "text/unknowntype") {
      return {0, {}, {}, {}, true};
    }
    auto query = cache::query::Query::parse(mark == std::string::npos ? "" : url.substr(mark + 1));
    if (!query) return refused(query.error());
    auto planned = cache::query::plan_read(*query, replica_->catalog, *table, options(test));
    if (const auto* error = std::get_if<Error>(&planned)) return refused(*error);
    if (const auto* forward = std::get_if<cache::query::Forward>(&planned)) {
      return {200, {}, {}, forward->reason, false};
    }
    const auto& plan = std::get<cache::query::Plan>(planned);
    const bool csv = accept.find("text/csv") != std::string::npos;
    const bool object = accept.find("pgrst.object") != std::string::npos;
    const bool stripped = accept.find("nulls=stripped") != std::string::npos;
    auto output = execute(replica_->database, plan,
                          csv      ? Form::kCsv
                          : object ? Form::kObject
                                   : Form::kArray,
                          stripped);
    if (!output) return refused(output.error());
    return {200, output->body, output->total, {}, false};
  }

  static std::string fault(const json& test, const Answer& answer) {
    const int status = test["expect_status"].is_null() ? 200 : test["expect_status"].get<int>();
    const bool partial = status == 206 && answer.status == 200;
    if (answer.status != status && !partial) {
      return "status " + std::to_string(answer.status) + ": " + answer.body;
    }
    const auto mode = test.value("body_match", "any");
    if (mode == "json" && json::parse(answer.body) != test["expect_json"]) {
      return answer.body + "\n      expected " + test["expect_json"].dump();
    }
    if (mode == "text" && test["method"] == "GET" && answer.body != test["expect_body_text"]) {
      return answer.body + "\n      expected " + test["expect_body_text"].dump();
    }
    for (const auto& pair : test["expect_headers"]) {
      if (pair[0] != "Content-Range" || !answer.total) continue;
      const std::string range = pair[1];
      if (range.substr(range.find('/') + 1) != std::to_string(*answer.total)) {
        return "total " + std::to_string(*answer.total) + ", expected " + range;
      }
    }
    return {};
  }

  static void replay(const json& test, Tally& tally) {
    const Answer answer = ask(test);
    const std::string request =
        test["id"].get<std::string>() + " " + test["path"].get<std::string>();
    if (answer.routed) {
      ++tally.routed;
    } else if (!answer.forward.empty()) {
      ++tally.forwarded;
      std::cout << "forward " << request << ": " << answer.forward << "\n";
    } else if (const auto words = fault(test, answer); !words.empty()) {
      ++tally.wrong;
      std::cout << "WRONG   " << request << "\n      " << words << "\n";
    } else {
      ++tally.passed;
    }
  }

  static std::unique_ptr<BundleReplica> replica_;
};

std::unique_ptr<BundleReplica> SpecCases::replica_;

TEST_F(SpecCases, WhatIsAnsweredIsRight) {
  Tally tally;
  int skipped = 0;
  for (const auto& test : read_json(kSpecification / "cases.json")) {
    if (!is_core(test)) {
      ++skipped;
      continue;
    }
    replay(test, tally);
  }
  for (const auto& words : replica_->refused) std::cout << "not stored " << words << "\n";
  std::cout << tally.passed << " passed, " << tally.forwarded << " forwarded, " << tally.wrong
            << " wrong, " << tally.routed << " not the query's\n";
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(tally.forwarded, 0);
  EXPECT_GT(tally.passed, 300);
}

// They are allowed by another configuration than that of the other cases.
TEST_F(SpecCases, AggregatesAreRight) {
  Tally tally;
  for (const auto& test : read_json(kSpecification / "cases.json")) {
    if (selects_aggregates(test) && test["role"] == "anon") replay(test, tally);
  }
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(tally.forwarded, 0);
  EXPECT_GT(tally.passed, 25);
}

// They are no part of the core, which asks for no stemmer.
TEST_F(SpecCases, FullTextSearchIsRight) {
  Tally tally;
  const json only_search = json::array({"full-text search"});
  for (const auto& test : read_json(kSpecification / "cases.json")) {
    const auto& about = test["class"];
    if (holds(about, "read_plain") && about["not_derivable"] == only_search) replay(test, tally);
  }
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_EQ(tally.forwarded, 0);
  EXPECT_GT(tally.passed, 40);
}

}  // namespace
}  // namespace holdfast::tests
