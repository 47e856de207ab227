// Our own listener with a handler that always gives the same 200 bytes: what HTTP alone costs.
// Prints "ready http://127.0.0.1:PORT" and serves until its standard input ends.

#include <iostream>

#include "gateway/server/listener.h"

namespace {

class ConstantAnswer final : public holdfast::http::Handler {
 public:
  void handle(holdfast::http::Request, holdfast::http::Respond respond) override {
    respond(holdfast::http::json_response(200, body_));
  }

 private:
  const std::string body_ = "[\"" + std::string(196, 'x') + "\"]";
};

}  // namespace

int main() {
  ConstantAnswer answer;
  holdfast::server::ListenerOptions options;
  options.port = 0;
  holdfast::server::Listener listener(options, answer, holdfast::silent_logger());
  listener.start();
  std::cout << "ready http://127.0.0.1:" << listener.port() << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  listener.stop();
}
