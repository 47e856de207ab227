#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace holdfast::test {
namespace {

constexpr timeval kPatience{10, 0};

void require(bool condition, const char* what) {
  if (!condition) throw std::system_error(errno, std::generic_category(), what);
}

http::Headers parse_headers(std::string_view lines) {
  http::Headers headers;
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const auto line = lines.substr(0, end);
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos) {
      headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
    }
    if (end == std::string_view::npos) break;
    lines.remove_prefix(end + 2);
  }
  return headers;
}

std::size_t body_size(const RawAnswer& answer, bool to_head) {
  const bool has_none = answer.status < 200 || answer.status == 204 || answer.status == 304;
  const auto length = answer.headers.find("Content-Length");
  if (to_head || has_none || !length) return 0;
  return std::stoul(std::string(*length));
}

}  // namespace

RawClient::RawClient(std::uint16_t port) : RawClient(port, 0) {}

RawClient RawClient::with_small_window(std::uint16_t port) { return {port, 4096}; }

RawClient::RawClient(std::uint16_t port, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  require(socket_ >= 0, "socket");
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (receive_buffer > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  require(::connect(socket_, generic, sizeof address) == 0, "connect");
}

RawClient::~RawClient() { ::close(socket_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) return false;
    require(count >= 0, "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// False at the end of the stream, orderly or not.
bool RawClient::fill() {
  char chunk[16384];
  const auto count = ::recv(socket_, chunk, sizeof chunk, 0);
  if (count < 0 && errno == ECONNRESET) return false;
  require(count >= 0, "recv");
  buffer_.append(chunk, static_cast<std::size_t>(count));
  return count > 0;
}

std::optional<RawAnswer> RawClient::receive(bool to_head) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  RawAnswer answer;
  answer.head = buffer_.substr(0, end + 2);
  answer.status = std::stoi(answer.head.substr(9, 3));
  answer.headers =
      parse_headers(std::string_view(answer.head).substr(answer.head.find("\r\n") + 2));
  buffer_.erase(0, end + 4);
  const auto size = body_size(answer, to_head);
  while (buffer_.size() < size) {
    if (!fill()) return std::nullopt;
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

std::optional<RawAnswer> RawClient::ask(std::string_view bytes, bool to_head) {
  send(bytes);
  return receive(to_head);
}

std::string RawClient::rest() {
  while (fill()) {
  }
  return std::exchange(buffer_, std::string());
}

bool RawClient::at_end() {
  char byte = 0;
  return buffer_.empty() && ::recv(socket_, &byte, 1, 0) == 0;
}

bool RawClient::has_bytes(std::chrono::milliseconds time) {
  pollfd entry{socket_, POLLIN, 0};
  return !buffer_.empty() || ::poll(&entry, 1, static_cast<int>(time.count())) > 0;
}

void RawClient::end_sending() { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset_on_close() {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace holdfast::test
