#include "tests/gateway/upstream/raw_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace holdfast::upstream {
namespace {

// More of the input until `enough` of `buffer`; false at its end.
template <typename Enough>
bool read_until(int socket, std::string& buffer, Enough enough) {
  char chunk[65536];
  while (!enough()) {
    const auto count = recv(socket, chunk, sizeof chunk, 0);
    if (count <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(count));
  }
  return true;
}

std::size_t content_length(const std::string& head) {
  const std::string name = "\r\nContent-Length: ";
  const auto at = head.find(name);
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
}

// The next request from `buffer` and the socket.
bool read_request(Exchange& exchange, std::string& buffer, bool handshakes) {
  std::size_t end = 0;
  const auto have_head = [&] {
    return (handshakes && buffer.starts_with('\x16')) ||
           (end = buffer.find("\r\n\r\n")) != std::string::npos;
  };
  if (!read_until(exchange.socket, buffer, have_head)) return false;
  if (end == 0) return true;
  exchange.head = buffer.substr(0, end);
  buffer.erase(0, end + 4);
  const auto length = content_length(exchange.head);
  if (!read_until(exchange.socket, buffer, [&] { return buffer.size() >= length; })) return false;
  exchange.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return true;
}

}  // namespace

bool Exchange::send(const std::string& bytes) const {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto count = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

void Exchange::answer(int status, const std::string& text, const std::string& fields) const {
  send("HTTP/1.1 " + std::to_string(status) + " Said\r\n" + fields +
       "Content-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
}

RawServer::RawServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

RawServer::~RawServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  close_connections();
  std::vector<std::thread> workers;
  {
    MutexLock lock(mutex_);
    workers.swap(workers_);
  }
  for (auto& worker : workers) worker.join();
}

std::vector<Exchange> RawServer::exchanges() const {
  MutexLock lock(mutex_);
  return exchanges_;
}

void RawServer::close_connections() {
  MutexLock lock(mutex_);
  for (const int socket : open_) shutdown(socket, SHUT_RDWR);
  while (!open_.empty()) closed_.wait(mutex_);
}

void RawServer::accept_loop() {
  while (!stopping_) {
    const int socket = accept(listener_, nullptr, nullptr);
    if (socket < 0) continue;
    const int connection = ++connections_;
    MutexLock lock(mutex_);
    open_.push_back(socket);
    workers_.emplace_back([this, socket, connection] { serve(socket, connection); });
  }
}

void RawServer::serve(int socket, int connection) {
  std::string buffer;
  for (;;) {
    Exchange exchange;
    exchange.connection = connection;
    exchange.socket = socket;
    if (!read_request(exchange, buffer, tells_handshakes_)) break;
    {
      MutexLock lock(mutex_);
      exchanges_.push_back(exchange);
    }
    if (handler_(exchange) == Then::kClose) break;
  }
  MutexLock lock(mutex_);
  close(socket);
  std::erase(open_, socket);
  closed_.notify_all();
}

}  // namespace holdfast::upstream
