#include "queue/bare_delivery.h"

#include "queue/bare_row_send.h"
#include "queue/bare_send.h"

namespace holdfast::queue {

bool BareDelivery::joins(const Sender&, std::span<const Parcel>, const Parcel&, bool) const {
  return false;
}

bool BareDelivery::sends_whole(const Parcel& parcel) const {
  // The first send of a request whose app waits is the request itself.
  return parcel.asked && !parcel.entry.lost_answer;
}

std::vector<Receipt> BareDelivery::deliver(const Sender& sender, std::span<const Parcel> parcels) {
  std::vector<Receipt> receipts;
  for (const Parcel& parcel : parcels) receipts.push_back(send(sender, parcel));
  return receipts;
}

Receipt BareDelivery::send(const Sender& sender, const Parcel& parcel) {
  const cache::Table* table = table_of(sender.store, parcel.entry);
  if (table == nullptr) {
    return {Refused{
        0, "the table " + parcel.entry.relation + " is not in the upstream's schema any more"}};
  }
  const auto row = single_row(parcel.entry, parcel.effects);
  if (row && !sends_whole(parcel)) {
    return {
        BareRowSend(upstream_, sender, parcel, *table, *row, options_.of(table->name)).deliver()};
  }
  BareSend send(upstream_, sender, parcel, *table);
  Verdict verdict = send.deliver();
  return {std::move(verdict), send.told()};
}

}  // namespace holdfast::queue
