#include "gateway/cli/inspect.h"

#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cache/catalog/catalog.h"
#include "cache/catalog/postgres_source.h"
#include "cache/replica/project_file.h"
#include "gateway/app/data_folder.h"
#include "gateway/cli/control_client.h"
#include "gateway/http/uri.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

std::string text_of(const json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

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
  std::cout << "\n\n"
            << std::left << std::setw(32) << "table" << std::setw(12) << "rows" << std::setw(10)
            << "complete" << std::setw(9) << "pending"
            << "lag s\n";
  for (const auto& [name, table] : status.at("sync").at("tables").items()) {
    std::cout << std::setw(32) << name << std::setw(12) << text_of(table.at("rows"))
              << std::setw(10) << (table.at("complete").get<bool>() ? "yes" : "no") << std::setw(9)
              << text_of(table.at("pending")) << text_of(table.at("lag_s")) << '\n';
  }
}

void print_entries(const json& entries) {
  if (entries.empty()) {
    std::cout << "nothing is waiting\n";
    return;
  }
  std::cout << std::left << std::setw(38) << "id" << std::setw(12) << "state" << std::setw(9)
            << "what" << std::setw(28) << "table" << std::setw(9) << "attempts"
            << "why\n";
  for (const json& entry : entries) {
    std::cout << std::setw(38) << text_of(entry.at("id")) << std::setw(12)
              << text_of(entry.at("state")) << std::setw(9) << text_of(entry.at("operation"))
              << std::setw(28) << text_of(entry.at("table")) << std::setw(9)
              << text_of(entry.at("attempts")) << text_of(entry.at("last_error")) << '\n';
  }
}

// Asks the gateway and prints what it says: as it is with --json, else by `print`.
template <typename Print>
int ask_and_print(const CommonOptions& common, const std::string& method, const std::string& target,
                  const Print& print) {
  const auto body = ask_gateway(common, method, target);
  if (!body) return fail(body.error().message);
  if (common.json) {
    std::cout << *body << '\n';
  } else {
    print(json::parse(*body));
  }
  return 0;
}

void print_json(const json& value) { std::cout << value.dump(2) << '\n'; }

}  // namespace

int status(const CommonOptions& common) {
  return ask_and_print(common, "GET", "/status", print_status);
}

int sync(const CommonOptions& common) {
  return ask_and_print(common, "POST", "/sync", [](const json& result) {
    std::cout << result.at("uploaded") << " sent, " << result.at("downloaded") << " rows read\n";
    for (const json& error : result.at("errors")) std::cout << text_of(error) << '\n';
  });
}

int outbox_list(const CommonOptions& common, const std::string& state) {
  const std::string query = state.empty() ? "" : "?state=" + http::percent_encode(state);
  return ask_and_print(common, "GET", "/outbox" + query, print_entries);
}

int outbox_show(const CommonOptions& common, const std::string& id) {
  return ask_and_print(common, "GET", "/outbox/" + http::percent_encode(id), print_json);
}

int catalog_pull(const CommonOptions& common, const std::string& db_url) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const std::string url = db_url.empty() ? config->db_url : db_url;
  if (url.empty()) return fail("give --db-url, or set [upstream] db_url");
  const auto document = cache::read_catalog_document_from_postgres(url, config->rest.schemas);
  if (!document) return fail(document.error().message);
  const app::DataFolder folder(data_folder_of(*config));
  cache::ProjectFile(folder.path() + "/project.db").keep_catalog_document(*document);
  const auto catalog = cache::parse_catalog(*document);
  if (!catalog) return fail(catalog.error().message);
  std::cout << catalog->tables().size() << " tables and views kept\n";
  return 0;
}

int catalog_show(const CommonOptions& common) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  const std::string file = data_folder_of(*config) + "/project.db";
  const auto document = cache::ProjectFile(file).catalog_document();
  if (!document) return fail("no catalog is kept yet in " + file);
  std::cout << json::parse(*document).dump(common.json ? -1 : 2) << '\n';
  return 0;
}

}  // namespace holdfast::cli
