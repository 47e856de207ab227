#include "routes/events.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/http/json.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

std::string event_text(const std::string& name, const std::string& data) {
  return "event: " + name + "\ndata: " + data + "\n\n";
}

// What is another at each look without anything having happened.
json without_moments(json status) {
  status["queue"].erase("oldest_age_s");
  status["upstream"].erase("latency_ms");
  status["upstream"].erase("last_seen");
  return status;
}

json tables_of(const Context& context, const StatusIdentity& identity) {
  auto status = status_document(context, identity, StatusDepth::kPublic);
  return std::move(status["sync"]["tables"]);
}

json without_lags(json tables) {
  for (auto& table : tables) table.erase("lag_s");
  return tables;
}

// Seconds since each table's pull, by its name; what was never pulled is left out.
std::map<std::string, double> lags_of(const json& tables) {
  std::map<std::string, double> lags;
  for (const auto& [name, table] : tables.items()) {
    const json& lag = table.at("lag_s");
    if (lag.is_number()) lags[name] = lag.get<double>();
  }
  return lags;
}

json print_change(const std::string& principal, const queue::JournalRecord& record) {
  return {{"id", record.subject},
          {"principal", principal},
          {"event", record.event},
          {"was", record.was},
          {"state", record.became}};
}

}  // namespace

Events::Events(const Context& context, StatusIdentity identity, EventOptions options)
    : context_(context),
      identity_(std::move(identity)),
      options_(options),
      tail_(context.stores, context.clock.now()),
      task_(
          "events", options.interval, [this] { look_for_listeners(); }, context.logger) {}

void Events::start() { task_.start(); }

void Events::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& listener : listeners_) listener->end();
    listeners_.clear();
  }
  task_.stop();
}

http::Response Events::open() {
  auto stream = std::make_shared<http::Stream>(options_.waiting_bytes);
  // In this order: what changes in between is told twice rather than never.
  {
    MutexLock lock(mutex_);
    std::erase_if(listeners_, [](const auto& listener) { return listener->ended(); });
    if (stopping_ || listeners_.size() >= options_.listeners) {
      auto refusal = http::json_response(
          503,
          R"({"code":"HF503","message":"too many listen already","details":null,"hint":null})");
      refusal.headers.set("Retry-After", "10");
      return refusal;
    }
    listeners_.push_back(stream);
    task_.wake();
  }
  http::Response response;
  response.headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}};
  const json status = status_document(context_, identity_, StatusDepth::kBrief);
  const json tables = tables_of(context_, identity_);
  response.body = "retry: 2000\n\n" + event_text("status", http::print_json(status)) +
                  event_text("tables", http::print_json(tables));
  response.stream = std::move(stream);
  return response;
}

void Events::look_for_listeners() {
  {
    MutexLock lock(mutex_);
    if (listeners_.empty()) return task_.rest();
  }
  look();
}

void Events::look() {
  tell_changes();
  const json status = status_document(context_, identity_, StatusDepth::kBrief);
  std::string shape = http::print_json(without_moments(status));
  if (shape != last_status_) tell("status", http::print_json(status));
  last_status_ = std::move(shape);
  if (tables_due()) {
    const json tables = tables_of(context_, identity_);
    std::string table_shape = http::print_json(without_lags(tables));
    if (pulled_again(lags_of(tables)) || table_shape != last_tables_) tell_tables(tables);
    last_tables_ = std::move(table_shape);
  }
  if (context_.clock.monotonic() - sent_at_ >= options_.keep_alive) send(":\n\n");
}

void Events::tell_changes() {
  std::string text;
  std::size_t count = 0;
  tail_.advance([&](const std::string& principal, const queue::JournalRecord& record) {
    if (record.event == "note" || ++count > options_.burst) return;
    const bool conflict = record.event == "conflict" || record.event == "decided";
    text += event_text(conflict ? "conflict" : "entry",
                       http::print_json(print_change(principal, record)));
  });
  if (count == 0) return;
  // Rows may have changed with them.
  tables_at_ = {};
  if (count > options_.burst) text = event_text("changes", json{{"count", count}}.dump());
  send(text);
}

bool Events::tables_due() {
  const auto now = context_.clock.monotonic();
  if (tables_at_ != MonotonicTime{} && now - tables_at_ < options_.tables_interval) return false;
  tables_at_ = now;
  return true;
}

// A lag grows with time alone, which listeners count for themselves, until a pull makes it less.
bool Events::pulled_again(const std::map<std::string, double>& lags) const {
  constexpr double kRounding = 1.5;
  const double passed =
      std::chrono::duration<double>(context_.clock.monotonic() - lags_at_).count();
  return std::any_of(lags.begin(), lags.end(), [&](const auto& one) {
    const auto told = lags_.find(one.first);
    return told == lags_.end() || one.second + kRounding < told->second + passed;
  });
}

void Events::tell_tables(const nlohmann::json& tables) {
  lags_ = lags_of(tables);
  lags_at_ = context_.clock.monotonic();
  tell("tables", http::print_json(tables));
}

void Events::tell(const std::string& name, const std::string& json) {
  send(event_text(name, json));
}

void Events::send(const std::string& text) {
  sent_at_ = context_.clock.monotonic();
  MutexLock lock(mutex_);
  std::erase_if(listeners_, [&](const auto& listener) { return !listener->write(text); });
}

}  // namespace holdfast::routes
