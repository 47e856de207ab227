#include "gateway/server/mailbox.h"

#include <atomic>
#include <utility>

#include "gateway/server/refusal.h"

namespace holdfast::server {
namespace {

// One request's right to be answered, shared by the copies of its Respond.
class Reply {
 public:
  Reply(std::shared_ptr<Mailbox> mailbox, std::uint64_t number)
      : mailbox_(std::move(mailbox)), number_(number) {}
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() {
    if (used_.load()) return;
    mailbox_->logger().error("answer_missing request={}", number_);
    mailbox_->deliver(number_, failure_response());
  }

  void answer(http::Response response) {
    if (used_.exchange(true)) {
      mailbox_->logger().error("answer_repeated request={}", number_);
      return;
    }
    mailbox_->deliver(number_, std::move(response));
  }

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  const std::uint64_t number_;
  std::atomic<bool> used_ = false;
};

}  // namespace

Mailbox::Mailbox(std::function<void()> wake, std::shared_ptr<Logger> logger)
    : wake_(std::move(wake)), logger_(std::move(logger)) {}

std::uint64_t Mailbox::open() {
  MutexLock lock(mutex_);
  answer_.reset();
  answered_ = false;
  waiting_ = false;
  return ++number_;
}

std::optional<http::Response> Mailbox::take() {
  MutexLock lock(mutex_);
  auto answer = std::move(answer_);
  answer_.reset();
  waiting_ = !answer.has_value();
  return answer;
}

void Mailbox::deliver(std::uint64_t number, http::Response answer) {
  // close() must not return while the event loop is being posted to; take() need not wait for it.
  MutexLock waking(waking_);
  if (put(number, std::move(answer))) wake_();
}

bool Mailbox::put(std::uint64_t number, http::Response answer) {
  MutexLock lock(mutex_);
  if (closed_ || answered_ || number != number_) return false;
  answered_ = true;
  answer_ = std::move(answer);
  return std::exchange(waiting_, false);
}

void Mailbox::close() {
  MutexLock waking(waking_);
  MutexLock lock(mutex_);
  closed_ = true;
  answer_.reset();
}

http::Respond make_respond(std::shared_ptr<Mailbox> mailbox, std::uint64_t number) {
  auto reply = std::make_shared<Reply>(std::move(mailbox), number);
  return
      [reply = std::move(reply)](http::Response response) { reply->answer(std::move(response)); };
}

}  // namespace holdfast::server
