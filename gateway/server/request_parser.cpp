#include "gateway/server/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace holdfast::server {
namespace {

namespace beast_http = boost::beast::http;

// A length that a client merely claims reserves no more than this.
constexpr std::uint64_t kReservedBody = 1024 * 1024;

Refusal describe(const boost::beast::error_code& code) {
  using beast_http::error;
  if (code == error::body_limit) return {413, "the request body is too large"};
  if (code == error::bad_version) return {400, "the request line is malformed"};
  if (code == error::bad_content_length || code == error::multiple_content_length) {
    return {400, "Content-Length is malformed, contradictory or beside Transfer-Encoding"};
  }
  if (code == error::bad_transfer_encoding) {
    return {400, "Transfer-Encoding is given twice or beside Content-Length"};
  }
  if (code == error::bad_chunk || code == error::bad_chunk_extension) {
    return {400, "the chunked request body is malformed"};
  }
  if (code == error::bad_field) return {400, "a header name is malformed"};
  if (code == error::bad_value) return {400, "a header value is malformed"};
  return {400, "the request is malformed"};
}

std::optional<std::size_t> scheme_length(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (http::equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  }
  return std::nullopt;
}

}  // namespace

RequestParser::RequestParser(std::size_t head_limit, std::uint64_t most_body) {
  header_limit(static_cast<std::uint32_t>(head_limit));
  body_limit(most_body);
}

std::optional<Refusal> RequestParser::parse_head(std::string_view head) {
  ErrorCode error;
  put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (refusal_) return refusal_;
  const bool too_large = error == beast_http::error::body_limit;
  if (error && !too_large) return describe(error);
  if (auto refusal = check_head()) return refusal;
  if (too_large) return describe(error);
  in_trailer_ = true;
  eager(true);
  return std::nullopt;
}

std::optional<Refusal> RequestParser::parse_body(std::string_view bytes, std::size_t& used) {
  ErrorCode error;
  used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (!error || error == beast_http::error::need_more) return std::nullopt;
  return describe(error);
}

void RequestParser::on_request_impl(beast_http::verb, View method, View target, int version,
                                    ErrorCode&) {
  request_.method.assign(method.data(), method.size());
  request_.target.assign(target.data(), target.size());
  version_ = version;
}

void RequestParser::on_field_impl(Field field, View name, View value, ErrorCode& ec) {
  // Trailer fields are dropped: merged, they could change what was decided on the header.
  if (in_trailer_) return;
  check_field(field, value);
  if (refusal_) {
    ec = beast_http::error::bad_field;
    return;
  }
  request_.headers.add(std::string(name), std::string(value));
}

void RequestParser::check_field(Field field, std::string_view value) {
  switch (field) {
    case Field::host:
      ++hosts_;
      break;
    case Field::content_length:
      // Beast accepts "5, 5" and a repeated line.
      if (++lengths_ > 1 || value.find(',') != std::string_view::npos) {
        refusal_ = {400, "Content-Length is given twice"};
      }
      break;
    case Field::transfer_encoding:
      ++codings_;
      if (!http::equals_ignoring_case(value, "chunked")) {
        refusal_ = {501, "no transfer coding but chunked is known here"};
      }
      break;
    case Field::expect:
      expects_continue_ = http::equals_ignoring_case(value, "100-continue");
      if (!expects_continue_) refusal_ = {417, "no expectation but 100-continue is known here"};
      break;
    default:
      break;
  }
}

std::optional<Refusal> RequestParser::check_head() {
  if (lengths_ > 0 && codings_ > 0) {
    return Refusal{400, "Content-Length and Transfer-Encoding must not come together"};
  }
  if (is_http_1_0() && codings_ > 0) {
    return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
  }
  if (hosts_ > 1) return Refusal{400, "Host is given twice"};
  if (hosts_ == 0 && !is_http_1_0()) return Refusal{400, "Host is missing"};
  if (is_http_1_0()) expects_continue_ = false;
  return reduce_target();
}

std::optional<Refusal> RequestParser::reduce_target() {
  auto& target = request_.target;
  if (target.front() == '/') return std::nullopt;
  if (target == "*" && request_.method == "OPTIONS") return std::nullopt;
  const auto scheme = scheme_length(target);
  if (!scheme) return Refusal{400, "the request target must begin with a slash"};
  const auto path = std::min(target.find_first_of("/?", *scheme), target.size());
  const auto authority = target.substr(*scheme, path - *scheme);
  if (authority.empty() || authority.find('@') != std::string::npos) {
    return Refusal{400, "the request target is malformed"};
  }
  // The target's authority wins over Host (RFC 9112 3.2.2), and so is what gets checked.
  request_.headers.set("Host", authority);
  target.erase(0, path);
  if (target.empty() || target.front() == '?') target.insert(0, 1, '/');
  return std::nullopt;
}

void RequestParser::on_header_impl(ErrorCode&) {}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
  if (length) request_.body.reserve(static_cast<std::size_t>(std::min(*length, kReservedBody)));
}

std::size_t RequestParser::on_body_impl(View body, ErrorCode&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, ErrorCode&) {
  request_.body.append(body.data(), body.size());
  return body.size();
}

}  // namespace holdfast::server
