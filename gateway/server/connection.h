#pragma once

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/http/response.h"
#include "gateway/http/stream.h"
#include "gateway/http/web_socket.h"
#include "gateway/server/asio_types.h"
#include "gateway/server/cors.h"
#include "gateway/server/head_scanner.h"
#include "gateway/server/host_check.h"
#include "gateway/server/mailbox.h"
#include "gateway/server/options.h"
#include "gateway/server/refusal.h"
#include "gateway/server/request_parser.h"
#include "gateway/server/response_head.h"
#include "gateway/server/transport.h"
#include "gateway/server/web_socket_stream.h"

namespace holdfast::server {

class Worker;

// What all connections share. Immutable after construction.
struct Service {
  Service(const ListenerOptions& chosen, http::Handler& receiver, std::shared_ptr<Logger> log);

  ListenerOptions options;
  http::Handler& handler;
  std::shared_ptr<Logger> logger;
  HostCheck hosts;
  Cors cors;
};

// One peer: reads a request, has it answered, writes the answer, and again, until one side ends
// it. The next request is looked at only after the answer before it has been written, so answers
// keep their order and what a peer can make us hold is one request and one answer.
// One thread at a time: its worker's.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `worker` and `service` must outlive it.
  Connection(Socket socket, certs::Session session, Worker& worker, const Service& service);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves the peer to the end.
  static Awaitable<void> run(std::shared_ptr<Connection> self);

  // When expire() is due; the maximum while nothing is waited for from the peer.
  MonotonicTime deadline() const { return deadline_; }
  void expire();
  // Ends it at once when no request is in progress, else after its answer.
  void begin_drain();
  // Ends it at once.
  void abort();

 private:
  enum class Phase { kIdle, kHead, kBody, kHandling, kWriting, kDraining };

  Awaitable<bool> shake_hands();
  Awaitable<void> end_tls();
  Awaitable<bool> serve_request();
  Awaitable<bool> receive(std::size_t size);
  Awaitable<bool> read_head();
  Awaitable<bool> read_body();
  Awaitable<void> wait_for_answer();
  Awaitable<bool> answer(http::Response response, bool from_handler);
  Awaitable<bool> answer_refusal();
  Awaitable<bool> send_rest(std::size_t sent);
  // connection_stream.cpp: sends what follows an answer, until it or the peer ends.
  Awaitable<void> send_stream(http::Stream& stream);
  void frame(const std::optional<std::string>& piece);
  void watch_for_peer();
  // connection_web_socket.cpp: what a request for a WebSocket asked for, and the connection as one
  // (`web_socket_`), to its end.
  struct Upgraded;
  static std::optional<Upgrade> upgrade_of(const http::Request& request);
  Awaitable<void> serve_web_socket();
  Awaitable<void> receive_messages();
  bool take_message(http::Message message);  // false: it could not be
  static Awaitable<void> send_messages(std::shared_ptr<Connection> self);
  Awaitable<void> drain();

  void start_request();
  bool admit();
  void call_handler();
  void judge_origin();
  bool send_now(std::size_t& sent);
  std::array<asio::const_buffer, 2> unsent(std::size_t sent) const;
  void enter(Phase phase, std::chrono::milliseconds timeout);
  void close();
  std::chrono::milliseconds body_time_left(MonotonicTime started) const;
  std::string_view received() const;
  bool keeps_alive() const;

  Worker& worker_;
  const Service& service_;
  Transport transport_;
  Timer wake_;  // cancelled when an answer arrives
  const bool from_loopback_;
  const std::shared_ptr<Mailbox> mailbox_;

  MonotonicTime deadline_ = MonotonicTime::max();
  Phase phase_ = Phase::kIdle;
  bool expired_ = false;
  bool aborted_ = false;
  bool tls_ended_ = false;  // or never began
  bool streaming_ = false;
  bool peer_spoke_ = false;  // or left, while a stream is sent
  boost::beast::flat_buffer buffer_;

  // Of the request in progress.
  HeadScanner scanner_;
  std::optional<RequestParser> parser_;
  std::optional<Refusal> refusal_;
  std::optional<http::Response> own_answer_;
  Cors::Verdict verdict_ = Cors::Verdict::kNoOrigin;
  std::string origin_;
  bool is_head_ = false;
  std::optional<Upgrade> upgrade_;

  std::shared_ptr<http::WebSocket> web_socket_;
  std::shared_ptr<Upgraded> upgraded_;

  // Of the answer being written.
  std::string head_;
  std::string body_;
};

}  // namespace holdfast::server
