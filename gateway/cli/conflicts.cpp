#include "gateway/cli/conflicts.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/cli/control_client.h"
#include "gateway/cli/print.h"
#include "gateway/cli/words.h"
#include "gateway/http/uri.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

std::string conflict_target(const std::string& id) {
  return "/conflicts/" + http::percent_encode(id);
}

void print_conflicts(const json& conflicts) {
  const Timestamp now = SystemClock().now();
  TextTable table({"id", "state", "table", "key", "found", "choice", "why"});
  for (const json& conflict : conflicts) {
    table.add({text_of(conflict.at("id")), text_of(conflict.at("state")),
               table_text(text_of(conflict.at("table"))), key_text(conflict.at("key")),
               time_text(conflict.at("detected_at"), now), text_of(conflict.at("choice")),
               text_of(conflict.at("reason"))});
  }
  table.print("no conflicts");
}

// A value of one side: "-" of a row that is not there.
std::string value_of(const json& row, const std::string& column) {
  return row.is_object() && row.contains(column) ? text_of(row.at(column)) : "-";
}

// Both sides of the columns that differ; those in conflict are marked.
void print_sides(const json& conflict) {
  const json& base = conflict.at("base");
  const json& local = conflict.at("local");
  const json& remote = conflict.at("remote");
  const json& shown = local.is_object() ? local : remote;
  TextTable table({"column", "before", "here", "upstream", "both changed it"});
  for (const auto& [name, value] : shown.items()) {
    const auto& marked = conflict.at("columns");
    const bool both = std::find(marked.begin(), marked.end(), name) != marked.end();
    const std::string here = value_of(local, name);
    const std::string there = value_of(remote, name);
    if (!both && here == there) continue;
    table.add({name, value_of(base, name), here, there, both ? "yes" : "-"});
  }
  table.print("both versions are the same");
}

void print_conflict(const json& conflict) {
  const Timestamp now = SystemClock().now();
  const std::string state = text_of(conflict.at("state"));
  Fields fields;
  fields.add("id", text_of(conflict.at("id")));
  fields.add("state", painted(state, colour_of_state(state)));
  fields.add("row", table_text(text_of(conflict.at("table"))) + " " + key_text(conflict.at("key")));
  fields.add("why", text_of(conflict.at("reason")));
  fields.add("written", "here " + time_text(conflict.at("local_at"), now) + ", upstream " +
                            time_text(conflict.at("remote_at"), now));
  if (!conflict.at("local").is_object()) fields.add("here", "the row was deleted");
  if (!conflict.at("remote").is_object()) fields.add("upstream", "the row was deleted");
  if (conflict.at("choice").is_string()) {
    fields.add("decided", text_of(conflict.at("choice")) + ", by " +
                              text_of(conflict.at("resolved_by")) + ", " +
                              time_text(conflict.at("resolved_at"), now));
  }
  fields.print();
  std::cout << '\n';
  print_sides(conflict);
  if (state != "open") return;
  std::cout << "\ndecide by holdfast conflicts resolve " << text_of(conflict.at("id"))
            << " --choice local, remote or merged\n";
}

void print_conflict_outcome(const json& conflict) {
  std::cout << text_of(conflict.at("id")) << " is "
            << painted(text_of(conflict.at("state")), Colour::kGreen) << ": "
            << text_of(conflict.at("choice")) << '\n';
}

}  // namespace

int conflicts_list(const CommonOptions& common, const std::string& state) {
  const std::string query = state.empty() ? "" : "?state=" + http::percent_encode(state);
  return print_answer(common, ask_gateway(common, "GET", "/conflicts" + query), print_conflicts);
}

int conflicts_show(const CommonOptions& common, const std::string& id) {
  return print_answer(common, ask_gateway(common, "GET", conflict_target(id)), print_conflict);
}

int conflicts_resolve(const CommonOptions& common, const std::string& id, const std::string& choice,
                      const std::string& row) {
  std::string body = "{\"choice\":\"" + choice + "\"";
  if (!row.empty()) {
    const std::string text = text_or_stdin(row);
    if (!json::accept(text)) return fail("--row: this is no JSON: " + text);
    body += ",\"row\":" + text;
  }
  const std::string target = conflict_target(id) + "/resolve";
  return print_answer(common, ask_gateway(common, "POST", target, body + "}"),
                      print_conflict_outcome);
}

}  // namespace holdfast::cli
