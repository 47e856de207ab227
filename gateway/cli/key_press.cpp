#include "gateway/cli/key_press.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <memory>

namespace holdfast::cli {

struct KeyPress::Terminal {
  termios before{};
  int wake[2] = {-1, -1};  // a pipe: its closing ends the thread
};

KeyPress::KeyPress(std::function<void(char)> pressed) {
  auto terminal = std::make_unique<Terminal>();
  if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &terminal->before) != 0 ||
      pipe(terminal->wake) != 0) {
    return;
  }
  termios unbuffered = terminal->before;
  unbuffered.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
  tcsetattr(STDIN_FILENO, TCSANOW, &unbuffered);
  terminal_ = std::move(terminal);
  thread_ = std::thread([wake = terminal_->wake[0], pressed = std::move(pressed)] {
    for (;;) {
      pollfd events[2] = {{STDIN_FILENO, POLLIN, 0}, {wake, POLLIN, 0}};
      if (poll(events, 2, -1) < 0 || events[1].revents != 0) return;
      char key = 0;
      if (read(STDIN_FILENO, &key, 1) != 1) return;
      pressed(key);
    }
  });
}

KeyPress::~KeyPress() {
  if (!terminal_) return;
  close(terminal_->wake[1]);
  thread_.join();
  close(terminal_->wake[0]);
  tcsetattr(STDIN_FILENO, TCSANOW, &terminal_->before);
}

}  // namespace holdfast::cli
