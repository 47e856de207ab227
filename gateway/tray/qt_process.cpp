#include "gateway/tray/qt_process.h"

#include <iostream>

namespace holdfast::tray {
namespace {

// It answers what is in flight and ends within 5 s.
constexpr int kStopMilliseconds = 6'000;
constexpr std::string_view kOwnName = "holdfast: ";

}  // namespace

QtProcess::QtProcess(const std::vector<std::string>& command) {
  QStringList arguments;
  for (std::size_t i = 1; i < command.size(); ++i) arguments << QString::fromStdString(command[i]);
  process_.setProgram(QString::fromStdString(command.front()));
  process_.setArguments(arguments);
  process_.setStandardOutputFile(QProcess::nullDevice());
  QObject::connect(&process_, &QProcess::readyReadStandardError, &process_, [this] { hear(); });
  QObject::connect(&process_, &QProcess::errorOccurred, &process_,
                   [this](QProcess::ProcessError error) {
                     if (error != QProcess::FailedToStart) return;
                     last_words_ = process_.program().toStdString() + " cannot be run";
                   });
}

void QtProcess::start() {
  last_words_.clear();
  process_.start();
}

void QtProcess::stop() {
  if (!running()) return;
  process_.terminate();
  if (process_.waitForFinished(kStopMilliseconds)) return;
  process_.kill();
  process_.waitForFinished(kStopMilliseconds);
}

void QtProcess::hear() {
  const std::string said = process_.readAllStandardError().toStdString();
  std::cerr << said << std::flush;
  std::string_view rest = said;
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  std::string_view line = rest.substr(rest.rfind('\n') + 1);
  if (line.starts_with(kOwnName)) line.remove_prefix(kOwnName.size());
  if (!line.empty()) last_words_ = line;
}

}  // namespace holdfast::tray
