#include "routes/metrics.h"

#include <nlohmann/json.hpp>

#include "queue/conflicts.h"
#include "queue/outbox.h"
#include "routes/error_response.h"
#include "routes/prometheus.h"
#include "routes/request_query.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

constexpr const char* kEndStates[] = {"acknowledged", "resolved", "dead", "discarded"};

double number_or(const json& value, double otherwise) {
  return value.is_number() ? value.get<double>() : otherwise;
}

void print_queue(Prometheus& text, const json& queue, const queue::Retries& retries) {
  text.family("queue_entries", "gauge", "Writes in the queue and dead letters, by state");
  for (const char* state :
       {"queued", "sending", "waiting", "held", "blocked", "conflicts", "dead"}) {
    text.sample({{"state", state}}, number_or(queue.at(state), 0));
  }
  text.single("queue_depth", "gauge", "Writes that have still to reach the upstream",
              number_or(queue.at("depth"), 0));
  text.single("queue_oldest_age_seconds", "gauge", "Age of the oldest write that waits; 0 for none",
              number_or(queue.at("oldest_age_s"), 0));
  text.single("queue_retried_entries", "gauge", "Waiting writes that were sent before",
              static_cast<double>(retries.entries));
  text.single("queue_retry_depth", "gauge", "Most attempts of a write that waits",
              static_cast<double>(retries.most_attempts));
}

void print_activity(Prometheus& text, const Activity::Totals& totals) {
  const auto count = [](std::int64_t value) { return static_cast<double>(value); };
  text.single("writes_total", "counter", "Writes taken into the queue", count(totals.created));
  text.single("delivery_attempts_total", "counter", "Writes sent, again ones included",
              count(totals.attempts));
  text.family("deliveries_total", "counter", "Writes that ended, by how");
  for (const char* end : kEndStates) text.sample({{"result", end}}, count(totals.count(end)));
  text.single("delivery_retries_total", "counter", "Sends after which a write had to wait",
              count(totals.count("waiting")));
  text.family("delivery_latency_seconds", "summary", "From a write to its acknowledgement");
  text.sample("_sum", {}, totals.delivery_seconds);
  text.sample("_count", {}, count(totals.count("acknowledged")));
  text.single("conflicts_total", "counter", "Conflicts found", count(totals.conflicts));
  text.family("pulls_total", "counter", "Pulls that reached the upstream, by how they ended");
  text.sample({{"result", "ok"}}, count(totals.pulls - totals.failed_pulls));
  text.sample({{"result", "error"}}, count(totals.failed_pulls));
  text.single("pull_rows_total", "counter", "Rows received by pulls", count(totals.pulled_rows));
  text.family("pull_duration_seconds", "summary", "Time that pulls took");
  text.sample("_sum", {}, totals.pull_seconds);
  text.sample("_count", {}, count(totals.pulls));
}

void print_tables(Prometheus& text, const json& tables) {
  text.family("replica_rows", "gauge", "Rows kept here");
  for (const auto& [name, table] : tables.items()) {
    text.sample({{"table", name}}, number_or(table.at("rows"), 0));
  }
  text.family("replica_complete", "gauge", "1 when a table's initial sync is done");
  for (const auto& [name, table] : tables.items()) {
    text.sample({{"table", name}}, table.at("complete").get<bool>() ? 1 : 0);
  }
  text.family("replica_lag_seconds", "gauge", "Time since a table's last pull began");
  for (const auto& [name, table] : tables.items()) {
    if (table.at("lag_s").is_number()) text.sample({{"table", name}}, number_or(table["lag_s"], 0));
  }
}

void print_link(Prometheus& text, const Context& context, const json& status) {
  text.family("build_info", "gauge", "1; the version is its label");
  text.sample({{"version", status.at("version").get<std::string>()}}, 1);
  text.single("up", "gauge", "1: the gateway answers", 1);
  text.single("online", "gauge", "1 while the upstream answers", context.connectivity.online());
  text.single("offline_by_choice", "gauge", "1 while a person has cut the link",
              context.connectivity.offline_by_choice());
  text.single("upstream_latency_seconds", "gauge", "Smoothed time of an answer; 0 before the first",
              number_or(status.at("upstream").at("latency_ms"), 0) / 1e3);
  text.family("state", "gauge", "1 for the state that the gateway is in");
  for (const char* state : {"synced", "syncing", "offline", "conflict", "paused", "error"}) {
    text.sample({{"state", state}}, status.at("state") == state ? 1 : 0);
  }
}

