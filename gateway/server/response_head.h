#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "gateway/http/response.h"

namespace holdfast::server {

// What the header of an answer depends on besides the answer.
struct AnswerContext {
  bool to_head = false;           // the request was a HEAD
  bool http_1_0 = false;          // it came in HTTP/1.0
  bool keep_alive = true;         // the connection stays open
  bool from_handler = true;       // else the listener's own, whose CORS lines stay
  bool streams = false;           // more follows: no length is known
  bool varies_by_origin = false;  // a page that may not read it sent an Origin
  std::string_view origin;        // of a page that may read it; empty: no CORS lines
  std::string_view date;          // an HTTP date
};

// Whether the answer's body is sent at all.
bool sends_body(const http::Response& answer, bool to_head);

// Appends the status line and all header lines with the empty line that ends them. The handler's
// lines keep their order; those about framing and CORS are the listener's alone, and one with a
// line break, or with a name that is none, is left out.
void append_head(std::string& out, const http::Response& answer, const AnswerContext& context);

// `piece` as a chunk of a body (RFC 9112 7.1); "" for an empty one, which would end the body.
std::string chunk_of(std::string_view piece);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// The HTTP date of now, formatted once a second.
// One thread at a time: the I/O thread's.
class DateLine {
 public:
  std::string_view now();

 private:
  std::time_t second_ = 0;
  std::string text_;
};

}  // namespace holdfast::server
