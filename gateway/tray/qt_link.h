#pragma once

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QPointer>

#include "gateway/tray/surroundings.h"

namespace holdfast::tray {

// The control surface over HTTP, never by a proxy: the token is for this machine alone.
// One thread at a time: the GUI's.
class QtLink final : public GatewayLink {
 public:
  QtLink();
  ~QtLink() override { stop_listening(); }

  void listen(const GatewayPlace& place, Heard heard, Ended ended) override;
  void stop_listening() override;
  void post(const GatewayPlace& place, const std::string& path, Answered answered) override;

 private:
  QNetworkAccessManager network_;
  QPointer<QNetworkReply> stream_;
};

}  // namespace holdfast::tray