double greatest_lag(const json& tables) {
  double greatest = 0;
  for (const auto& table : tables) greatest = std::max(greatest, number_or(table.at("lag_s"), 0));
  return greatest;
}

// Samples put together: what is counted is added up, of the rest the worst is kept.
void merge(json& into, const json& sample) {
  for (const auto& [name, value] : sample.items()) {
    if (name == "at" || !value.is_number()) continue;
    const bool counted = name == "writes" || name == "sent" || name == "attempts" ||
                         name == "retries" || name == "dead_letters" || name == "new_conflicts" ||
                         name == "latency_ms_sum" || name == "pull_errors";
    const double known = number_or(into.value(name, json(0)), 0);
    const double given = value.get<double>();
    into[name] = counted            ? known + given
                 : name == "online" ? std::min(known, given)
                                    : std::max(known, given);
  }
}

}  // namespace

queue::Retries Metrics::retries() const {
  queue::Retries all;
  for (const auto& store : context_.stores.all()) {
    const auto own = queue::retries(*store->reader());
    all.entries += own.entries;
    all.most_attempts = std::max(all.most_attempts, own.most_attempts);
  }
  return all;
}

std::int64_t Metrics::open_conflicts() const {
  std::int64_t count = 0;
  for (const auto& store : context_.stores.all()) {
    count += queue::Conflicts::count(*store->reader(), queue::Conflict::State::kOpen);
  }
  return count;
}

http::Response Metrics::prometheus() const {
  activity_.advance();
  const auto status = status_document(context_, identity_, StatusDepth::kPublic);
  http::Response response;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                      {"Cache-Control", "no-store"}};
  Prometheus text(response.body);
  print_link(text, context_, status);
  print_queue(text, status.at("queue"), retries());
  text.single("conflicts_open", "gauge", "Conflicts that wait for a person",
              static_cast<double>(open_conflicts()));
  print_activity(text, activity_.totals());
  print_tables(text, status.at("sync").at("tables"));
  requests_.print(response.body);
  return response;
}

void Metrics::sample() {
  activity_.advance();
  const auto totals = activity_.totals();
  const auto status = status_document(context_, identity_, StatusDepth::kPublic);
  const json& queue = status.at("queue");
  const auto tries = retries();
  const json figures = {
      {"depth", queue.at("depth")},
      {"dead", queue.at("dead")},
      {"conflicts", queue.at("conflicts")},
      {"retried", tries.entries},
      {"most_attempts", tries.most_attempts},
      {"online", context_.connectivity.online() ? 1 : 0},
      {"lag_s", greatest_lag(status.at("sync").at("tables"))},
      {"writes", totals.created - before_.created},
      {"attempts", totals.attempts - before_.attempts},
      {"sent", totals.count("acknowledged") - before_.count("acknowledged")},
      {"latency_ms_sum", 1e3 * (totals.delivery_seconds - before_.delivery_seconds)},
      {"retries", totals.count("waiting") - before_.count("waiting")},
      {"dead_letters", totals.count("dead") - before_.count("dead")},
      {"new_conflicts", totals.conflicts - before_.conflicts},
      {"pull_errors", totals.failed_pulls - before_.failed_pulls},
  };
  before_ = totals;
  const Timestamp now = context_.clock.now();
  history_.add(now, figures.dump(), now - kKept);
}

http::Response Metrics::history(const http::Request& request) const {
  const auto wanted = positive_parameter(request, "hours");
  if (!wanted) return error_response(wanted.error());
  const std::int64_t hours = std::min<std::int64_t>(wanted->value_or(24), 168);
  const auto step =
      std::max<std::int64_t>(kInterval.count(), hours * 3'600 / std::int64_t{kPoints});
  std::map<std::int64_t, json> points;
  for (const auto& [at, text] : history_.since(context_.clock.now() - std::chrono::hours(hours))) {
    const auto second = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    const auto sample = json::parse(text, nullptr, false);
    if (!sample.is_object()) continue;
    const auto [point, fresh] = points.try_emplace(second / step * step, sample);
    if (!fresh) merge(point->second, sample);
  }
  json samples = json::array();
  for (auto& [at, point] : points) {
    point["at"] = format_rfc3339(Timestamp(std::chrono::seconds(at)));
    samples.push_back(std::move(point));
  }
  return http::json_response(200, json{{"step_s", step}, {"samples", samples}}.dump());
}

}  // namespace holdfast::routes
