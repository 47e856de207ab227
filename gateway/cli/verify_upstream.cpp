#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/cli/control_client.h"
#include "gateway/cli/progress.h"
#include "gateway/cli/verify.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

void print_table(const json& table) {
  std::cout << "  " << table.at("table").get<std::string>() << ": ";
  if (!table.at("compared").get<bool>()) {
    std::cout << "not compared, " << table.at("reason").get<std::string>() << '\n';
    return;
  }
  if (!table.at("reason").is_null()) {
    std::cout << "FAILED, " << table.at("reason").get<std::string>() << '\n';
    return;
  }
  std::cout << table.at("rows") << " rows, ";
  const json& differences = table.at("differences");
  if (differences.empty()) {
    std::cout << "equal\n";
    return;
  }
  std::cout << differences.size() << (table.at("more").get<bool>() ? " or more" : "")
            << (table.at("append_only").get<bool>() ? " deviations that are kept\n"
                                                    : " DIFFERENCES\n");
  for (const json& difference : differences) {
    std::cout << "    " << difference.at("key").get<std::string>() << ": "
              << difference.at("what").get<std::string>();
    for (const json& column : difference.at("columns")) {
      std::cout << ' ' << column.get<std::string>();
    }
    std::cout << '\n';
  }
}

ProgressState comparing(const ControlClient& client) {
  ProgressCount::State count;
  if (const auto seen = client.ask("GET", "/sync/verify")) {
    const json state = json::parse(*seen);
    count = {state.at("rows_done").get<std::int64_t>(), state.at("rows").get<std::int64_t>()};
  }
  return progress_of("comparing", count, "rows");
}

}  // namespace

int verify_upstream(const CommonOptions& common) {
  const auto client = ControlClient::open(common);
  if (!client) return fail(client.error().message);
  const auto answer = [&] {
    const Progress progress(common, [&] { return comparing(*client); });
    return client->ask("POST", "/sync/verify");
  }();
  if (!answer) return fail(answer.error().message);
  const json report = json::parse(*answer);
  if (common.json) {
    std::cout << report.dump() << '\n';
  } else {
    for (const json& principal : report.at("principals")) {
      std::cout << principal.at("principal").get<std::string>() << ": ";
      if (!principal.at("reason").is_null()) {
        std::cout << principal.at("reason").get<std::string>() << '\n';
        continue;
      }
      std::cout << (principal.at("equal").get<bool>() ? "equal" : "NOT equal") << '\n';
      for (const json& table : principal.at("tables")) print_table(table);
    }
  }
  return report.at("equal").get<bool>() ? 0 : 1;
}

}  // namespace holdfast::cli
