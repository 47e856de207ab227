#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cache/replica/store.h"
#include "gateway/upstream/credentials.h"
#include "queue/awaited.h"
#include "queue/entry.h"
#include "queue/touched.h"
#include "queue/verdict.h"

namespace holdfast::queue {

// An entry on its way, with what it does to rows.
struct Parcel {
  Entry entry;
  std::vector<cache::Effect> effects;
  // The request as its app sent it, while the app waits for the answer: the first send is this.
  std::optional<AskedRequest> asked = std::nullopt;
  // It is tied by a foreign key to a row of another one in its batch, whose refusal is its own.
  bool depends = false;
  std::vector<WatchedRow> watched = {};  // what the write may make more of than it says
};

// All principals' stores of this gateway.
using AllStores = std::function<std::vector<std::shared_ptr<cache::Store>>()>;

// Whose parcels they are, and what they are sent with.
struct Sender {
  cache::Store& store;
  const upstream::Credentials& credentials;
  bool force = false;  // try it although the upstream is known to be offline
  Timestamp now = {};
  // The upstream keeps the idempotency keys of single writes: what became of a lost one is told by
  // its key.
  bool keeps_keys = false;
  AllStores all_stores = {};  // empty: it is the only one
};

// What became of one parcel.
struct Receipt {
  Verdict verdict;
  // What an app that waits is told once the verdict is final: without an answer where the
  // upstream's is none that it could use.
  Told told = {};
};

// Sends entries so that each takes effect once.
//
// One thread at a time for each Store: the principal's dispatcher; blocking.
class Delivery {
 public:
  virtual ~Delivery() = default;

  // Whether `next` may go in one request with `batch`, which goes before it and is not empty. The
  // dispatcher asks for entries only that share no row with one of `batch`, and whose apps do not
  // wait.
  virtual bool joins(const Sender& sender, std::span<const Parcel> batch,
                     const Parcel& next) const = 0;

  // Whether an update or deletion of several rows goes as one, all or nothing; else the dispatcher
  // splits it into an entry for each row before it is sent.
  virtual bool sends_whole(const Parcel& parcel) const = 0;

  // Sends the parcels in order; a receipt for each, in the same order. `parcels` is one, or a batch
  // that joins() let grow.
  virtual std::vector<Receipt> deliver(const Sender& sender, std::span<const Parcel> parcels) = 0;
};

}  // namespace holdfast::queue
