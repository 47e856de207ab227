#include "gateway/base/network_watch.h"

#ifdef __linux__
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#endif

namespace holdfast {

#ifdef __linux__

int open_network_source() {
  const int source = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (source < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups =
      RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  // bind() takes every family's address by this type.
  if (bind(source, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return source;
  }
  close(source);
  return -1;
}

bool reports_change(std::span<const char> messages) {
  while (messages.size() >= sizeof(nlmsghdr)) {
    nlmsghdr head{};
    std::memcpy(&head, messages.data(), sizeof head);
    switch (head.nlmsg_type) {
      case RTM_NEWADDR:
      case RTM_DELADDR:
      case RTM_NEWROUTE:
      case RTM_DELROUTE:
        return true;
      default:
        break;
    }
    const std::size_t length = NLMSG_ALIGN(head.nlmsg_len);
    if (head.nlmsg_len < sizeof head || length > messages.size()) return false;
    messages = messages.subspan(length);
  }
  return false;
}

#else

int open_network_source() { return -1; }
bool reports_change(std::span<const char>) { return false; }

#endif

}  // namespace holdfast
