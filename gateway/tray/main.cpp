#include <QApplication>
#include <QSocketNotifier>
#include <QTimer>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#ifndef _WIN32
#include <unistd.h>
#endif

#include "gateway/tray/options.h"
#include "gateway/tray/qt_desktop.h"
#include "gateway/tray/qt_link.h"
#include "gateway/tray/qt_process.h"

namespace holdfast::tray {
namespace {

constexpr int kTickMilliseconds = 500;

#ifndef _WIN32
int signal_pipe[2] = {-1, -1};

void note_signal(int) {
  const char byte = 0;
  // Nothing can be done where even this fails.
  if (::write(signal_pipe[1], &byte, 1) < 0) return;
}

// SIGTERM and SIGINT end the program as the menu does: a gateway that was started here ends too.
void quit_on_signals(QApplication& application) {
  if (::pipe(signal_pipe) != 0) return;
  auto* notifier = new QSocketNotifier(signal_pipe[0], QSocketNotifier::Read, &application);
  QObject::connect(notifier, &QSocketNotifier::activated, &application, &QApplication::quit);
  std::signal(SIGTERM, note_signal);
  std::signal(SIGINT, note_signal);
}
#else
void quit_on_signals(QApplication&) {}
#endif

LoginItem::Environment environment() {
  LoginItem::Environment found;
  for (const char* name : {"HOME", "XDG_CONFIG_HOME", "APPDATA"}) {
    if (const char* value = std::getenv(name)) found[name] = value;
  }
  return found;
}

// Qt would end the process with a core dump.
bool has_display() {
#ifdef __linux__
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return true;
  }
  return false;
#else
  return true;
#endif
}

std::string gateway_beside(const std::string& tray) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::weakly_canonical(tray, error);
  const std::filesystem::path beside = own.parent_path() / "holdfast";
  return std::filesystem::exists(beside, error) ? beside.string() : "holdfast";
}

int run(QApplication& application, const Arguments& arguments) {
  quit_on_signals(application);
  QApplication::setQuitOnLastWindowClosed(false);
  const SystemClock clock;
  LoginItem login(this_platform(), environment(), login_command(arguments));
  QtLink link;
  QtProcess process(gateway_command(arguments));
  Tray* running = nullptr;
  QtDesktop desktop([&running](Command command) { running->run(command); });
  Tray tray(arguments.tray, desktop, link, process, login, clock);
  running = &tray;
  QTimer timer;
  QObject::connect(&timer, &QTimer::timeout, &application, [&tray] { tray.tick(); });
  QObject::connect(&application, &QApplication::aboutToQuit, &application,
                   [&tray] { tray.stop(); });
  timer.start(kTickMilliseconds);
  tray.tick();
  return QApplication::exec();
}

int fail(const std::string& message) {
  std::cerr << "holdfast-tray: " << message << '\n';
  return 1;
}

}  // namespace
}  // namespace holdfast::tray

int main(int argc, char** argv) {
  using namespace holdfast::tray;
  auto arguments = parse_arguments({argv + 1, argv + argc});
  if (!arguments) return fail(arguments.error().message);
  if (arguments->wish == Arguments::Wish::kHelp) return std::cout << usage(), 0;
  if (arguments->wish == Arguments::Wish::kVersion) return std::cout << HF_VERSION "\n", 0;
  if (arguments->tray.data_folder.empty()) return fail("no data folder; see --help");
  if (!has_display()) return fail("there is no desktop to show it on: DISPLAY is not set");
  const OneTray one(arguments->tray.data_folder);
  if (!one.first()) return fail("a tray runs on this data folder already");
  QApplication application(argc, argv);
  if (arguments->gateway.empty()) {
    arguments->gateway = gateway_beside(QApplication::applicationFilePath().toStdString());
  }
  QApplication::setApplicationName("holdfast-tray");
  QApplication::setApplicationDisplayName("Holdfast");
  QApplication::setDesktopFileName("holdfast-tray");
  QApplication::setApplicationVersion(HF_VERSION);
  return run(application, *arguments);
}
