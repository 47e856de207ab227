#include "gateway/cli/dashboard.h"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/app/data_folder.h"
#include "gateway/cli/control_client.h"
#include "gateway/cli/print.h"

namespace holdfast::cli {

int dashboard(const CommonOptions& common) {
  const auto config = load(common);
  if (!config) return fail(config.error().message);
  // A folder without a gateway could make a link, which would lead nowhere.
  const std::string folder = app::data_folder_of(*config);
  if (!std::filesystem::exists(folder) || !app::find_running(folder)) {
    return fail("no gateway runs on this data folder: start one with holdfast serve");
  }
  return print_answer(common, ask_gateway(common, "POST", "/dashboard/link"),
                      [](const nlohmann::json& link) {
                        std::cout << link.at("url").get<std::string>() << std::endl;
                      });
}

}  // namespace holdfast::cli
