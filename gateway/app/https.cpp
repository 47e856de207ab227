#include "gateway/app/https.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "gateway/app/data_folder.h"
#include "gateway/config/config.h"
#include "gateway/server/host_check.h"
#include "gateway/server/listener.h"

namespace holdfast::app {
namespace {

// Often, because a machine that slept does not count the time.
constexpr std::chrono::milliseconds kRenewal{60'000};

// "abcd.localhost" of "https://abcd.supabase.co": supabase-js names a session after the first label
// of its host. Empty where that is none, as of an address.
std::string local_name_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return "";
  const std::string host = url.substr(scheme + 3, url.find_first_of(":/", scheme + 3) - scheme - 3);
  const std::string label = host.substr(0, host.find('.'));
  // Not every name of a machine is one that a certificate may have.
  const bool is_name =
      host.find_first_not_of("0123456789.") != std::string::npos &&
      std::ranges::all_of(label, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
  return is_name && label != "localhost" ? label + ".localhost" : "";
}

// As it stands in a URL (RFC 3986 3.2).
std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::unique_ptr<certs::ServerTls> tls_of(const config::Config& config,
                                         const certs::LocalAuthority& authority,
                                         const Clock& clock) {
  if (config.listener.tls_host.empty()) return nullptr;
  const auto& own = config.certificates;
  if (own.certificate_file.empty()) {
    return std::make_unique<certs::ServerTls>(authority.certificate_file(),
                                              authority.certificate_file(), clock);
  }
  const std::string& key = own.key_file.empty() ? own.certificate_file : own.key_file;
  return std::make_unique<certs::ServerTls>(own.certificate_file, key, clock);
}

}  // namespace

certs::CertificateOptions certificate_options(const config::Config& config) {
  certs::CertificateOptions options = config.certificates;
  if (options.folder.empty()) options.folder = data_folder_of(config) + "/certs";
  // It is told to people and to other programs.
  options.folder = std::filesystem::absolute(options.folder).lexically_normal().string();
  if (const auto name = local_name_of(config.upstream.url); !name.empty()) {
    options.names.push_back(name);
  }
  const auto& hosts = config.listener.hosts;
  options.names.insert(options.names.end(), hosts.begin(), hosts.end());
  return options;
}

void check_listeners(const server::ListenerOptions& options) {
  if (!server::is_loopback_host(options.host)) {
    throw server::StartupError("[server] listen = \"" + options.host +
                               "\": other machines get in by HTTPS only; listen on 127.0.0.1, and "
                               "say where by [tls] listen");
  }
  const bool is_open = !options.tls_host.empty() && !server::is_loopback_host(options.tls_host);
  if (is_open && options.hosts.empty()) {
    throw server::StartupError("[tls] listen = \"" + options.tls_host +
                               "\": an address that other machines reach needs the names that they "
                               "use, in [server] hosts");
  }
}

std::string http_address(const std::string& host, std::uint16_t port) {
  return "http://" + host_and_port(host, port);
}

std::string https_address(const std::string& host, std::uint16_t port) {
  if (port == 0) return "";
  return "https://" + host_and_port(server::is_loopback_host(host) ? "localhost" : host, port);
}

Https::Https(const config::Config& config, const Clock& clock, std::shared_ptr<Logger> logger)
    : own_file_(config.certificates.certificate_file),
      logger_(std::move(logger)),
      authority_(certificate_options(config), clock),
      tls_(tls_of(config, authority_, clock)),
      renewal_(
          "certificate_renewal", kRenewal, [this] { renew(); }, logger_) {}

void Https::start() {
  if (!tls_) return;
  if (own_file_.empty()) {
    if (authority_.init()) logger_->info("certificate_made names={}", authority_.names().size());
    renew();
  }
  if (const auto loaded = tls_->load(); !loaded) {
    throw server::StartupError("[tls] " + loaded.error().message);
  }
  if (own_file_.empty()) renewal_.start();
}

// The listener takes it up by itself.
void Https::renew() {
  const std::string reason = authority_.renewal_reason();
  if (reason.empty()) return;
  if (const auto renewed = authority_.renew_if_due(); !renewed) {
    logger_->error("certificate_not_renewed reason=\"{}\" error=\"{}\"", reason,
                   renewed.error().message);
  } else {
    logger_->info("certificate_renewed reason=\"{}\"", reason);
  }
}

}  // namespace holdfast::app
