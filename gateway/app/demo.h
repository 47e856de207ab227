#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "gateway/app/app.h"

namespace holdfast::app {

// A gateway with an upstream of its own in the same process, sample tables and rows, and a link
// between the two that can be switched. It keeps its data in a temporary folder that goes with it.
//
// One thread at a time: the main thread; set_link() and link_on() from any.
class Demo {
 public:
  explicit Demo(std::shared_ptr<Logger> logger);
  ~Demo();

  // Takes the usual ports, or free ones where they are taken.
  void start();
  void stop();

  // Also POST /demo/online and /demo/offline.
  void set_link(bool on) { link_on_ = on; }
  bool link_on() const { return link_on_; }

  std::string url() const { return gateway_->url(); }
  std::string dashboard_link() { return gateway_->dashboard_link(); }
  const std::string& key() const { return key_; }

 private:
  void start_upstream();
  void start_gateway();
  std::optional<http::Response> answer(const http::Request& request);

  const std::shared_ptr<Logger> logger_;
  const std::string key_;
  std::string folder_;
  std::atomic<bool> link_on_{true};
  std::unique_ptr<App> upstream_;
  std::unique_ptr<App> gateway_;
};

}  // namespace holdfast::app
