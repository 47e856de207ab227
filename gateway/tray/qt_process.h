#pragma once

#include <QProcess>
#include <string>
#include <vector>

#include "gateway/tray/surroundings.h"

namespace holdfast::tray {

// A gateway as a child of the tray; what it logs goes where the tray's own words go.
// One thread at a time: the GUI's.
class QtProcess final : public GatewayProcess {
 public:
  explicit QtProcess(const std::vector<std::string>& command);
  ~QtProcess() override { QtProcess::stop(); }

  void start() override;
  bool running() const override { return process_.state() != QProcess::NotRunning; }
  void stop() override;
  std::string last_words() const override { return last_words_; }

 private:
  void hear();

  QProcess process_;
  std::string last_words_;
};

}  // namespace holdfast::tray
