#include "gateway/cli/verify.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cache/replica/project_file.h"
#include "gateway/app/data_folder.h"
#include "gateway/app/journal_heads.h"
#include "gateway/cli/progress.h"
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

void print_checks(const json& checks) {
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

// A principal's file, which a gateway may have open too.
struct JournalFile {
  std::string principal;
  std::optional<queue::JournalHead> known;
  std::unique_ptr<cache::Database> database;
};

std::vector<JournalFile> open_journals(const std::string& folder) {
  cache::ProjectFile project(folder + "/project.db");
  std::vector<JournalFile> files;
  for (const auto& file : fs::directory_iterator(folder + "/principals")) {
    if (file.path().extension() != ".db") continue;
    const std::string principal = file.path().stem().string();
    // Read before the journal, which only grows.
    auto known = app::kept_journal_head(project, principal);
    auto database =
        std::make_unique<cache::Database>(file.path().string(), cache::OpenMode::kReadOnly);
    if (!has_journal(*database)) continue;
    files.push_back({principal, std::move(known), std::move(database)});
  }
  return files;
}

json check(const CommonOptions& common, const queue::Journal& journal,
           const std::vector<JournalFile>& files) {
  ProgressCount count;
  for (const JournalFile& file : files) count.expect(queue::Journal::to_verify(*file.database));
  const Progress progress(common,
                          [&count] { return progress_of("verifying", count.state(), "records"); });
  json checks = json::array();
  for (const JournalFile& file : files) {
    checks.push_back(
        print_check(file.principal, journal.verify(*file.database, file.known, &count)));
  }
  return checks;
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
  const json checks = check(common, queue::Journal(secret, clock), open_journals(folder));
  if (common.json) {
    std::cout << checks.dump() << '\n';
  } else {
    print_checks(checks);
  }
  const bool in_order = std::all_of(checks.begin(), checks.end(),
                                    [](const json& one) { return one.at("ok").get<bool>(); });
  return in_order ? 0 : 1;
}

}  // namespace holdfast::cli
