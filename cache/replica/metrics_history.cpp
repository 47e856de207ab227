#include "cache/replica/metrics_history.h"

namespace holdfast::cache {
namespace {

std::int64_t seconds(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

MetricsHistory::MetricsHistory(const std::string& path) : database_(path, OpenMode::kReadWrite) {
  database_.execute(
      "CREATE TABLE IF NOT EXISTS metrics_history("
      "at INTEGER PRIMARY KEY,"  // Unix seconds
      " sample TEXT NOT NULL)");
}

void MetricsHistory::add(Timestamp at, const std::string& sample, Timestamp forget_before) {
  MutexLock lock(mutex_);
  database_.cached("DELETE FROM metrics_history WHERE at < ?1")
      .bind(1, seconds(forget_before))
      .run();
  database_.cached("INSERT OR REPLACE INTO metrics_history VALUES(?1, ?2)")
      .bind(1, seconds(at))
      .bind(2, std::string_view(sample))
      .run();
}

std::map<Timestamp, std::string> MetricsHistory::since(Timestamp from) {
  MutexLock lock(mutex_);
  Statement& statement =
      database_.cached("SELECT at, sample FROM metrics_history WHERE at >= ?1 ORDER BY at");
  statement.bind(1, seconds(from));
  std::map<Timestamp, std::string> found;
  while (statement.step()) {
    found.emplace(Timestamp(std::chrono::seconds(statement.integer(0))), statement.text(1));
  }
  return found;
}

}  // namespace holdfast::cache
