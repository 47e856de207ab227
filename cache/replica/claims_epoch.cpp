#include "cache/replica/claims_epoch.h"

#include "cache/replica/meta.h"

namespace holdfast::cache {
namespace {

using Priority = Writer::Priority;

// In hf_meta.
constexpr const char* kEpoch = "claims_epoch";
constexpr const char* kIssued = "claims_issued";
constexpr const char* kUnsettled = "claims_unsettled";

void keep(Transaction& transaction, const std::string& epoch, Timestamp issued, bool changed) {
  Database& database = transaction.database();
  put_meta(database, kEpoch, epoch);
  put_meta(database, kIssued, std::int64_t{issued.time_since_epoch().count()});
  if (!changed) return;
  put_meta(database, kUnsettled, epoch);
  // What was answered to the old claims is not kept for the new.
  database.execute("DELETE FROM hf_responses");
}

}  // namespace

ClaimsEpoch::ClaimsEpoch(Database& database) {
  epoch_ = meta_text(database, kEpoch).value_or("");
  if (const auto issued = meta_number(database, kIssued)) {
    issued_ = Timestamp(std::chrono::microseconds(*issued));
  }
  if (meta_text(database, kUnsettled)) changes_ = 1;
}

bool ClaimsEpoch::note(const std::string& epoch, Timestamp issued, Writer& writer) {
  bool changed = false;
  {
    MutexLock lock(mutex_);
    if (!epoch_.empty() && issued < issued_) return false;
    if (epoch == epoch_ && issued == issued_) return false;
    changed = !epoch_.empty() && epoch != epoch_;
    if (changed) ++changes_;
    epoch_ = epoch;
    issued_ = issued;
  }
  const auto job = [=](Transaction& transaction) { keep(transaction, epoch, issued, changed); };
  if (changed) {
    writer.run(Priority::kEssential, job);
  } else {
    writer.submit(Priority::kEssential, job, [](const std::exception_ptr&) {});
  }
  return changed;
}

bool ClaimsEpoch::unsettled() const {
  MutexLock lock(mutex_);
  return settled_ < changes_;
}

bool ClaimsEpoch::is_current(const std::string& epoch) const {
  if (epoch.empty()) return true;
  MutexLock lock(mutex_);
  return epoch_.empty() || epoch == epoch_;
}

std::int64_t ClaimsEpoch::changes() const {
  MutexLock lock(mutex_);
  return changes_;
}

void ClaimsEpoch::settle(std::int64_t changes, Writer& writer) {
  std::string epoch;
  {
    MutexLock lock(mutex_);
    if (settled_ == changes_) return;
    settled_ = changes;
    if (settled_ < changes_) return;
    epoch = epoch_;
  }
  writer.run(Priority::kEssential, [&](Transaction& transaction) {
    // Unless they have changed again meanwhile.
    Statement& erase = transaction.database().cached(
        "DELETE FROM hf_meta WHERE name='claims_unsettled' AND value=?1");
    erase.bind(1, std::string_view(epoch)).run();
  });
}

}  // namespace holdfast::cache
