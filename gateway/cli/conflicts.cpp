#include "gateway/cli/conflicts.h"

#include <nlohmann/json.hpp>

#include "gateway/cli/control_client.h"
#include "gateway/cli/print.h"
#include "gateway/http/uri.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

std::string conflict_target(const std::string& id) {
  return "/conflicts/" + http::percent_encode(id);
}

void print_conflicts(const json& conflicts) {
  TextTable table({"id", "state", "table", "key", "choice", "why"});
  for (const json& conflict : conflicts) {
    table.add(texts_of(conflict, {"id", "state", "table", "key", "choice", "reason"}));
  }
  table.print("no conflicts");
}

}  // namespace

int conflicts_list(const CommonOptions& common, const std::string& state) {
  const std::string query = state.empty() ? "" : "?state=" + http::percent_encode(state);
  return print_answer(common, ask_gateway(common, "GET", "/conflicts" + query), print_conflicts);
}

int conflicts_show(const CommonOptions& common, const std::string& id) {
  return print_answer(common, ask_gateway(common, "GET", conflict_target(id)), print_json);
}

int conflicts_resolve(const CommonOptions& common, const std::string& id, const std::string& choice,
                      const std::string& row) {
  std::string body = "{\"choice\":\"" + choice + "\"";
  if (!row.empty()) body += ",\"row\":" + text_or_stdin(row);
  const std::string target = conflict_target(id) + "/resolve";
  return print_answer(common, ask_gateway(common, "POST", target, body + "}"), print_json);
}

}  // namespace holdfast::cli
