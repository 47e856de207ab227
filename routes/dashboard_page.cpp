#include "routes/dashboard_page.h"

#include "gateway/crypto/digest.h"

namespace holdfast::routes {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

const char* type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/javascript; charset=utf-8";
}

// If-None-Match compares weakly (RFC 9110 13.1.2).
bool is_known(const http::Request& request, std::string_view tag) {
  for (std::string_view known : request.headers.list("If-None-Match")) {
    if (known.starts_with("W/")) known.remove_prefix(2);
    if (known == tag || known == "*") return true;
  }
  return false;
}

}  // namespace

DashboardPage::DashboardPage() {
  for (const auto& [name, content] : dashboard_files()) {
    const std::string digest = crypto::sha256_hex(content).substr(0, 32);
    assets_.emplace(name, Asset{content, type_of(name), '"' + digest + '"'});
  }
}

http::Response DashboardPage::file(const std::string& name, const http::Request& request) const {
  const auto found = assets_.find(name);
  if (found == assets_.end()) {
    return http::json_response(404, R"({"message":"there is no such file of the dashboard"})");
  }
  const Asset& asset = found->second;
  http::Response response;
  response.headers = {{"Content-Type", asset.type},
                      {"ETag", asset.tag},
                      // Asked each time, so that page and scripts are of one version.
                      {"Cache-Control", "no-cache"},
                      {"Vary", "Accept"},
                      {"Content-Security-Policy", kPolicy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"X-Frame-Options", "DENY"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}};
  if (is_known(request, asset.tag)) {
    response.status = 304;
  } else {
    response.body = asset.content;
  }
  return response;
}

bool DashboardPage::wants_page(const http::Request& request) {
  for (const std::string_view accepted : request.headers.list("Accept")) {
    if (http::equals_ignoring_case(accepted.substr(0, accepted.find(';')), "text/html"))
      return true;
  }
  return false;
}

}  // namespace holdfast::routes
