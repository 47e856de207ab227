#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "queue/bare_call.h"

namespace holdfast::queue {

// How many entries go in one request, at most: halved when the upstream cannot take as many, grown
// again when it can. Thread-safe.
class BatchLimit {
 public:
  std::size_t get() const { return limit_; }
  void took(std::size_t entries) {
    if (entries >= limit_) limit_ = std::min(kMost, entries * 2);
  }
  void choked(std::size_t entries) { limit_ = std::max<std::size_t>(1, entries / 2); }

  static constexpr std::size_t kMost = 100;

 private:
  std::atomic<std::size_t> limit_{kMost};
};

// Whether both are plain inserts that one INSERT of the upstream's can make together: into one
// table, of the same columns, by the same role.
bool insert_together(const Entry& first, const Entry& next);

// Sends neighbouring inserts into one table as one request, so that each takes effect once.
//
// The request is all or nothing: where it is refused it is halved until the refused row stands
// alone. After a lost answer the rows are read by their keys, in one request, and only those that
// are not there are sent again; rows whose keys the upstream makes are looked for one by one, see
// BareKeyless.
// One thread at a time: the principal's dispatcher; blocking.
class BareInserts {
 public:
  // All must outlive it.
  BareInserts(upstream::Upstream& upstream, const Sender& sender, const cache::Table& table,
              BatchLimit& limit)
      : upstream_(upstream), sender_(sender), table_(table), limit_(limit) {}

  // A receipt for each, in order.
  std::vector<Receipt> deliver(std::span<const Parcel> parcels);

 private:
  using Batch = std::vector<const Parcel*>;
  using Verdicts = std::vector<Verdict>;

  using Seen = std::map<std::string, cache::UpstreamImage>;  // by key

  // Verdicts of those whose lost send shows; the others are left to send().
  void settle(std::span<const Parcel> parcels, std::vector<std::optional<Verdict>>& verdicts);
  // nullopt: it did not arrive.
  std::optional<Verdict> judge_lost(const Parcel& parcel, const Seen& seen);
  Verdicts send(std::span<const Parcel* const> batch);
  Verdicts send_together(std::span<const Parcel* const> batch, Representation representation);
  // Of rows whose keys the upstream makes.
  Verdicts send_keyless(std::span<const Parcel* const> batch);
  // Of an answer after which the whole batch waits.
  Verdict put_off(const upstream::Answer& answer, const ClassifiedAnswer& classified);
  upstream::Call call_for(std::span<const Parcel* const> batch,
                          Representation representation) const;
  Verdicts send_halves(std::span<const Parcel* const> batch);
  Verdicts applied(std::span<const Parcel* const> batch, const upstream::Answer& answer,
                   Representation representation) const;

  upstream::Upstream& upstream_;
  const Sender& sender_;
  const cache::Table& table_;
  BatchLimit& limit_;
  bool refused_ = false;  // one of them, which others may depend on
};

}  // namespace holdfast::queue
