#pragma once

#include <functional>
#include <thread>

namespace holdfast::cli {

// Tells each key that is pressed on the terminal, without waiting for a line's end, until
// destruction; does nothing where stdin is no terminal.
class KeyPress {
 public:
  // `pressed` runs on a thread of its own.
  explicit KeyPress(std::function<void(char)> pressed);
  ~KeyPress();
  KeyPress(const KeyPress&) = delete;
  KeyPress& operator=(const KeyPress&) = delete;

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;
  std::thread thread_;
};

}  // namespace holdfast::cli
