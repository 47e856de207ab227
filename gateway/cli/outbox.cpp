#include "gateway/cli/outbox.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/cli/control_client.h"
#include "gateway/cli/print.h"
#include "gateway/http/uri.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

std::string entry_target(const std::string& id) { return "/outbox/" + http::percent_encode(id); }

void print_entries(const json& entries) {
  TextTable table({"id", "state", "what", "table", "attempts", "why"});
  for (const json& entry : entries) {
    table.add(texts_of(entry, {"id", "state", "operation", "table", "attempts", "last_error"}));
  }
  table.print("nothing is waiting");
}

json filter_of(const EntryChoice& choice) {
  json filter = json::object();
  if (!choice.reason.empty()) filter["reason"] = choice.reason;
  if (!choice.table.empty()) filter["table"] = choice.table;
  if (!choice.state.empty()) filter["state"] = choice.state;
  return filter;
}

}  // namespace

int outbox_list(const CommonOptions& common, const std::string& state) {
  const std::string query = state.empty() ? "" : "?state=" + http::percent_encode(state);
  return print_answer(common, ask_gateway(common, "GET", "/outbox" + query), print_entries);
}

int outbox_show(const CommonOptions& common, const std::string& id) {
  return print_answer(common, ask_gateway(common, "GET", entry_target(id)), print_json);
}

int outbox_change(const CommonOptions& common, const EntryChoice& choice,
                  const std::string& action) {
  if (!choice.id.empty()) {
    const std::string target = entry_target(choice.id) + "/" + action;
    return print_answer(common, ask_gateway(common, "POST", target), print_json);
  }
  const json filter = filter_of(choice);
  if (!choice.all && filter.empty()) {
    return fail("say which: an id, --reason, --table, --state, or --all");
  }
  return print_answer(
      common, ask_gateway(common, "POST", "/outbox/" + action, filter.dump()),
      [](const json& result) { std::cout << result.at("changed") << " changed\n"; });
}

int outbox_edit(const CommonOptions& common, const std::string& id, const std::string& body) {
  const std::string change = "{\"body\":" + text_or_stdin(body) + "}";
  return print_answer(common, ask_gateway(common, "POST", entry_target(id) + "/edit", change),
                      print_json);
}

}  // namespace holdfast::cli
