#include "gateway/base/network_watch.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <future>
#include <string>

namespace holdfast {
namespace {

std::string message(std::uint16_t type, std::size_t body = 12) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + body);
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  return bytes + std::string(NLMSG_ALIGN(head.nlmsg_len) - sizeof head, '\0');
}

TEST(NetworkWatchTest, AddressesAndRoutesAreChangesAndNothingElseIs) {
  for (const std::uint16_t type : {RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE}) {
    EXPECT_TRUE(reports_change(message(type)));
    EXPECT_TRUE(reports_change(message(RTM_NEWNEIGH, 7) + message(type)));
  }
  EXPECT_FALSE(reports_change(message(RTM_NEWNEIGH) + message(NLMSG_DONE)));
}

TEST(NetworkWatchTest, BrokenMessagesAreNoChange) {
  const std::string whole = message(RTM_NEWNEIGH) + message(RTM_NEWADDR);
  EXPECT_FALSE(reports_change({}));
  EXPECT_FALSE(reports_change(std::span(whole).first(20)));
  std::string endless = whole;
  const std::uint32_t no_length = 0;
  std::memcpy(endless.data(), &no_length, sizeof no_length);
  EXPECT_FALSE(reports_change(endless));
}

TEST(NetworkWatchTest, TheSystemHasASource) {
  const int source = open_network_source();
  EXPECT_GE(source, 0);
  if (source >= 0) close(source);
}

TEST(NetworkWatchTest, ABurstIsOneChange) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()), 0);
  std::atomic<int> changes{0};
  std::promise<void> first;
  NetworkWatch watch(
      [&] {
        if (++changes == 1) first.set_value();
      },
      silent_logger());
  watch.start(ends[0]);
  for (int i = 0; i < 5; ++i) {
    const std::string bytes = message(RTM_NEWADDR);
    ASSERT_EQ(write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  ASSERT_EQ(first.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  watch.stop();
  EXPECT_EQ(changes, 1);
  close(ends[1]);
}

}  // namespace
}  // namespace holdfast
