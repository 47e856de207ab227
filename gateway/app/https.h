#pragma once

#include <memory>
#include <string>

#include "certs/local_authority.h"
#include "certs/server_tls.h"
#include "gateway/base/logging.h"
#include "gateway/base/periodic_task.h"
#include "gateway/server/options.h"

namespace holdfast::config {
struct Config;
}

namespace holdfast::app {

// What `holdfast certs` and the gateway take for settings: those of the configuration, with the
// folder below the data folder and the names that apps use.
certs::CertificateOptions certificate_options(const config::Config& config);

// Throws server::StartupError for addresses that this gateway must not listen on: other machines
// get in by HTTPS only, and by names that a person has listed.
void check_listeners(const server::ListenerOptions& options);
// The URL of plain HTTP on `host`, a name or an address.
std::string http_address(const std::string& host, std::uint16_t port);
// The URL of HTTPS on `host`, by a name that the certificate is for; empty for port 0, no HTTPS.
std::string https_address(const std::string& host, std::uint16_t port);

// The certificates of a gateway's HTTPS, made and renewed while it runs. Does nothing where the
// configuration asks for no HTTPS.
// Thread-safe once constructed.
class Https {
 public:
  // `clock` must outlive it.
  Https(const config::Config& config, const Clock& clock, std::shared_ptr<Logger> logger);

  // For the listener; null where there is no HTTPS.
  certs::ServerTls* tls() { return tls_.get(); }
  // Makes what is missing and reads it. Throws server::StartupError.
  void start();
  void stop() { renewal_.stop(); }

 private:
  void renew();

  const std::string own_file_;
  const std::shared_ptr<Logger> logger_;
  certs::LocalAuthority authority_;
  std::unique_ptr<certs::ServerTls> tls_;
  PeriodicTask renewal_;
};

}  // namespace holdfast::app
