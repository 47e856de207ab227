#include "routes/forwarded_once.h"

#include "queue/forwarded_keys.h"
#include "routes/error_response.h"
#include "routes/kept_answer.h"
#include "routes/write_answer.h"

namespace holdfast::routes {
namespace {

constexpr std::size_t kLargestKept = std::size_t{4} << 20;

std::string key_of(const http::Request& request) {
  return std::string(*request.headers.find("Idempotency-Key"));
}

}  // namespace

ForwardedOnce::ForwardedOnce(const Context& context, std::shared_ptr<cache::Store> store,
                             const http::Request& request)
    : context_(context), store_(std::move(store)) {
  if (request.headers.contains("Idempotency-Key")) keyed_ = request;
}

Forwarder::Forwarded ForwardedOnce::forward(const http::Request& request,
                                            ForwardReason reason) const {
  const Forwarder forwarder(context_);
  if (!keyed_) return forwarder.forward_once(request, Surface::kRest, std::move(reason));
  try {
    if (auto repeated = begin()) return {*std::move(repeated), true};
  } catch (const std::exception&) {
    // As a write that cannot be made durable: it is not sent either.
    return {fault_response(std::current_exception(), *context_.logger), true};
  }
  auto forwarded = forwarder.forward_once(request, Surface::kRest, std::move(reason));
  try {
    end(forwarded);
  } catch (const std::exception& fault) {
    // Whatever becomes of the key, the app hears what the upstream has said.
    context_.logger->error("forwarded_key_not_written reason={}", fault.what());
  }
  return forwarded;
}

std::optional<http::Response> ForwardedOnce::repeated() const {
  if (!keyed_) return std::nullopt;
  auto earlier = find_repetition(context_, *store_->reader(), *keyed_);
  return earlier ? std::move(earlier->answer) : std::nullopt;
}

std::optional<http::Response> ForwardedOnce::begin() const {
  std::optional<http::Response> repeated;
  store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
    repeated.reset();
    if (auto earlier = find_repetition(context_, transaction.database(), *keyed_)) {
      repeated = earlier->answer ? *std::move(earlier->answer) : unanswered_request();
      return;
    }
    queue::note_forwarding(transaction, key_of(*keyed_), digest_of(*keyed_), context_.clock.now());
  });
  return repeated;
}

void ForwardedOnce::end(const Forwarder::Forwarded& forwarded) const {
  const int status = forwarded.response.status;
  const bool told = forwarded.refused || (status < 500 && status != 408);
  if (forwarded.may_have_happened && !told) return;
  if (status < 300 && forwarded.response.body.size() > kLargestKept) return;
  store_->writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
    if (status < 300) {
      queue::keep_forwarded_answer(transaction, key_of(*keyed_),
                                   print_answer(forwarded.response, *keyed_));
    } else {
      queue::free_forwarded_key(transaction, key_of(*keyed_));
    }
  });
}

}  // namespace holdfast::routes
