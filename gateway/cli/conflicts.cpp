#include "gateway/cli/conflicts.h"

#include <iomanip>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "gateway/cli/control_client.h"
#include "gateway/http/uri.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

std::string text_or_stdin(const std::string& text) {
  if (text != "-") return text;
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

std::string text_of(const json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void print_conflicts(const json& conflicts) {
  if (conflicts.empty()) {
    std::cout << "no conflicts\n";
    return;
  }
  std::cout << std::left << std::setw(38) << "id" << std::setw(10) << "state" << std::setw(24)
            << "table" << std::setw(16) << "key" << std::setw(8) << "choice"
            << "why\n";
  for (const json& conflict : conflicts) {
    std::cout << std::setw(38) << text_of(conflict.at("id")) << std::setw(10)
              << text_of(conflict.at("state")) << std::setw(24) << text_of(conflict.at("table"))
              << std::setw(16) << text_of(conflict.at("key")) << std::setw(8)
              << text_of(conflict.at("choice")) << text_of(conflict.at("reason")) << '\n';
  }
}

// Prints the answer as it is with --json or by `print`.
template <typename Print>
int print_answer(const CommonOptions& common, const Result<std::string>& body, const Print& print) {
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

int outbox_change(const CommonOptions& common, const EntryChoice& choice,
                  const std::string& action) {
  if (!choice.id.empty()) {
    const std::string target = "/outbox/" + http::percent_encode(choice.id) + "/" + action;
    return print_answer(common, ask_gateway(common, "POST", target), print_json);
  }
  if (!choice.all && choice.reason.empty() && choice.table.empty() && choice.state.empty()) {
    return fail("say which: an id, --reason, --table, --state, or --all");
  }
  json filter = json::object();
  if (!choice.reason.empty()) filter["reason"] = choice.reason;
  if (!choice.table.empty()) filter["table"] = choice.table;
  if (!choice.state.empty()) filter["state"] = choice.state;
  return print_answer(
      common, ask_gateway(common, "POST", "/outbox/" + action, filter.dump()),
      [](const json& result) { std::cout << result.at("changed") << " changed\n"; });
}

int outbox_edit(const CommonOptions& common, const std::string& id, const std::string& body) {
  const std::string target = "/outbox/" + http::percent_encode(id) + "/edit";
  return print_answer(common,
                      ask_gateway(common, "POST", target, "{\"body\":" + text_or_stdin(body) + "}"),
                      print_json);
}

int conflicts_list(const CommonOptions& common, const std::string& state) {
  const std::string query = state.empty() ? "" : "?state=" + http::percent_encode(state);
  return print_answer(common, ask_gateway(common, "GET", "/conflicts" + query), print_conflicts);
}

int conflicts_show(const CommonOptions& common, const std::string& id) {
  return print_answer(common, ask_gateway(common, "GET", "/conflicts/" + http::percent_encode(id)),
                      print_json);
}

int conflicts_resolve(const CommonOptions& common, const std::string& id, const std::string& choice,
                      const std::string& row) {
  std::string body = "{\"choice\":\"" + choice + "\"";
  if (!row.empty()) body += ",\"row\":" + text_or_stdin(row);
  const std::string target = "/conflicts/" + http::percent_encode(id) + "/resolve";
  return print_answer(common, ask_gateway(common, "POST", target, body + "}"), print_json);
}

}  // namespace holdfast::cli
