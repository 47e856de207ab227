#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace holdfast::tray {

// Cuts a stream of server-sent events into events, however its bytes arrive in pieces.
// One thread at a time: whoever feeds it.
class EventParser {
 public:
  using Tell = std::function<void(const std::string& name, const std::string& data)>;

  // `tell` is called for each whole event that has data; comments and retry times are left out.
  explicit EventParser(Tell tell) : tell_(std::move(tell)) {}

  void feed(std::string_view bytes);

 private:
  void take_line(std::string_view line);

  const Tell tell_;
  std::string rest_;  // a line that has not ended
  std::string name_;
  std::string data_;
};

}  // namespace holdfast::tray
