#pragma once

#include "cache/replica/options.h"
#include "gateway/upstream/upstream.h"
#include "queue/bare_inserts.h"
#include "queue/delivery.h"

namespace holdfast::queue {

// Delivery to an upstream where nothing of ours is installed.
//
// One thread at a time for each Store: the principal's dispatcher; blocking.
class BareDelivery final : public Delivery {
 public:
  // Both must outlive it.
  BareDelivery(upstream::Upstream& upstream, const cache::ReplicaOptions& options)
      : upstream_(upstream), options_(options) {}

  bool joins(const Sender& sender, std::span<const Parcel> batch,
             const Parcel& next) const override;
  bool sends_whole(const Parcel& parcel) const override;
  std::vector<Receipt> deliver(const Sender& sender, std::span<const Parcel> parcels) override;

 private:
  Receipt send(const Sender& sender, const Parcel& parcel);

  upstream::Upstream& upstream_;
  const cache::ReplicaOptions& options_;
  BatchLimit limit_;
};

}  // namespace holdfast::queue
