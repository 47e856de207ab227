#include "gateway/identity/confirmation.h"

#include <nlohmann/json.hpp>

#include "gateway/identity/jwt.h"

namespace holdfast::identity {
namespace {

upstream::Call who_is(const std::string& api_key, const std::string& token) {
  upstream::Call call;
  call.target = "/auth/v1/user";
  call.headers.add("apikey", api_key);
  call.headers.add("Authorization", "Bearer " + token);
  return call;
}

// The user's id; empty when the body is not a user, as a captive portal's page is not.
std::string user_id(const std::string& body) {
  const auto user = nlohmann::json::parse(body, nullptr, false);
  if (!user.is_object()) return "";
  const auto id = user.find("id");
  return id != user.end() && id->is_string() ? id->get<std::string>() : "";
}

}  // namespace

Result<void> confirm_with_upstream(upstream::Upstream& upstream, const std::string& api_key,
                                   const std::string& token, const std::string& subject) {
  const auto outcome = upstream.call(who_is(api_key, token));
  if (!outcome.answered()) {
    return upstream_unavailable("The token cannot be confirmed: " + outcome.failure().reason);
  }
  const auto& answer = outcome.answer();
  if (answer.status == 401 || answer.status == 403) return wrong_key();
  const auto id = answer.status == 200 ? user_id(answer.body) : "";
  if (id.empty()) {
    return upstream_unavailable("The token cannot be confirmed: the upstream answered " +
                                std::to_string(answer.status));
  }
  if (id != subject) return wrong_key();
  return {};
}

}  // namespace holdfast::identity
