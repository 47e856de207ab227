#include "gateway/cli/inspect.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "cache/catalog/catalog.h"
#include "cache/catalog/postgres_source.h"
#include "cache/replica/project_file.h"
#include "gateway/app/data_folder.h"
#include "gateway/cli/control_client.h"
#include "gateway/cli/print.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

void print_status(const json& status) {
  const json& queue = status.at("queue");
  std::cout << text_of(status.at("state"))
            << (status.at("online").get<bool>() ? ", online" : ", offline") << "  "
            << text_of(status.at("upstream").at("url")) << "\n\nqueue    " << queue.at("depth")
            << " waiting to be delivered";
  for (const char* state : {"sending", "waiting", "held", "blocked", "conflicts", "dead"}) {
    if (queue.at(state).get<std::int64_t>() > 0) {
      std::cout << ", " << queue.at(state) << ' ' << state;
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

}  // namespace

int status(const CommonOptions& common) {
  return print_answer(common, ask_gateway(common, "GET", "/status"), print_status);
}

int sync(const CommonOptions& common) {
  return print_answer(common, ask_gateway(common, "POST", "/sync"), [](const json& result) {
    std::cout << result.at("uploaded") << " sent, " << result.at("downloaded") << " rows read\n";
    for (const json& error : result.at("errors")) std::cout << text_of(error) << '\n';
  });
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
  std::cout << catalog->tables().size() << " tables and views kept\n";
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
