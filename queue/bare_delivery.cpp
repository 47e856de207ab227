#include "queue/bare_delivery.h"

#include "queue/bare_row_send.h"
#include "queue/bare_send.h"
#include "queue/opaque_send.h"

namespace holdfast::queue {
namespace {

// As PostgREST answers for a table that it does not know.
constexpr int kNoLongerThere = 404;

}  // namespace

bool BareDelivery::joins(const Sender& sender, std::span<const Parcel> batch,
                         const Parcel& next) const {
  // Rows that one statement inserts may refer to each other.
  if (batch.size() >= limit_.get() || batch.front().asked || next.asked) return false;
  if (is_opaque(next.entry)) return false;
  if (!insert_together(batch.front().entry, next.entry)) return false;
  const cache::Table* table = table_of(sender.store, next.entry);
  if (table == nullptr) return false;
  const bool keyless = BareKeyless::applies(sender, next.entry);
  if (keyless != BareKeyless::applies(sender, batch.front().entry)) return false;
  return !keyless || BareKeyless::joins(sender, batch, next, *table);
}

bool BareDelivery::sends_whole(const Parcel& parcel) const {
  // The first send of a request whose app waits is the request itself.
  return parcel.asked && !parcel.entry.lost_answer;
}

std::vector<Receipt> BareDelivery::deliver(const Sender& sender, std::span<const Parcel> parcels) {
  if (parcels.size() > 1) {
    const cache::Table& table = *table_of(sender.store, parcels.front().entry);
    return BareInserts(upstream_, sender, table, limit_).deliver(parcels);
  }
  return {send(sender, parcels.front())};
}

Receipt BareDelivery::send(const Sender& sender, const Parcel& parcel) {
  if (is_opaque(parcel.entry)) return send_opaque(upstream_, sender, parcel, Keyed::kNo);
  const cache::Table* table = table_of(sender.store, parcel.entry);
  if (table == nullptr) {
    TryAgain gone;
    gone.reason =
        "the table " + parcel.entry.relation + " is not in the upstream's schema any more";
    gone.status = kNoLongerThere;
    gone.parks = true;
    return {gone};
  }
  const auto row = single_row(parcel.entry, parcel.effects);
  if (row && !sends_whole(parcel)) {
    return {BareRowSend(upstream_, sender, parcel, *table, *row, options_.of(*table)).deliver()};
  }
  BareSend send(upstream_, sender, parcel, *table);
  Verdict verdict = send.deliver();
  return {std::move(verdict), send.told()};
}

}  // namespace holdfast::queue
