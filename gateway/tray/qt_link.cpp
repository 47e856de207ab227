#include "gateway/tray/qt_link.h"

#include <QNetworkProxy>
#include <QNetworkReply>
#include <nlohmann/json.hpp>

namespace holdfast::tray {
namespace {

// POST /sync answers when everything was tried, which may take a while.
constexpr int kPatienceMilliseconds = 120'000;

QNetworkRequest request_to(const GatewayPlace& place, const std::string& path) {
  QNetworkRequest request{QUrl(QString::fromStdString(place.url + path))};
  request.setRawHeader("Authorization", QByteArray::fromStdString("Bearer " + place.control_token));
  request.setAttribute(QNetworkRequest::RedirectPolicyAttribute,
                       QNetworkRequest::ManualRedirectPolicy);
  return request;
}

int status_of(const QNetworkReply& reply) {
  return reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
}

Result<std::string> answer_of(QNetworkReply& reply) {
  const std::string body = reply.readAll().toStdString();
  const int status = status_of(reply);
  if (status >= 200 && status < 300) return body;
  if (status == 0) return upstream_unavailable("The gateway does not answer.");
  const auto error = nlohmann::json::parse(body, nullptr, false);
  if (error.is_object() && error.contains("message") && error["message"].is_string()) {
    return upstream_unavailable(error["message"].get<std::string>());
  }
  return upstream_unavailable("The gateway answered " + std::to_string(status) + ".");
}

}  // namespace

QtLink::QtLink() { network_.setProxy(QNetworkProxy::NoProxy); }

void QtLink::listen(const GatewayPlace& place, Heard heard, Ended ended) {
  stop_listening();
  QNetworkReply* reply = network_.get(request_to(place, "/events"));
  stream_ = reply;
  QObject::connect(reply, &QNetworkReply::readyRead, reply, [reply, heard = std::move(heard)] {
    const QByteArray bytes = reply->readAll();
    if (status_of(*reply) == 200)
      heard(std::string_view(bytes.constData(), std::size_t(bytes.size())));
  });
  QObject::connect(reply, &QNetworkReply::finished, reply, [reply, ended = std::move(ended)] {
    reply->deleteLater();
    ended();
  });
}

void QtLink::stop_listening() {
  if (!stream_) return;
  QNetworkReply* reply = stream_;
  stream_.clear();
  reply->disconnect();
  reply->abort();
  reply->deleteLater();
}

void QtLink::post(const GatewayPlace& place, const std::string& path, Answered answered) {
  QNetworkRequest request = request_to(place, path);
  request.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
  request.setTransferTimeout(kPatienceMilliseconds);
  QNetworkReply* reply = network_.post(request, QByteArray());
  QObject::connect(reply, &QNetworkReply::finished, reply, [reply, answered = std::move(answered)] {
    reply->deleteLater();
    answered(answer_of(*reply));
  });
}

}  // namespace holdfast::tray
