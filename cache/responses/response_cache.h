#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/store.h"
#include "cache/responses/options.h"
#include "gateway/base/clock.h"
#include "gateway/http/response.h"

namespace holdfast::cache {

// The upstream's answers to reads that the replica cannot give, for the time without it.
//
// They lie in the principal's own file and go with it. An answer is given only while it shows every
// write of the principal: not when one to a relation that it shows was made since, be it delivered
// or not, and none after a write that went to the upstream past the outbox.
// Thread-safe.
class ResponseCache {
 public:
  // `clock` must outlive it, and it must outlive the stores, whose writers work for it.
  ResponseCache(const ResponseOptions& options, const Clock& clock);

  // "schema.table" of each relation that an answer shows; nullopt when they are not known.
  using Relations = std::optional<std::vector<std::string>>;

  // The principal's writes that an answer asked for now will show.
  struct Moment {
    std::int64_t own_writes = 0;        // all up to this one are delivered
    std::int64_t forwarded_writes = 0;  // of the Store
  };
  Moment moment(Store& store) const;

  // Keeps an answer that was asked for at `moment`, unless it is not one to be kept: only a 200 or
  // 206 that carries PostgREST's Content-Range is, so no captive portal's page, and none that
  // forbids it or sets a cookie. Whether it will be; it is written afterwards, and a fault then
  // leaves the answer out. None is taken while others that came faster than they are written take
  // 16 MiB.
  bool keep(Store& store, std::string key, const http::Response& response,
            const Relations& relations, const Moment& moment) const;

  struct Kept {
    http::Response response;
    std::chrono::seconds age{0};
  };
  std::optional<Kept> find(Store& store, const std::string& key) const;

 private:
  struct Entry;
  void write(Transaction& transaction, const Entry& entry) const;
  bool shows_own_writes(Database& database, const Entry& entry) const;
  void note_use(Store& store, const std::string& key) const;

  const ResponseOptions options_;
  const Clock& clock_;
  const std::string run_;                         // names this process's counts of forwarded writes
  mutable std::atomic<std::int64_t> waiting_{0};  // bytes of answers that are to be written
};

}  // namespace holdfast::cache
