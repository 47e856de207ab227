#include "gateway/cli/outbox.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/cli/control_client.h"
#include "gateway/cli/print.h"
#include "gateway/cli/words.h"
#include "gateway/http/uri.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

std::string entry_target(const std::string& id) { return "/outbox/" + http::percent_encode(id); }

std::string reason_of(const json& entry) {
  const json& error = entry.at("last_error");
  return text_of(error.is_null() ? entry.at("explanation") : error);
}

void print_entries(const json& entries) {
  const Timestamp now = SystemClock().now();
  TextTable table({"id", "state", "what", "table", "written", "attempts", "next try", "why"});
  for (const json& entry : entries) {
    table.add({text_of(entry.at("id")), text_of(entry.at("state")), text_of(entry.at("operation")),
               table_text(text_of(entry.at("table"))), time_text(entry.at("created_at"), now),
               text_of(entry.at("attempts")), time_text(entry.at("next_attempt_at"), now),
               reason_of(entry)});
  }
  table.print("nothing is waiting");
}

std::string rows_of(const json& entry) {
  std::string text;
  for (const json& effect : entry.at("effects")) {
    text += (text.empty() ? "" : "\n") + table_text(text_of(effect.at("table"))) + " " +
            key_text(effect.at("key"));
  }
  return text;
}

std::string attempts_of(const json& entry, Timestamp now) {
  std::string text = text_of(entry.at("attempts"));
  if (entry.at("last_status").is_number()) {
    text += ", the last was answered " + text_of(entry.at("last_status"));
  }
  if (entry.at("next_attempt_at").is_string()) {
    text += ", the next " + time_text(entry.at("next_attempt_at"), now);
  }
  return text;
}

void print_entry(const json& entry) {
  const Timestamp now = SystemClock().now();
  const std::string state = text_of(entry.at("state"));
  Fields fields;
  fields.add("id", text_of(entry.at("id")));
  fields.add("state", painted(state, colour_of_state(state)));
  fields.add("what", text_of(entry.at("operation")) + ": " +
                         table_text(text_of(entry.at("table"))) + ", by " +
                         text_of(entry.at("principal")));
  fields.add("written",
             text_of(entry.at("created_at")) + ", " + time_text(entry.at("created_at"), now));
  fields.add("attempts", attempts_of(entry, now));
  if (entry.at("last_error").is_string()) fields.add("error", text_of(entry.at("last_error")));
  if (entry.at("explanation").is_string()) fields.add("meaning", text_of(entry.at("explanation")));
  fields.add("request", text_of(entry.at("method")) + " " + text_of(entry.at("target")));
  if (entry.at("body_text").is_string()) fields.add("body", text_of(entry.at("body_text")));
  if (!entry.at("effects").empty()) fields.add("rows", rows_of(entry));
  if (entry.contains("dependants") && !entry.at("dependants").empty()) {
    fields.add("holds back",
               counted(static_cast<std::int64_t>(entry.at("dependants").size()), "later write"));
  }
  fields.print();
}

// What became of an entry that was changed.
void print_entry_outcome(const json& entry) {
  const std::string state = text_of(entry.at("state"));
  std::cout << text_of(entry.at("id")) << " is " << painted(state, colour_of_state(state)) << '\n';
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
  return print_answer(common, ask_gateway(common, "GET", entry_target(id)), print_entry);
}

int outbox_change(const CommonOptions& common, const EntryChoice& choice,
                  const std::string& action) {
  if (!choice.id.empty()) {
    const std::string target = entry_target(choice.id) + "/" + action;
    return print_answer(common, ask_gateway(common, "POST", target), print_entry_outcome);
  }
  const json filter = filter_of(choice);
  if (!choice.all && filter.empty()) {
    return fail("say which: an id, --reason, --table, --state, or --all");
  }
  return print_answer(common, ask_gateway(common, "POST", "/outbox/" + action, filter.dump()),
                      [](const json& result) {
                        std::cout << counted(result.at("changed").get<std::int64_t>(), "write")
                                  << " changed\n";
                      });
}

int outbox_edit(const CommonOptions& common, const std::string& id, const std::string& body) {
  const std::string text = text_or_stdin(body);
  // As it is, not as a parser would print it again: with every digit of its numbers.
  if (!json::accept(text)) return fail("--body: this is no JSON: " + text);
  const std::string change = "{\"body\":" + text + "}";
  return print_answer(common, ask_gateway(common, "POST", entry_target(id) + "/edit", change),
                      print_entry_outcome);
}

}  // namespace holdfast::cli
