#include "gateway/cli/verify.h"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cache/replica/project_file.h"
#include "gateway/app/data_folder.h"
#include "gateway/app/journal_heads.h"
#include "queue/journal.h"

namespace holdfast::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

bool has_journal(cache::Database& database) {
  cache::Statement statement(database, "SELECT 1 FROM sqlite_master WHERE name='hf_journal'");
  return statement.step();
}

json print_check(const std::string& principal, const queue::JournalCheck& check) {
  json faults = json::array();
  for (const auto& fault : check.faults) {
    faults.push_back({{"record", fault.number}, {"what", fault.what}});
  }
  return {{"principal", principal},
          {"records", check.records},
          {"newest", check.head.number},
          {"ok", check.faults.empty()},
          {"faults", std::move(faults)}};
}

void print_text(const json& checks) {
  for (const json& check : checks) {
    std::cout << check.at("principal").get<std::string>() << ": " << check.at("records")
              << " records, " << (check.at("ok").get<bool>() ? "all in order" : "NOT in order")
              << '\n';
    for (const json& fault : check.at("faults")) {
      std::cout << "  record " << fault.at("record") << ": " << fault.at("what").get<std::string>()
                << '\n';
    }
  }
}

}  // namespace

int verify(const CommonOptions& common) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const std::string folder = app::data_folder_of(*config);
  const std::string secret = app::read_seal_key(folder);
  if (secret.empty() || !fs::exists(folder + "/principals")) {
    return fail("there is no journal in " + folder);
  }
  const SystemClock clock;
  const queue::Journal journal(secret, clock);
  cache::ProjectFile project(folder + "/project.db");
  json checks = json::array();
  bool in_order = true;
  for (const auto& file : fs::directory_iterator(folder + "/principals")) {
    if (file.path().extension() != ".db") continue;
    const std::string principal = file.path().stem().string();
    // Read before the journal, which only grows.
    const auto known = app::kept_journal_head(project, principal);
    cache::Database database(file.path().string(), cache::OpenMode::kReadOnly);
    if (!has_journal(database)) continue;
    const auto check = journal.verify(database, known);
    in_order = in_order && check.faults.empty();
    checks.push_back(print_check(principal, check));
  }
  if (common.json) {
    std::cout << checks.dump() << '\n';
  } else {
    print_text(checks);
  }
  return in_order ? 0 : 1;
}

}  // namespace holdfast::cli
