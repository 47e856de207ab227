#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <memory>

#include "certs/server_tls.h"
#include "gateway/server/asio_types.h"

namespace holdfast::server {

// A peer's socket, with TLS over it or without: whoever reads and writes need not know.
// One thread at a time: its connection's.
class Transport {
 public:
  using executor_type = Executor;

  // `session`: TLS with this peer; null = without.
  Transport(Socket socket, certs::Session session);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool secure() const { return tls_ != nullptr; }

  // The handshake, and the ending of TLS. Only where secure().
  template <typename Token>
  auto async_handshake(asio::ssl::stream_base::handshake_type side, Token&& token) {
    return tls_->async_handshake(side, std::forward<Token>(token));
  }
  template <typename Token>
  auto async_end(Token&& token) {
    return tls_->async_shutdown(std::forward<Token>(token));
  }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto handler, const Buffers& space) {
          if (tls_) {
            tls_->async_read_some(space, std::move(handler));
          } else {
            socket_.async_read_some(space, std::move(handler));
          }
        },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [this](auto handler, const Buffers& bytes) {
          if (tls_) {
            tls_->async_write_some(bytes, std::move(handler));
          } else {
            socket_.async_write_some(bytes, std::move(handler));
          }
        },
        token, buffers);
  }
  // What can be sent without waiting: nothing over TLS, whose records must not be cut.
  template <typename Buffers>
  std::size_t write_now(const Buffers& buffers, ErrorCode& error) {
    return tls_ ? 0 : socket_.write_some(buffers, error);
  }

 private:
  Socket socket_;
  // Its buffers are large, and most connections have none.
  std::unique_ptr<asio::ssl::stream<Socket&>> tls_;
};

}  // namespace holdfast::server
