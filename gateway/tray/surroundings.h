#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/tray/face.h"
#include "gateway/tray/gateway_place.h"
#include "gateway/tray/notices.h"

namespace holdfast::tray {

// The desktop that shows the tray.
// One thread at a time: the one of the tray.
class Desktop {
 public:
  virtual ~Desktop() = default;
  virtual void show(const Face& face) = 0;
  virtual void notify(const Notice& notice) = 0;
  // Opens the address in the person's browser.
  virtual void open(const std::string& url) = 0;
  virtual void quit() = 0;
};

// Requests to a gateway's control surface. Nothing waits: what comes is told later, by the same
// thread.
// One thread at a time: the one of the tray.
class GatewayLink {
 public:
  using Heard = std::function<void(std::string_view bytes)>;
  using Ended = std::function<void()>;
  using Answered = std::function<void(Result<std::string> body)>;

  virtual ~GatewayLink() = default;
  // GET /events until stop_listening() or the stream's own end, which `ended` tells. One stream at
  // a time.
  virtual void listen(const GatewayPlace& place, Heard heard, Ended ended) = 0;
  // Nothing is told of the stream any more.
  virtual void stop_listening() = 0;
  virtual void post(const GatewayPlace& place, const std::string& path, Answered answered) = 0;
};

// A gateway that the tray itself runs.
// One thread at a time: the one of the tray.
class GatewayProcess {
 public:
  virtual ~GatewayProcess() = default;
  virtual void start() = 0;
  virtual bool running() const = 0;
  // Lets it end in peace, and waits for that.
  virtual void stop() = 0;
  // The last line that it said before it ended; empty where it said nothing.
  virtual std::string last_words() const = 0;
};

}  // namespace holdfast::tray
