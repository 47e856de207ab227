#include "routes/cache_status.h"

namespace holdfast::routes {
namespace {

using Kind = ForwardReason::Kind;

const char* word(Kind kind) {
  switch (kind) {
    case Kind::kBypass:
      return "bypass";
    case Kind::kMethod:
      return "method";
    case Kind::kRequest:
      return "request";
    case Kind::kStale:
      return "stale";
    case Kind::kPartial:
      return "partial";
    case Kind::kMiss:
      break;
  }
  return "miss";
}

// A quoted string of RFC 8941 holds printable ASCII only.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  return out + '"';
}

}  // namespace

std::string hit_status() { return "holdfast; hit"; }

std::string kept_status() { return "holdfast; hit; detail=\"kept from the upstream\""; }

std::string forwarded_status(const ForwardReason& reason) {
  return std::string("holdfast; fwd=") + word(reason.kind) + "; detail=" + quoted(reason.detail);
}

std::string forwarded_status(const ForwardReason& reason, int status, bool stored) {
  return std::string("holdfast; fwd=") + word(reason.kind) +
         "; fwd-status=" + std::to_string(status) + (stored ? "; stored" : "") +
         "; detail=" + quoted(reason.detail);
}

}  // namespace holdfast::routes
