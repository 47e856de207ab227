#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/options.h"
#include "gateway/base/mutex.h"
#include "gateway/upstream/upstream.h"
#include "queue/companion.h"
#include "queue/companion_event.h"
#include "queue/companion_outcome.h"
#include "queue/delivery.h"

namespace holdfast::queue {

// Delivery in batches through holdfast_push(), where each event leaves its key with its effect in
// one transaction; while the upstream has no companion, all goes through the bare one.
//
// A send whose answer was lost is sent again with its key, and answered with what it did then.
// Where the lost send did not leave its key (it was bare), its rows tell instead, as in the bare
// tier. One thread at a time for each Store: the principal's dispatcher; blocking.
class CompanionDelivery final : public Delivery {
 public:
  // All must outlive it.
  CompanionDelivery(upstream::Upstream& upstream, Delivery& bare, Companion& companion,
                    const cache::ReplicaOptions& options)
      : upstream_(upstream), bare_(bare), companion_(companion), options_(options) {}

  bool joins(const Sender& sender, std::span<const Parcel> batch,
             const Parcel& next) const override;
  bool sends_whole(const Parcel& parcel) const override;
  std::vector<Receipt> deliver(const Sender& sender, std::span<const Parcel> parcels) override;

  // Events in one call, at most; halved while the upstream cannot take as many.
  static constexpr std::size_t kMostEvents = 100;

 private:
  using Parcels = std::span<const Parcel>;
  // Whether all that the parcel has done upstream can be told from its key.
  enum class Route { kBare, kAsked, kPush, kAskWhetherKnown, kOpaque };
  Route route_of(const Parcel& parcel) const;
  static Route opaque_route(const Parcel& parcel, const CompanionVersion& companion, bool served);

  std::vector<Receipt> send_bare(const Sender& sender, Parcels parcels);
  std::vector<Receipt> send_asked(const Sender& sender, Parcels parcels);
  // Asks whether the key is known; if not, the rows tell.
  std::vector<Receipt> settle(const Sender& sender, Parcels parcels);
  std::vector<Receipt> push(const Sender& sender, Parcels parcels);
  std::vector<Receipt> push_halves(const Sender& sender, Parcels parcels);
  // Those that do not depend on one before them; the others are left out.
  std::vector<Receipt> push_independent(const Sender& sender, Parcels parcels);
  std::vector<Receipt> judge_refused_call(const Sender& sender, Parcels parcels,
                                          const upstream::Answer& answer);
  upstream::Outcome call(const Sender& sender, Parcels parcels, EventForm form);
  Verdict judge(const Sender& sender, const Parcel& parcel, const EventOutcome& outcome);
  // Of an outcome that lacks_rows().
  Verdict judge_withheld(const Sender& sender, const Parcel& parcel, const EventOutcome& outcome);
  Verdict judge_rows(const Sender& sender, const Parcel& parcel, const EventOutcome& outcome);
  // The row is as it was, and the event did not meet it.
  Verdict send_by_key(const Sender& sender, const Parcel& parcel);

  std::size_t limit_of(const Sender& sender) const;
  void took(const Sender& sender, std::size_t events);
  void choked(const Sender& sender, std::size_t events);

  upstream::Upstream& upstream_;
  Delivery& bare_;
  Companion& companion_;
  const cache::ReplicaOptions& options_;

  mutable Mutex mutex_;
  std::map<std::string, std::size_t> limits_ HF_GUARDED_BY(mutex_);  // by principal
};

}  // namespace holdfast::queue
