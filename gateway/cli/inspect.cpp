#include "gateway/cli/inspect.h"

#include <algorithm>
#include <filesystem>
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
#include "gateway/cli/status.h"
#include "gateway/cli/words.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

constexpr std::chrono::milliseconds kPause{500};

void print_sync(const json& result) {
  std::cout << counted(result.at("uploaded").get<std::int64_t>(), "write") << " sent, "
            << counted(result.at("downloaded").get<std::int64_t>(), "row") << " read\n";
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

// How far a sync is: rows of initial syncs, then writes.
class SyncLook {
 public:
  ProgressState operator()(const json& status) {
    const json& sync = status.at("sync");
    const json& tables = sync.at("tables");
    const auto complete = std::count_if(tables.begin(), tables.end(), [](const json& table) {
      return table.at("complete").get<bool>();
    });
    const auto depth = status.at("queue").at("depth").get<std::int64_t>();
    most_writes_ = std::max(most_writes_, depth);
    std::string text = std::to_string(complete) + " of " + std::to_string(tables.size()) +
                       " tables are here, " + counted(depth, "write") + " to send";
    const auto missing = sync.at("pending_downloads").get<std::int64_t>();
    if (missing > 0) return {std::move(text), part(rows_of(tables), missing)};
    if (depth > 0) return {std::move(text), part(most_writes_ - depth, depth)};
    return {std::move(text), std::nullopt};
  }

 private:
  static double part(std::int64_t done, std::int64_t left) {
    return static_cast<double>(done) / static_cast<double>(done + left);
  }
  static std::int64_t rows_of(const json& tables) {
    std::int64_t rows = 0;
    for (const json& table : tables) rows += table.at("rows").get<std::int64_t>();
    return rows;
  }

  std::int64_t most_writes_ = 0;
};

std::string key_of(const cache::Table& table) {
  if (!table.primary_key) return "-";
  std::string names;
  for (const std::size_t column : table.primary_key->columns) {
    names += (names.empty() ? "" : ", ") + table.columns[column].name;
  }
  return names;
}

void print_relations(const cache::Catalog& catalog) {
  TextTable text({"schema", "name", "kind", "columns", "key"});
  for (const cache::Table& table : catalog.tables()) {
    if (!table.exposed) continue;
    text.add({table.schema, table.name, table.is_view() ? "view" : "table",
              std::to_string(table.columns.size()), key_of(table)});
  }
  text.print("no tables");
  std::cout << '\n'
            << counted(static_cast<std::int64_t>(catalog.functions().size()), "function") << '\n';
}

// Sends and pulls once; until all is done with --wait.
Result<json> sync_by(const ControlClient& client, const SyncOptions& options) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.timeout);
  json total = {{"uploaded", 0}, {"downloaded", 0}, {"errors", json::array()}};
  for (;;) {
    HF_TRY(const std::string answer, client.ask("POST", "/sync"));
    add_to(total, json::parse(answer));
    if (!options.wait) return total;
    HF_TRY(const std::string status, client.ask("GET", "/status"));
    if (is_done(json::parse(status))) return total;
    if (options.timeout > 0 && std::chrono::steady_clock::now() >= end) {
      return upstream_unavailable("not done after " + std::to_string(options.timeout) + " s");
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

int status(const CommonOptions& common) {
  const auto client = ControlClient::open(common);
  if (!client) return fail(client.error().message);
  return print_answer(common, client->ask("GET", "/status"), [&](const json& status) {
    print_status(status, client->url(), SystemClock().now());
  });
}

int sync(const CommonOptions& common, const SyncOptions& options) {
  const auto client = ControlClient::open(common);
  if (!client) return fail(client.error().message);
  const auto total = [&] {
    const Progress progress(common, [&client, look = SyncLook()]() mutable {
      const auto seen = client->ask("GET", "/status");
      return seen ? look(json::parse(*seen)) : ProgressState{"syncing", std::nullopt};
    });
    return sync_by(*client, options);
  }();
  if (!total) return fail(total.error().message);
  return print_answer(common, total->dump(), print_sync);
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
  const auto document =
      std::filesystem::exists(file) ? cache::ProjectFile(file).catalog_document() : std::nullopt;
  if (!document) return fail("no catalog is kept yet in " + file);
  if (common.json) {
    std::cout << json::parse(*document).dump() << '\n';
    return 0;
  }
  const auto catalog = cache::parse_catalog(*document);
  if (!catalog) return fail(catalog.error().message);
  print_relations(*catalog);
  return 0;
}

}  // namespace holdfast::cli
