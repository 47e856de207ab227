#include "gateway/server/head_scanner.h"

namespace holdfast::server {
namespace {

constexpr std::size_t kLeadingEmptyLineBytes = 8;
// The method, the version and the spaces of a request line; no method is nearly so long.
constexpr std::size_t kRequestLineExtra = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool starts_a_method(char c) { return c > ' ' && c < 0x7f; }

bool is_version(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

}  // namespace

HeadScanner::State HeadScanner::refuse(int status, std::string_view message) {
  refusal_ = {status, message};
  return State::kRefused;
}

HeadScanner::State HeadScanner::scan(std::string_view received) {
  for (;;) {
    const auto feed = received.find('\n', scanned_);
    if (feed == std::string_view::npos) {
      scanned_ = received.size();
      return check_open_line(received.substr(line_start_));
    }
    auto line = received.substr(line_start_, feed - line_start_);
    if (line.empty() || line.back() != '\r') {
      return refuse(400, "lines of a request must end in CR LF");
    }
    line.remove_suffix(1);
    line_start_ = scanned_ = feed + 1;
    if (const auto state = end_line(line); state != State::kIncomplete) return state;
  }
}

HeadScanner::State HeadScanner::end_line(std::string_view line) {
  if (lines_ == 0) return end_request_line(line);
  if (line.empty()) return State::kComplete;
  if (line.front() == ' ' || line.front() == '\t') {
    return refuse(400, "folded header lines are not accepted");
  }
  if (lines_ > limits_.lines) return refuse(431, "the request has too many header lines");
  if (line_start_ - headers_start_ > limits_.headers) {
    return refuse(431, "the header of the request is too large");
  }
  ++lines_;
  return State::kIncomplete;
}

HeadScanner::State HeadScanner::end_request_line(std::string_view line) {
  if (line.empty() && line_start_ <= kLeadingEmptyLineBytes) {
    begin_ = line_start_;
    return State::kIncomplete;
  }
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !starts_a_method(line.front())) {
    return refuse(400, "the request line is malformed");
  }
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (first > kRequestLineExtra - 16 || target.find(' ') != std::string_view::npos ||
      !is_version(version)) {
    return refuse(400, "the request line is malformed");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  if (target.size() > limits_.target) return refuse(414, "the request target is too long");
  headers_start_ = line_start_;
  lines_ = 1;
  return State::kIncomplete;
}

HeadScanner::State HeadScanner::check_open_line(std::string_view line) {
  if (lines_ > 0) {
    if (scanned_ - headers_start_ > limits_.headers) {
      return refuse(431, "the header of the request is too large");
    }
    return State::kIncomplete;
  }
  // A peer that speaks something else, TLS for one, would wait for the time-out.
  if (!line.empty() && line.front() != '\r' && !starts_a_method(line.front())) {
    return refuse(400, "this is not an HTTP request");
  }
  if (line.size() > limits_.target + kRequestLineExtra) {
    return refuse(414, "the request target is too long");
  }
  return State::kIncomplete;
}

}  // namespace holdfast::server
