#pragma once

#include "gateway/upstream/upstream.h"
#include "queue/delivery.h"

namespace holdfast::queue {

// Delivery to an upstream where nothing of ours is installed.
//
// One thread at a time for each Store: the principal's dispatcher; blocking.
class BareDelivery final : public Delivery {
 public:
  // `upstream` must outlive it.
  explicit BareDelivery(upstream::Upstream& upstream) : upstream_(upstream) {}

  bool joins(const Sender& sender, std::span<const Parcel> batch,
             const Parcel& next) const override;
  std::vector<Receipt> deliver(const Sender& sender, std::span<const Parcel> parcels) override;

 private:
  upstream::Upstream& upstream_;
};

}  // namespace holdfast::queue
