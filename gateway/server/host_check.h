#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::server {

// Whether `host` (a name or an address literal, no port, IPv6 with or without brackets) names this
// machine's loopback: localhost, *.localhost, 127.0.0.0/8 or ::1.
bool is_loopback_host(std::string_view host);

// The host of "host[:port]", without brackets; empty when the text is no such thing.
std::string_view host_of(std::string_view authority);

// Which Host values are ours: a page whose own name was rebound to 127.0.0.1 sends another.
// Immutable after construction.
class HostCheck {
 public:
  // `names`: accepted besides loopback, in any case, without a port.
  explicit HostCheck(std::vector<std::string> names);

  // `authority`: the value of Host, with any port.
  bool accepts(std::string_view authority) const;

 private:
  std::vector<std::string> names_;
};

}  // namespace holdfast::server
