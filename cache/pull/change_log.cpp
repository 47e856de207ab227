#include "cache/pull/change_log.h"

#include <nlohmann/json.hpp>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "gateway/http/json.h"

namespace holdfast::cache {
namespace {

using json = nlohmann::json;

std::string relation(const json& line) {
  return line.at("schema").get<std::string>() + "." + line.at("table").get<std::string>();
}

std::string relation_of_pair(const json& pair) {
  return pair.at(0).get<std::string>() + "." + pair.at(1).get<std::string>();
}

using RowsByKey = std::map<std::pair<std::string, std::string>, std::optional<std::string>>;

RowsByKey read_rows(const json& parts) {
  RowsByKey rows;
  for (const json& part : parts) {
    const json& keys = part.at("keys");
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const json& row = part.at("rows").at(i);
      rows[{relation(part), keys.at(i).get<std::string>()}] =
          row.is_null() ? std::nullopt : std::optional(row.get<std::string>());
    }
  }
  return rows;
}

void read_lines(const json& lines, RowsByKey rows, LogWindow& window) {
  for (const json& entry : lines) {
    LogLine line{relation(entry), std::nullopt, std::nullopt, false, std::nullopt};
    if (entry.contains("block")) line.block = entry.at("block").get<std::string>();
    if (entry.contains("key")) {
      line.key = entry.at("key").get<std::string>();
      const auto row = rows.find({line.relation, *line.key});
      line.has_row = row != rows.end();
      if (line.has_row) line.row = std::move(row->second);
    }
    window.lines.push_back(std::move(line));
  }
}

LogWindow read_window(const json& answer) {
  LogWindow window;
  window.lineage = answer.at("lineage").get<std::string>();
  window.access = answer.at("access").is_null() ? "" : answer.at("access").get<std::string>();
  for (const json& table : answer.at("tables")) window.relations.insert(relation_of_pair(table));
  const json& log = answer.at("log");
  window.behind = log.value("behind", false);
  if (window.behind) return window;
  window.cursor = log.at("cursor").get<std::string>();
  window.more = log.at("more").get<bool>();
  if (log.at("held_back_s").is_number()) window.held_back = log.at("held_back_s").get<double>();
  for (const json& table : log.at("recheck")) window.recheck.push_back(relation_of_pair(table));
  read_lines(log.at("lines"), read_rows(answer.at("rows")), window);
  return window;
}

bool is_missing_function(const PullFailure& failure) {
  return failure.status == 404 || failure.body.find("\"PGRST202\"") != std::string::npos ||
         failure.body.find("\"42883\"") != std::string::npos ||
         failure.body.find("\"42501\"") != std::string::npos;
}

// Modulo 2^64.
std::uint64_t number_of(const std::string& digits) {
  std::uint64_t number = 0;
  for (const char digit : digits) number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  return number;
}

}  // namespace

std::variant<LogWindow, NoLog, PullFailure> ChangeLog::window(
    const std::optional<std::string>& after, const std::vector<const Table*>& tables,
    int most_changes) {
  std::string body = "{";
  if (after) {
    body += "\"after\":";
    append_json_string(*after, body);
    std::string wanted;
    for (const Table* table : tables) {
      wanted += wanted.empty() ? "{" : ",";
      append_json_string(relation_of(*table), wanted);
      wanted += ":" + name_list(*table, table->kept_columns());
    }
    body += ",\"wanted\":" + (wanted.empty() ? "{" : wanted) + "},";
  }
  auto answer = call("holdfast_changes", body + "\"most\":" + std::to_string(most_changes) + "}");
  if (auto* failure = std::get_if<PullFailure>(&answer)) {
    if (is_missing_function(*failure)) return NoLog{};
    return std::move(*failure);
  }
  try {
    return read_window(http::parse_json(std::get<std::string>(answer)));
  } catch (const json::exception&) {
    return NoLog{};
  }
}

std::variant<std::vector<RangeSummary>, PullFailure> ChangeLog::digests(
    const Table& table, const std::vector<std::size_t>& columns,
    const std::vector<KeyRange>& ranges) {
  std::string body;
  for (const KeyRange& range : ranges) {
    body += body.empty() ? "{\"questions\":[" : ",";
    body += "{\"schema\":";
    append_json_string(table.schema, body);
    body += ",\"table\":";
    append_json_string(table.name, body);
    body += ",\"columns\":" + name_list(table, columns);
    if (!range.from.empty()) body += ",\"from\":" + print_end(table, range.from);
    if (!range.before.empty()) body += ",\"before\":" + print_end(table, range.before);
    body += "}";
  }
  auto answer = call("holdfast_digest", body + "]}");
  if (auto* failure = std::get_if<PullFailure>(&answer)) return std::move(*failure);
  std::vector<RangeSummary> summaries;
  try {
    for (const json& part : http::parse_json(std::get<std::string>(answer))) {
      summaries.push_back({part.at("rows").get<std::int64_t>(), std::nullopt,
                           number_of(part.at("sum").get<std::string>())});
    }
  } catch (const json::exception& error) {
    return PullFailure{PullFailure::Kind::kUnreachable, error.what()};
  }
  if (summaries.size() != ranges.size()) {
    return PullFailure{PullFailure::Kind::kUnreachable, "the upstream left out a digest"};
  }
  return summaries;
}

std::variant<std::string, PullFailure> ChangeLog::call(const std::string& function,
                                                       std::string body) {
  upstream::Call call;
  call.method = "POST";
  call.target = "/rest/v1/rpc/" + function;
  call.headers.set("Content-Type", "application/json");
  call.headers.set("Accept", "application/json");
  call.body = std::move(body);
  call.force = force_;
  upstream::add_credentials(credentials_, call.headers);
  const auto outcome = upstream_.call(call);
  if (!outcome.answered()) {
    return PullFailure{PullFailure::Kind::kUnreachable, outcome.failure().reason};
  }
  const upstream::Answer& answer = outcome.answer();
  if (answer.status != 200) return failure_of(answer);
  return answer.body;
}

}  // namespace holdfast::cache
