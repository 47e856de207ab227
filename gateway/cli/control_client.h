#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/base/result.h"
#include "gateway/cli/common.h"

namespace holdfast::cli {

// The control surface of a data folder: of the gateway that runs there, else of one of our own that
// listens to nobody and is closed with this.
//
// Thread-safe.
class ControlClient {
 public:
  // An error where there is no such folder, or its gateway is starting. Throws what App::open()
  // throws.
  static Result<ControlClient> open(const CommonOptions& options);
  ~ControlClient();
  ControlClient(ControlClient&&) noexcept;

  // One request with `body` (JSON), for as long as its answer takes. The answer's body; an error
  // with the gateway's words when it refuses.
  Result<std::string> ask(const std::string& method, const std::string& target,
                          const std::string& body = "") const;
  // Of the gateway that runs; empty where none does.
  const std::string& url() const { return url_; }

 private:
  class Gateway;
  class Running;
  class Own;
  ControlClient(std::unique_ptr<Gateway> gateway, std::string url);

  std::unique_ptr<Gateway> gateway_;
  std::string url_;
};

// A single request of it.
Result<std::string> ask_gateway(const CommonOptions& options, const std::string& method,
                                const std::string& target, const std::string& body = "");

}  // namespace holdfast::cli
