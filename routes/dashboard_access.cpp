#include "routes/dashboard_access.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/random.h"
#include "gateway/http/json.h"
#include "routes/control.h"
#include "routes/error_response.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

Error refusal(const char* code, std::string words) {
  return {ErrorKind::kUnauthorized, code, std::move(words), std::nullopt, std::nullopt};
}

std::string origin_of(const http::Request& request) {
  const std::string host(request.headers.find("Host").value_or("127.0.0.1"));
  return (request.secure ? "https://" : "http://") + host;
}

}  // namespace

DashboardAccess::DashboardAccess(std::string control_token, const Clock& clock)
    : token_(std::move(control_token)), clock_(clock) {}

std::string DashboardAccess::make_link(const std::string& origin) {
  // In the fragment: it reaches no server, log or Referer.
  return origin + "/#code=" + issue();
}

http::Response DashboardAccess::answer_link(const http::Request& request) {
  const json link = {
      {"url", make_link(origin_of(request))},
      {"expires_in_s", std::chrono::duration_cast<std::chrono::seconds>(kLifetime).count()}};
  auto response = http::json_response(200, http::print_json(link));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response DashboardAccess::open_session(const http::Request& request) {
  if (!request.from_loopback || !same_origin(request)) {
    return error_response(
        refusal("HF403", "The dashboard is for this machine and its own pages only"));
  }
  const auto body = http::parse_json(request.body);
  const auto code = body.is_object() ? body.find("code") : body.end();
  if (!body.is_object() || code == body.end() || !code->is_string() ||
      !redeem(code->get<std::string>())) {
    return error_response(refusal(
        "HF401", "This link was used already, or is too old: `holdfast dashboard` makes another"));
  }
  auto response = http::json_response(200, json{{"token", token_}}.dump());
  response.headers.set("Cache-Control", "no-store");
  return response;
}

std::string DashboardAccess::issue() {
  std::string code = crypto::base64url_encode(crypto::random_bytes(24));
  MutexLock lock(mutex_);
  if (codes_.size() >= kCodes) codes_.pop_front();
  codes_.push_back({crypto::sha256_hex(code), clock_.monotonic() + kLifetime});
  return code;
}

bool DashboardAccess::redeem(const std::string& code) {
  const std::string digest = crypto::sha256_hex(code);
  const MonotonicTime now = clock_.monotonic();
  MutexLock lock(mutex_);
  std::erase_if(codes_, [&](const Code& one) { return one.expires <= now; });
  return std::erase_if(codes_, [&](const Code& one) {
           return crypto::constant_time_equal(std::string_view(one.digest), digest);
         }) > 0;
}

}  // namespace holdfast::routes
