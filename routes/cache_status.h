#pragma once

#include <string>

namespace holdfast::routes {

// Why an answer is the upstream's and not one from here, as RFC 9211 tells the cases apart.
struct ForwardReason {
  enum class Kind {
    kBypass,   // by configuration it is not answered here
    kMethod,   // the method is not a reading one
    kMiss,     // there is nothing here that answers it
    kRequest,  // the client asked for it
    kStale,    // what is here is older than it may be
    kPartial,  // what is here is not complete
  };

  ForwardReason(std::string words) : detail(std::move(words)) {}
  ForwardReason(const char* words) : detail(words) {}
  ForwardReason(Kind which, std::string words) : kind(which), detail(std::move(words)) {}

  Kind kind = Kind::kMiss;
  std::string detail;
};

// Cache-Status (RFC 9211) of an answer from the replica.
std::string hit_status();
// Of an earlier answer of the upstream that was kept.
std::string kept_status();
// Of one that was, or would have been, the upstream's: "holdfast; fwd=miss; detail=…".
std::string forwarded_status(const ForwardReason& reason);
// The same with the upstream's status, and whether its answer is kept for the time without it.
std::string forwarded_status(const ForwardReason& reason, int status, bool stored);

}  // namespace holdfast::routes
