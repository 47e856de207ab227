#include "gateway/cli/status.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/cli/print.h"
#include "gateway/cli/words.h"

namespace holdfast::cli {
namespace {

using json = nlohmann::json;

std::string headline(const json& status) {
  const std::string state = text_of(status.at("state"));
  const bool online = status.at("online").get<bool>();
  std::string text = painted(state, colour_of_state(state));
  if (status.value("offline_by_choice", false)) {
    text += " by choice";
  } else if (!online && state != "offline") {
    text += painted(", offline", Colour::kYellow);
  }
  return text;
}

std::string deliveries(const json& queue, Timestamp now) {
  const auto depth = queue.at("depth").get<std::int64_t>();
  if (depth == 0) return "nothing to deliver";
  std::string text = counted(depth, "write") + " to deliver";
  std::string parts;
  for (const char* part : {"sending", "waiting", "held", "blocked"}) {
    const auto count = queue.at(part).get<std::int64_t>();
    if (count > 0) parts += (parts.empty() ? "" : ", ") + std::to_string(count) + " " + part;
  }
  if (!parts.empty()) text += " (" + parts + ")";
  if (queue.at("oldest_age_s").is_number()) {
    text += ", the oldest " + duration_text(queue.at("oldest_age_s").get<double>()) + " old";
  }
  if (queue.at("next_attempt_at").is_string()) {
    text += ", next try " + time_text(queue.at("next_attempt_at"), now);
  }
  return text;
}

// What waits for a person, and where to look.
void add_troubles(Fields& fields, const json& queue) {
  if (const auto count = queue.at("dead").get<std::int64_t>(); count > 0) {
    fields.add("refused", painted(counted(count, "write"), Colour::kRed) +
                              "; see holdfast outbox list --state dead");
  }
  const auto uncertain = queue.value("uncertain", std::int64_t{0});
  if (const auto count = queue.at("conflicts").get<std::int64_t>() - uncertain; count > 0) {
    fields.add("conflicts",
               painted(std::to_string(count), Colour::kRed) + "; see holdfast conflicts list");
  }
  if (uncertain > 0) {
    fields.add("uncertain", painted(counted(uncertain, "write"), Colour::kRed) +
                                " may or may not have arrived; see holdfast outbox list --state "
                                "uncertain");
  }
  if (const auto count = queue.value("stalled", std::int64_t{0}); count > 0) {
    fields.add("stalled", painted(counted(count, "write"), Colour::kRed) +
                              " failing again and again; see holdfast outbox list --state stalled");
  }
  if (const auto count = queue.value("claims_changed", std::int64_t{0}); count > 0) {
    fields.add("held", painted(counted(count, "write"), Colour::kRed) +
                           " by users with other rights now; see holdfast outbox list --state "
                           "held");
  }
}

// What ails the copies.
void add_ailments(Fields& fields, const json& trouble) {
  for (const json& name : trouble) {
    if (name == "pulls_fail") {
      fields.add("copies", painted("grow old: changes cannot be fetched", Colour::kRed));
    } else if (name == "schema_unknown") {
      fields.add("schema", painted("not known: nothing is kept here", Colour::kRed) +
                               "; holdfast doctor says what to do");
    }
  }
}

std::string completeness(const json& table) {
  if (table.at("complete").get<bool>()) return "yes";
  const json& expected = table.at("expected_rows");
  const double rows = table.at("rows").get<double>();
  if (!expected.is_number() || expected.get<double>() <= 0) return "no";
  const int part = static_cast<int>(100 * std::min(1.0, rows / expected.get<double>()));
  return "no, " + std::to_string(part) + " %";
}

void print_tables(const json& tables) {
  TextTable text({"table", "rows", "complete", "pending", "lag", "error"});
  for (const auto& [name, table] : tables.items()) {
    const json& lag = table.at("lag_s");
    text.add({name, text_of(table.at("rows")), completeness(table), text_of(table.at("pending")),
              lag.is_number() ? duration_text(lag.get<double>()) : "-",
              text_of(table.at("last_error"))});
  }
  text.print("no tables yet");
}

}  // namespace

void print_status(const json& status, const std::string& url, Timestamp now) {
  const json& queue = status.at("queue");
  const json& sync = status.at("sync");
  const json& upstream = status.at("upstream");
  Fields fields;
  fields.add("state", headline(status));
  fields.add("gateway",
             url.empty() ? "none runs; this is what its folder holds" : "runs at " + url);
  const std::string address = text_of(upstream.at("url"));
  fields.add("upstream", address.empty()
                             ? "none: only imported rows are served"
                             : address + ", last seen " + time_text(upstream.at("last_seen"), now));
  fields.add("queue", deliveries(queue, now));
  add_troubles(fields, queue);
  add_ailments(fields, status.value("trouble", json::array()));
  fields.add("last sync", time_text(sync.at("last_sync"), now));
  if (!address.empty() && sync.at("last_error").is_string()) {
    fields.add("last error", painted(text_of(sync.at("last_error")), Colour::kYellow));
  }
  fields.print();
  std::cout << '\n';
  print_tables(sync.at("tables"));
}

}  // namespace holdfast::cli
