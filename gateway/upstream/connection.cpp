#include "gateway/upstream/connection.h"

#include <fcntl.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "gateway/crypto/pin.h"
#include "gateway/upstream/wire_headers.h"

namespace holdfast::upstream {
namespace {

using std::chrono::milliseconds;

// What has come of an answer so far.
struct Reading {
  std::optional<httplib::Response> head;  // only of an answer that has no body by its status
  std::string body;
  bool too_large = false;
};

// Rows compress well. What an app asked for is passed on as the upstream sends it, though.
bool is_unpacked_here(const Call& call) {
  return call.method == "GET" && call.target.starts_with("/rest/v1/") &&
         !call.headers.contains("Accept-Encoding");
}

httplib::Headers wire_headers(const Call& call) {
  httplib::Headers headers;
  for (auto& [name, value] : end_to_end(call.headers)) headers.emplace(name, value);
  const auto add_default = [&](const char* name, const char* value) {
    if (!call.headers.contains(name)) headers.emplace(name, value);
  };
  add_default("Accept-Encoding", is_unpacked_here(call) ? "gzip" : "identity");
  add_default("User-Agent", "holdfast/" HF_VERSION);
  return headers;
}

// httplib would call a body without a Content-Type text/plain; one from a provider is left alone.
void set_body(httplib::Request& request, const Call& call) {
  if (call.body.empty()) return;
  if (request.has_header("Content-Type")) {
    request.body = call.body;
    return;
  }
  request.content_length_ = call.body.size();
  request.content_provider_ = [&call](std::size_t offset, std::size_t length,
                                      httplib::DataSink& sink) {
    return sink.write(call.body.data() + offset, length);
  };
}

httplib::Request wire_request(const Call& call, const std::string& target) {
  httplib::Request request;
  request.method = call.method;
  request.path = target;
  request.headers = wire_headers(call);
  set_body(request, call);
  return request;
}

// httplib waits for a body after every status but 204; 304 never has one (RFC 9110 15.4.5).
void read_into(Reading& reading, std::size_t largest, httplib::Request& request,
               const std::function<void(std::size_t)>& received) {
  request.response_handler = [&reading](const httplib::Response& response) {
    if (response.status != 304) return true;
    reading.head = response;
    return false;
  };
  request.content_receiver = [&reading, &received, largest](const char* bytes, std::size_t length,
                                                            std::uint64_t, std::uint64_t) {
    reading.too_large = length > largest - reading.body.size();
    if (reading.too_large) return false;
    reading.body.append(bytes, length);
    received(reading.body.size());
    return true;
  };
}

Answer to_answer(const httplib::Response& response, std::string body, bool unpacked,
                 const Clock& clock) {
  http::Headers headers;
  for (const auto& [name, value] : response.headers) {
    headers.add(name, repair_value(name, value));
  }
  Answer answer;
  answer.status = response.status;
  if (const auto date = headers.find("Date")) answer.date = parse_http_date(std::string(*date));
  answer.headers = end_to_end(headers);
  if (unpacked) answer.headers.remove("Content-Encoding");
  answer.body = std::move(body);
  answer.received_at = clock.now();
  return answer;
}

// Kinds of errors before the whole request was written. An incomplete request is not carried out.
Loss loss_of(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
    case httplib::Error::BindIPAddress:
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts:
    case httplib::Error::SSLServerVerification:
    case httplib::Error::Write:
      return Loss::kNotSent;
    default:
      return Loss::kAnswerLost;
  }
}

std::string reason_of(httplib::Error error, bool out_of_time) {
  if (out_of_time) return "the upstream did not answer in time";
  switch (error) {
    case httplib::Error::Connection:
      return "the upstream cannot be connected to";
    case httplib::Error::ConnectionTimeout:
      return "connecting to the upstream took too long";
    case httplib::Error::SSLConnection:
      return "no TLS connection to the upstream";
    case httplib::Error::SSLLoadingCerts:
      return "the certificate authorities (ca_file) cannot be read";
    case httplib::Error::SSLServerVerification:
      return "the upstream's TLS certificate is not trusted";
    case httplib::Error::Write:
      return "the upstream closed the connection before the request was sent";
    case httplib::Error::Read:
      return "the upstream closed the connection before its answer was complete";
    default:
      return "the call to the upstream failed: " + httplib::to_string(error);
  }
}

// What ends a request line is no part of a target: another request would follow.
bool is_one_line(const std::string& target) {
  return std::ranges::none_of(
      target, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

// A filter of the configuration may have spaces.
std::string without_spaces(const std::string& target) {
  std::string encoded;
  for (const char c : target) encoded += c == ' ' ? "%20" : std::string(1, c);
  return encoded;
}

// Where a call was given up before its socket was there: what takes the socket's place cannot
// connect.
void make_useless(int socket) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing < 0) return;
  ::dup2(nothing, socket);
  ::close(nothing);
}

}  // namespace

