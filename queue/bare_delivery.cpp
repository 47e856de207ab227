#include "queue/bare_delivery.h"

#include "queue/bare_send.h"

namespace holdfast::queue {

bool BareDelivery::joins(const Sender&, std::span<const Parcel>, const Parcel&) const {
  return false;
}

std::vector<Receipt> BareDelivery::deliver(const Sender& sender, std::span<const Parcel> parcels) {
  std::vector<Receipt> receipts;
  for (const Parcel& parcel : parcels) {
    BareSend send(upstream_, sender, parcel);
    Verdict verdict = send.deliver();
    receipts.push_back({std::move(verdict), send.told()});
  }
  return receipts;
}

}  // namespace holdfast::queue
