#include "gateway/cli/inspect.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cache/catalog/catalog.h"
#include "cache/catalog/postgres_source.h"
#include "cache/replica/project_file.h"
#include "gateway/app/data_folder.h"
#include "gateway/cli/control_client.h"
#include "gateway/cli/print.h"
#include "gateway/cli/progress.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

constexpr std::chrono::milliseconds kPause{500};

void print_status(const json& status) {
  const json& queue = status.at("queue");
  const std::string state = text_of(status.at("state"));
  std::cout << painted(state, colour_of_state(state))
            << (status.at("online").get<bool>() ? ", online" : ", offline") << "  "
            << text_of(status.at("upstream").at("url")) << "\n\nqueue    " << queue.at("depth")
            << " waiting to be delivered";
  for (const char* part : {"sending", "waiting", "held", "blocked", "conflicts", "dead"}) {
    if (queue.at(part).get<std::int64_t>() > 0) {
      std::cout << ", " << queue.at(part) << ' ' << part;
    }
  }
  std::cout << "\n\n";
  TextTable tables({"table", "rows", "complete", "pending", "lag s"});
  for (const auto& [name, table] : status.at("sync").at("tables").items()) {
    tables.add({name, text_of(table.at("rows")), table.at("complete").get<bool>() ? "yes" : "no",
                text_of(table.at("pending")), text_of(table.at("lag_s"))});
  }
  tables.print("no tables yet");
}

void print_sync(const json& result) {
  std::cout << result.at("uploaded") << " sent, " << result.at("downloaded") << " rows read\n";
  for (const json& error : result.at("errors")) std::cout << text_of(error) << '\n';
}

void add_to(json& total, const json& result) {
  for (const char* count : {"uploaded", "downloaded"}) {
    total[count] = total[count].get<std::int64_t>() + result.at(count).get<std::int64_t>();
  }
  total["errors"] = result.at("errors");
}

// Nothing is left to send, and every table is here.
bool is_done(const json& status) {
  const json& tables = status.at("sync").at("tables");
  return status.at("queue").at("depth") == 0 &&
         std::all_of(tables.begin(), tables.end(),
                     [](const json& table) { return table.at("complete").get<bool>(); });
}

ProgressState sync_progress(const json& status) {
  const json& tables = status.at("sync").at("tables");
  const auto complete = std::count_if(tables.begin(), tables.end(), [](const json& table) {
    return table.at("complete").get<bool>();
  });
  const auto depth = status.at("queue").at("depth").get<std::int64_t>();
  std::string text = std::to_string(complete) + " of " + std::to_string(tables.size()) +
                     " tables are here, " + std::to_string(depth) + " writes to send";
  if (tables.empty()) return {std::move(text), std::nullopt};
  return {std::move(text), static_cast<double>(complete) / static_cast<double>(tables.size())};
}

}  // namespace

int status(const CommonOptions& common) {
  return print_answer(common, ask_gateway(common, "GET", "/status"), print_status);
}

int sync(const CommonOptions& common, const SyncOptions& options) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout);
  json total = {{"uploaded", 0}, {"downloaded", 0}, {"errors", json::array()}};
  {
    const Progress progress([&common] {
      const auto seen = ask_running(common, "/status");
      return seen ? sync_progress(json::parse(*seen)) : ProgressState{"syncing", std::nullopt};
    });
    for (;;) {
      const auto answer = ask_gateway(common, "POST", "/sync");
      if (!answer) return fail(answer.error().message);
      add_to(total, json::parse(*answer));
      if (!options.wait) break;
      const auto status = ask_gateway(common, "GET", "/status");
      if (!status) return fail(status.error().message);
      if (is_done(json::parse(*status))) break;
      if (options.timeout > 0 && std::chrono::steady_clock::now() >= end) {
        return fail("not done after " + std::to_string(options.timeout) + " s");
      }
      std::this_thread::sleep_for(kPause);
    }
  }
  return print_answer(common, total.dump(), print_sync);
}

int catalog_pull(const CommonOptions& common, const std::string& db_url) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const std::string url = db_url.empty() ? config->db_url : db_url;
  if (url.empty()) return fail("give --db-url, or set [upstream] db_url");
  const auto document = cache::read_catalog_document_from_postgres(url, config->rest.schemas);
  if (!document) return fail(document.error().message);
  const app::DataFolder folder(app::data_folder_of(*config));
  cache::ProjectFile(folder.path() + "/project.db").keep_catalog_document(*document);
  const auto catalog = cache::parse_catalog(*document);
  if (!catalog) return fail(catalog.error().message);
  if (common.json) {
    std::cout << json({{"tables", catalog->tables().size()}}).dump() << '\n';
  } else {
    std::cout << catalog->tables().size() << " tables and views kept\n";
  }
  return 0;
}

int catalog_show(const CommonOptions& common) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const std::string file = app::data_folder_of(*config) + "/project.db";
  const auto document = cache::ProjectFile(file).catalog_document();
  if (!document) return fail("no catalog is kept yet in " + file);
  std::cout << json::parse(*document).dump(common.json ? -1 : 2) << '\n';
  return 0;
}

}  // namespace holdfast::cli
