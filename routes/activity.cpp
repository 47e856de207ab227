#include "routes/activity.h"

#include <charconv>

#include "gateway/base/ids.h"

namespace holdfast::routes {
namespace {

double seconds(auto duration) {
  return std::chrono::duration_cast<std::chrono::duration<double>>(duration).count();
}

}  // namespace

std::int64_t Activity::Totals::count(const std::string& state) const {
  const auto found = became.find(state);
  return found == became.end() ? 0 : found->second;
}

Activity::Activity(cache::Stores& stores, const Clock& clock) : tail_(stores, clock.now()) {}

void Activity::advance() {
  MutexLock lock(mutex_);
  tail_.advance([this](const std::string&, const queue::JournalRecord& record)
                    HF_REQUIRES(mutex_) { count(record); });
}

void Activity::count(const queue::JournalRecord& record) {
  if (record.event == "created") ++totals_.created;
  if (record.event == "conflict") ++totals_.conflicts;
  if (record.event != "state") return;
  ++totals_.became[record.became];
  if (record.became == "sending") ++totals_.attempts;
  if (record.became != "acknowledged") return;
  const auto made = time_of_id(record.subject);
  if (made && record.at) totals_.delivery_seconds += std::max(0.0, seconds(*record.at - *made));
}

void Activity::note_pull(const cache::PullOutcome& outcome, MonotonicTime::duration taken) {
  MutexLock lock(mutex_);
  ++totals_.pulls;
  if (!outcome.errors.empty()) ++totals_.failed_pulls;
  totals_.pulled_rows += outcome.rows;
  totals_.pull_seconds += seconds(taken);
}

Activity::Totals Activity::totals() const {
  MutexLock lock(mutex_);
  return totals_;
}

std::optional<Timestamp> time_of_id(const std::string& id) {
  if (!is_uuid(id) || id[14] != '7') return std::nullopt;
  const std::string digits = id.substr(0, 8) + id.substr(9, 4);
  std::int64_t milliseconds = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds, 16);
  if (end.ec != std::errc()) return std::nullopt;
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

}  // namespace holdfast::routes
