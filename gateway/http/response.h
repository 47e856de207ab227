#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/http/headers.h"
#include "gateway/http/request.h"

namespace holdfast::http {

class Stream;
class WebSocket;

// One answer, complete but for a stream. The listener adds framing, Date, Connection and CORS
// lines, and sends no body for HEAD, 204 and 304.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::shared_ptr<Stream> stream = nullptr;  // what follows the body, as it comes
  // With status 101, to a request that asked for one: what the connection becomes.
  std::shared_ptr<WebSocket> web_socket = nullptr;
};

// An answer with a JSON body.
Response json_response(int status, std::string body);

// The reason phrase of RFC 9110 for `status`; "Unknown" for codes without one.
std::string_view reason_phrase(int status);

// Takes the answer; called exactly once, on any thread. It outlives the connection: an answer to
// a peer that has gone is dropped.
using Respond = std::function<void(Response)>;

// What the listener gives each request to.
//
// handle() runs on an I/O thread and must not wait for the network, the writer or a long query:
// it answers at once, or keeps `respond` and answers later from another thread.
// Thread-safe.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(Request request, Respond respond) = 0;
};

}  // namespace holdfast::http