Connection::Connection(const std::string& origin, const UpstreamOptions& options)
    : pins_(options.pins),
      client_(std::make_unique<httplib::Client>(origin)),
      connect_timeout_(std::min(options.connect_timeout, milliseconds(3'000))),
      largest_answer_(options.largest_answer) {
  if (!client_->is_valid()) throw std::invalid_argument("bad upstream URL: " + origin);
  client_->set_tcp_nodelay(true);
  client_->set_keep_alive(true);
  client_->set_follow_location(false);
  client_->set_url_encode(false);
  client_->set_socket_options([this](int socket) { keep(socket); });
  client_->set_decompress(false);
  client_->enable_server_certificate_verification(true);
  if (!options.ca_file.empty()) client_->set_ca_cert_path(options.ca_file);
  if (!pins_.empty() && client_->ssl_context() != nullptr) {
    crypto::require_pins(client_->ssl_context(), pins_);
  }
}

Connection::~Connection() {
  client_.reset();
  MutexLock lock(mutex_);
  if (socket_ >= 0) ::close(socket_);
}

void Connection::keep(int socket) {
  MutexLock lock(mutex_);
  if (aborted_) return make_useless(socket);
  if (socket_ >= 0) ::close(socket_);
  socket_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
}

Outcome Connection::send(const Call& call, const std::string& target, milliseconds timeout,
                         const Clock& clock, const std::function<void(std::size_t)>& received) {
  if (!is_one_line(target)) return Failure{Loss::kNotSent, "the request's target is malformed"};
  // The socket waits in real time, whatever clock the process is given.
  const auto began = std::chrono::steady_clock::now();
  used_ = true;
  client_->set_connection_timeout(std::min(connect_timeout_, timeout));
  client_->set_read_timeout(timeout);
  client_->set_write_timeout(timeout);

  const bool unpacked = is_unpacked_here(call);
  client_->set_decompress(unpacked);
  Reading reading;
  auto request = wire_request(call, without_spaces(target));
  read_into(reading, largest_answer_, request, received);
  httplib::Response response;
  auto error = httplib::Error::Success;
  if (client_->send(request, response, error)) {
    return to_answer(response, std::move(reading.body), unpacked, clock);
  }
  if (reading.head) return to_answer(*reading.head, "", unpacked, clock);
  if (reading.too_large) return Failure{Loss::kAnswerLost, "the upstream's answer is too large"};
  const bool late = std::chrono::steady_clock::now() - began >= timeout;
  return Failure{loss_of(error), reason_of(error, late)};
}

bool Connection::reusable() const {
  {
    MutexLock lock(mutex_);
    if (aborted_) return false;
  }
  if (client_->is_socket_open() == 0) return false;
  pollfd socket{client_->socket(), POLLIN, 0};
  return poll(&socket, 1, 0) == 0;
}

void Connection::abort() {
  MutexLock lock(mutex_);
  aborted_ = true;
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

}  // namespace holdfast::upstream
