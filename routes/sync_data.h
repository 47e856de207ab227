#pragma once

#include <string>

#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "routes/context.h"
#include "routes/sync_push.h"

namespace holdfast::routes {

// A protocol for second apps and devices on the LAN, under a caller's own key and token
// and by the caller's own rules (hard case 26):
//   GET  /sync/changes?cursor=&limit=   the replica's changes in order, tombstones included
//   POST /sync/push                     a batch of events, each accepted, rejected or a conflict;
//                                       `device_id` beside them tells devices' ids of events apart
//   GET  /sync/rows/{table}?key={…}     one row, and how far it has come
// Thread-safe.
class SyncData {
 public:
  // Both must outlive it.
  SyncData(const Context& context, const Rest& rest) : context_(context), push_(context, rest) {}

  // False: `path` is none of these.
  bool route(const http::Request& request, const std::string& path,
             const http::Respond& respond) const;

 private:
  void changes(const http::Request& request, cache::Store& store,
               const http::Respond& respond) const;
  void row(const http::Request& request, const std::string& table, cache::Store& store,
           const http::Respond& respond) const;

  const Context& context_;
  SyncPush push_;
};

}  // namespace holdfast::routes
