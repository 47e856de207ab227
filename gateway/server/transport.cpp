#include "gateway/server/transport.h"

namespace holdfast::server {

Transport::Transport(Socket socket, certs::Session session) : socket_(std::move(socket)) {
  if (session) {
    tls_ = std::make_unique<asio::ssl::stream<Socket&>>(socket_, session.release());
  }
}

}  // namespace holdfast::server
