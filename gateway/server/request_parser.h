#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <string_view>

#include "gateway/http/request.h"
#include "gateway/server/refusal.h"

namespace holdfast::server {

// Beast's parser, filling an http::Request directly, with the rules that Beast leaves open: one
// Host, no transfer coding but chunked, one way to tell the body's length, an origin-form target.
// One thread at a time: the connection's.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  RequestParser(std::size_t head_limit, std::uint64_t body_limit);

  // Takes a complete head as HeadScanner delimits it; nullopt when the request can go on.
  // After a refusal request() holds what was read until then.
  std::optional<Refusal> parse_head(std::string_view head);

  // Takes what it can of `bytes`; `used` says how much. Call until is_done().
  std::optional<Refusal> parse_body(std::string_view bytes, std::size_t& used);

  http::Request& request() { return request_; }
  bool is_http_1_0() const { return version_ == 10; }
  // The client waits for 100 before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  bool wants_keep_alive() const { return is_header_done() && keep_alive(); }

 private:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;
  using Field = boost::beast::http::field;

  void on_request_impl(boost::beast::http::verb, View method, View target, int version,
                       ErrorCode& ec) override;
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(Field field, View name, View value, ErrorCode& ec) override;
  void on_header_impl(ErrorCode& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& ec) override;
  std::size_t on_body_impl(View body, ErrorCode& ec) override;
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, ErrorCode& ec) override;
  void on_finish_impl(ErrorCode&) override {}

  void check_field(Field field, std::string_view value);
  std::optional<Refusal> check_head();
  std::optional<Refusal> reduce_target();

  http::Request request_;
  std::optional<Refusal> refusal_;
  int version_ = 11;
  int hosts_ = 0;
  int lengths_ = 0;
  int codings_ = 0;
  bool expects_continue_ = false;
  bool in_trailer_ = false;
};

}  // namespace holdfast::server
