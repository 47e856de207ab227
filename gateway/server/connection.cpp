#include "gateway/server/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "gateway/server/worker.h"

namespace holdfast::server {
namespace {

constexpr std::size_t kHeadRead = 8 * 1024;
constexpr std::size_t kBodyRead = 64 * 1024;
// A chunk header or trailer section longer than this is an attack, not a request.
constexpr std::size_t kFramingLimit = 32 * 1024;
// An idle connection gives back a buffer that one large request made it take.
constexpr std::size_t kIdleBuffer = 16 * 1024;
constexpr std::size_t kRequestLineSlack = 4 * 1024;
// For the peer's own end of TLS, which many do not send.
constexpr std::chrono::milliseconds kTlsEnd{1'000};
constexpr std::size_t kDrainedBytes = 256 * 1024 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

HeadLimits head_limits(const ListenerOptions& options) {
  return {options.target_limit, options.header_limit, options.header_lines};
}

std::vector<std::string> accepted_hosts(const ListenerOptions& options) {
  auto hosts = options.hosts;
  hosts.push_back(options.host);
  return hosts;
}

bool is_loopback_peer(const Socket& socket) {
  ErrorCode error;
  const auto address = socket.remote_endpoint(error).address();
  if (error) return false;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

}  // namespace

Service::Service(const ListenerOptions& chosen, http::Handler& receiver,
                 std::shared_ptr<Logger> log)
    : options(chosen),
      handler(receiver),
      logger(std::move(log)),
      hosts(accepted_hosts(chosen)),
      cors(chosen.origins) {}

Connection::Connection(Socket socket, certs::Session session, Worker& worker,
                       const Service& service)
    : worker_(worker),
      service_(service),
      transport_(std::move(socket), std::move(session)),
      wake_(worker.loop()),
      from_loopback_(is_loopback_peer(transport_.socket())),
      mailbox_(std::make_shared<Mailbox>(
          [this, executor = transport_.get_executor()] {
            asio::post(executor, [weak = weak_from_this()] {
              if (const auto self = weak.lock()) self->wake_.cancel();
            });
          },
          service.logger)),
      scanner_(head_limits(service.options)) {
  ErrorCode ignored;
  transport_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  // Lets an answer be written at once; asynchronous operations do not mind.
  transport_.socket().non_blocking(true, ignored);
  worker_.add(*this);
}

Connection::~Connection() {
  mailbox_->close();
  worker_.remove(*this);
}

Awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  // Not in the loop's condition: g++ 12 makes a trap of a loop that is nothing else.
  bool open = true;
  if (self->transport_.secure()) open = co_await self->shake_hands();
  while (open) open = co_await self->serve_request();
  if (self->transport_.secure()) co_await self->end_tls();
  self->close();
}

Awaitable<bool> Connection::shake_hands() {
  enter(Phase::kHead, service_.options.head_timeout);
  const auto [error] =
      co_await transport_.async_handshake(asio::ssl::stream_base::server, kAsTuple);
  // Among others, everybody who does not trust the certificate.
  if (error) service_.logger->debug("tls_handshake_failed error={}", error.message());
  tls_ended_ = static_cast<bool>(error);
  co_return !error && !aborted_ && !expired_;
}

// A peer that is still there is told that nothing was cut off.
Awaitable<void> Connection::end_tls() {
  if (aborted_ || tls_ended_) co_return;
  enter(Phase::kDraining, kTlsEnd);
  co_await transport_.async_end(kAsTuple);
}

Awaitable<bool> Connection::serve_request() {
  start_request();
  if (!co_await read_head()) co_return false;
  if (!admit()) co_return co_await answer_refusal();
  if (!parser_->is_done()) {
    const bool complete = co_await read_body();
    if (refusal_) co_return co_await answer_refusal();
    if (!complete) co_return false;
  }
  enter(Phase::kHandling, std::chrono::milliseconds::max());
  call_handler();
  auto response = mailbox_->take();
  while (!response) {
    if (aborted_) co_return false;
    co_await wait_for_answer();
    response = mailbox_->take();
  }
  if (response->web_socket && upgrade_) {
    web_socket_ = std::move(response->web_socket);
    co_await serve_web_socket();
    co_return false;
  }
  co_return co_await answer(*std::move(response), true);
}

void Connection::start_request() {
  const auto& options = service_.options;
  scanner_ = HeadScanner(head_limits(options));
  parser_.emplace(options.target_limit + options.header_limit + kRequestLineSlack,
                  options.body_limit);
  refusal_.reset();
  own_answer_.reset();
  verdict_ = Cors::Verdict::kNoOrigin;
  is_head_ = false;
  if (buffer_.size() == 0 && buffer_.capacity() > kIdleBuffer) buffer_.shrink_to_fit();
}

// False without a refusal: the peer is gone or never asked for anything.
Awaitable<bool> Connection::receive(std::size_t size) {
  const auto space = buffer_.prepare(size);
  const auto [error, count] = co_await transport_.async_read_some(space, kAsTuple);
  if (error && error != asio::error::operation_aborted) tls_ended_ = true;
  // Bytes that came together with the time-out came too late.
  if (error || aborted_ || expired_) co_return false;
  buffer_.commit(count);
  co_return true;
}

// True when there is a whole head, or a refusal of what came.
Awaitable<bool> Connection::read_head() {
  if (buffer_.size() == 0) {
    // Between requests: the peer owes nothing, and ending here is no error.
    enter(Phase::kIdle, service_.options.idle_timeout);
    if (aborted_ || worker_.draining()) co_return false;
    if (!co_await receive(kHeadRead)) co_return false;
  }
  enter(Phase::kHead, service_.options.head_timeout);
  for (;;) {
    const auto state = scanner_.scan(received());
    if (state == HeadScanner::State::kComplete) co_return true;
    if (state == HeadScanner::State::kRefused) {
      refusal_ = scanner_.refusal();
      co_return true;
    }
    if (co_await receive(kHeadRead)) continue;
    if (!expired_) co_return false;
    refusal_ = {408, "the request did not arrive in time"};
    co_return true;
  }
}

// Whether the request, by its head, goes on to the handler.
bool Connection::admit() {
  if (refusal_) return false;
  const auto head = received().substr(scanner_.begin(), scanner_.end() - scanner_.begin());
  refusal_ = parser_->parse_head(head);
  buffer_.consume(scanner_.end());
  const auto& request = parser_->request();
  is_head_ = request.method == "HEAD";
  upgrade_ = upgrade_of(request);
  judge_origin();
  if (refusal_) return false;
  const auto host = request.headers.find("Host");
  if (host && !service_.hosts.accepts(*host)) {
    own_answer_ = to_response({421, "this host name is not ours; add it to [server] hosts"});
    return false;
  }
  own_answer_ = service_.cors.answer(request, verdict_);
  return !own_answer_;
}

void Connection::judge_origin() {
  const auto& request = parser_->request();
  verdict_ = service_.cors.judge(request);
  if (verdict_ == Cors::Verdict::kAllowed) origin_ = *request.headers.find("Origin");
}

Awaitable<bool> Connection::read_body() {
  if (parser_->expects_continue() && buffer_.size() == 0) {
    enter(Phase::kWriting, service_.options.write_timeout);
    const auto [error, count] =
        co_await asio::async_write(transport_, asio::buffer(kContinue), kAsTuple);
    if (error || count != kContinue.size()) co_return false;
  }
  const auto started = std::chrono::steady_clock::now();
  while (!parser_->is_done()) {
    std::size_t used = 0;
    if (buffer_.size() > 0) refusal_ = parser_->parse_body(received(), used);
    buffer_.consume(used);
    if (refusal_) co_return false;
    if (parser_->is_done()) break;
    if (buffer_.size() > kFramingLimit + kBodyRead) {
      refusal_ = {400, "the chunked request body is malformed"};
      co_return false;
    }
    enter(Phase::kBody, body_time_left(started));
    if (co_await receive(kBodyRead)) continue;
    if (expired_) refusal_ = {408, "the request body did not arrive in time"};
    co_return false;
  }
  co_return true;
}

// Until the next part of a body that has been coming since `started`.
std::chrono::milliseconds Connection::body_time_left(MonotonicTime started) const {
  const auto& options = service_.options;
  const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started);
  const auto left = std::max(options.body_total_timeout - taken, std::chrono::milliseconds(0));
  return std::min(options.body_timeout, left);
}

void Connection::call_handler() {
  const auto number = mailbox_->open();
  auto& request = parser_->request();
  request.from_loopback = from_loopback_;
  request.secure = transport_.secure();
  request.alone = worker_.connections() == 1;
  std::string fault = "not an exception";
  try {
    service_.handler.handle(std::move(request), make_respond(mailbox_, number));
    return;
  } catch (const std::exception& e) {
    fault = e.what();
  } catch (...) {
  }
  service_.logger->error("handler_failed error={}", fault);
  mailbox_->deliver(number, failure_response());
}

Awaitable<void> Connection::wait_for_answer() {
  wake_.expires_at(MonotonicTime::max());
  co_await wake_.async_wait(kAsTuple);
}

// True when the connection is good for another request.
Awaitable<bool> Connection::answer(http::Response response, bool from_handler) {
  if (response.status < 200 || response.status > 999) {
    service_.logger->error("answer_invalid status={}", response.status);
    response = failure_response();
  }
  const auto stream = is_head_ ? nullptr : response.stream;
  // A stream ends with its connection, so that nobody waits behind it.
  const bool keep_alive = keeps_alive() && !stream;
  const bool readable = verdict_ == Cors::Verdict::kAllowed;
  head_.clear();
  append_head(head_, response,
              {.to_head = is_head_,
               .http_1_0 = parser_->is_http_1_0(),
               .keep_alive = keep_alive,
               .from_handler = from_handler,
               .streams = stream != nullptr,
               .varies_by_origin = verdict_ == Cors::Verdict::kRefused,
               .origin = readable ? std::string_view(origin_) : std::string_view(),
               .date = worker_.date()});
  if (!sends_body(response, is_head_)) response.body.clear();
  body_ = stream && !parser_->is_http_1_0() ? chunk_of(response.body) : std::move(response.body);
  std::size_t sent = 0;
  bool ok = send_now(sent);
  if (ok && sent < head_.size() + body_.size()) ok = co_await send_rest(sent);
  body_ = std::string();
  if (stream) {
    if (ok) co_await send_stream(*stream);
    stream->detach();
    co_return false;
  }
  if (ok && !keep_alive && (!parser_->is_done() || buffer_.size() > 0)) co_await drain();
  co_return ok&& keep_alive && !aborted_;
}

Awaitable<bool> Connection::answer_refusal() {
  auto response = own_answer_ ? *std::move(own_answer_) : to_response(*refusal_);
  service_.logger->debug("request_answered_here status={}", response.status);
  co_return co_await answer(std::move(response), false);
}

bool Connection::keeps_alive() const {
  // After a refused head or body nobody knows where the next request begins.
  return !refusal_ && parser_->wants_keep_alive() && parser_->is_done() && !worker_.draining();
}

// Sends what the socket takes without waiting; false when the peer is gone.
bool Connection::send_now(std::size_t& sent) {
  ErrorCode error;
  sent = transport_.write_now(unsent(0), error);
  return !error || error == asio::error::would_block;
}

Awaitable<bool> Connection::send_rest(std::size_t sent) {
  while (sent < head_.size() + body_.size()) {
    enter(Phase::kWriting, service_.options.write_timeout);
    const auto [error, count] = co_await transport_.async_write_some(unsent(sent), kAsTuple);
    if (error) tls_ended_ = true;
    if (error || aborted_) co_return false;
    sent += count;
  }
  co_return true;
}

std::array<asio::const_buffer, 2> Connection::unsent(std::size_t sent) const {
  return {asio::buffer(head_) + sent,
          asio::buffer(body_) + (sent > head_.size() ? sent - head_.size() : 0)};
}

// Reads on after a refusal: closing a socket with unread bytes resets it, and the peer, still
// sending, would lose the answer.
Awaitable<void> Connection::drain() {
  ErrorCode ignored;
  transport_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  enter(Phase::kDraining, service_.options.drain_timeout);
  std::size_t dropped = 0;
  while (dropped < kDrainedBytes) {
    buffer_.clear();
    if (!co_await receive(kBodyRead)) break;
    dropped += buffer_.size();
  }
  buffer_.clear();
}

void Connection::enter(Phase phase, std::chrono::milliseconds timeout) {
  phase_ = phase;
  expired_ = false;
  if (timeout == std::chrono::milliseconds::max()) {
    deadline_ = MonotonicTime::max();
    return;
  }
  deadline_ = std::chrono::steady_clock::now() + timeout;
  worker_.watch(deadline_);
}

void Connection::expire() {
  expired_ = true;
  deadline_ = MonotonicTime::max();
  ErrorCode ignored;
  transport_.socket().cancel(ignored);
}

void Connection::begin_drain() {
  // A request that has arrived but not been read yet counts as in progress.
  ErrorCode ignored;
  const bool idle = phase_ == Phase::kIdle && transport_.socket().available(ignored) == 0;
  if (idle || streaming_) abort();
}

void Connection::abort() {
  aborted_ = true;
  ErrorCode ignored;
  transport_.socket().cancel(ignored);
  wake_.cancel();
}

void Connection::close() {
  ErrorCode ignored;
  transport_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  transport_.socket().close(ignored);
}

std::string_view Connection::received() const {
  const auto bytes = buffer_.data();
  return {static_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace holdfast::server
