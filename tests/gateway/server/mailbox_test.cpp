#include "gateway/server/mailbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace holdfast::server {
namespace {

class MailboxTest : public ::testing::Test {
 protected:
  int woken_ = 0;
  std::shared_ptr<Mailbox> mailbox_ =
      std::make_shared<Mailbox>([this] { ++woken_; }, silent_logger());
};

TEST_F(MailboxTest, AnswerGivenAtOnceNeedsNoWaking) {
  make_respond(mailbox_, mailbox_->open())({204, {}, ""});
  EXPECT_EQ(mailbox_->take().value().status, 204);
  EXPECT_EQ(woken_, 0);
}

TEST_F(MailboxTest, WaitingConnectionIsWokenOnce) {
  const auto respond = make_respond(mailbox_, mailbox_->open());
  EXPECT_FALSE(mailbox_->take().has_value());
  respond({204, {}, ""});
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(mailbox_->take().value().status, 204);
}

// Else the connection's thread would wake only to wait for the one that wakes it.
TEST_F(MailboxTest, TheAnswerIsThereWhileTheWakingGoesOn) {
  std::optional<http::Response> taken;
  std::shared_ptr<Mailbox> mailbox;
  const auto wake = [&] { std::thread([&] { taken = mailbox->take(); }).join(); };
  mailbox = std::make_shared<Mailbox>(wake, silent_logger());
  const auto respond = make_respond(mailbox, mailbox->open());
  EXPECT_FALSE(mailbox->take().has_value());
  respond({204, {}, ""});
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->status, 204);
}

TEST_F(MailboxTest, SecondAnswerIsDropped) {
  const auto respond = make_respond(mailbox_, mailbox_->open());
  respond({201, {}, ""});
  respond({202, {}, ""});
  EXPECT_EQ(mailbox_->take().value().status, 201);
  EXPECT_FALSE(mailbox_->take().has_value());
}

TEST_F(MailboxTest, AnswerToAnEarlierRequestIsDropped) {
  const auto earlier = make_respond(mailbox_, mailbox_->open());
  const auto current = make_respond(mailbox_, mailbox_->open());
  earlier({201, {}, ""});
  EXPECT_FALSE(mailbox_->take().has_value());
  EXPECT_EQ(woken_, 0);
  current({202, {}, ""});
  EXPECT_EQ(mailbox_->take().value().status, 202);
}

TEST_F(MailboxTest, LastDroppedRespondIsA500) {
  {
    const auto respond = make_respond(mailbox_, mailbox_->open());
    { const auto copy = respond; }
    EXPECT_FALSE(mailbox_->take().has_value());
  }
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(mailbox_->take().value().status, 500);
}

TEST_F(MailboxTest, NothingIsWokenAfterTheConnectionIsGone) {
  const auto respond = make_respond(mailbox_, mailbox_->open());
  EXPECT_FALSE(mailbox_->take().has_value());
  mailbox_->close();
  respond({201, {}, ""});
  EXPECT_EQ(woken_, 0);
}

}  // namespace
}  // namespace holdfast::server
