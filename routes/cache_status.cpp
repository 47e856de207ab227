#include "routes/cache_status.h"

namespace holdfast::routes {

std::string hit_status() { return "holdfast; hit"; }

std::string forwarded_status(const std::string& reason) {
  // A quoted string of RFC 8941 holds printable ASCII only.
  std::string quoted;
  for (const char c : reason) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c >= ' ' && c <= '~' ? c : '?';
  }
  return "holdfast; fwd=miss; detail=\"" + quoted + "\"";
}

}  // namespace holdfast::routes
