#include "gateway/identity/session.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/http/json.h"
#include "gateway/identity/jwt.h"

namespace holdfast::identity {
namespace {

using nlohmann::ordered_json;
using std::chrono::seconds;

std::string text_of(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t number_of(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : 0;
}

std::int64_t unix_seconds(Timestamp time) {
  return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

}  // namespace

std::optional<SignIn> read_sign_in(std::string_view body) {
  const auto answer = http::parse_ordered_json(body);
  if (!answer.is_object()) return std::nullopt;
  SignIn read{text_of(answer, "access_token"), text_of(answer, "refresh_token"),
              seconds(number_of(answer, "expires_in")), "{}"};
  const auto user = answer.find("user");
  if (user != answer.end() && user->is_object()) read.user = user->dump();
  if (read.access_token.empty() || read.refresh_token.empty() || read.lifetime <= seconds(0)) {
    return std::nullopt;
  }
  return read;
}

http::Principal Session::principal() const {
  const auto jwt = parse_jwt(access_token);
  if (!jwt) return http::Principal::anonymous();
  auto claims = read_claims(jwt->payload);
  return claims ? std::move(claims->principal) : http::Principal::anonymous();
}

seconds Session::left(Timestamp now) const {
  const auto rest = std::chrono::floor<seconds>(expires() - now);
  return std::max(seconds(1), std::min(rest, lifetime));
}

std::string print_session(const Session& session) {
  ordered_json text = {{"id", session.id},
                       {"app_token", session.app_token},
                       {"api_key", session.api_key},
                       {"refresh_token", session.refresh_token},
                       {"access_token", session.access_token},
                       {"lifetime", session.lifetime.count()},
                       {"received_at", session.received_at.time_since_epoch().count()},
                       {"user", session.user}};
  if (session.ended_at) {
    text["ended_at"] = session.ended_at->time_since_epoch().count();
    text["logout_scope"] = session.logout_scope;
  }
  return text.dump();
}

std::optional<Session> read_session(std::string_view text) {
  const auto object = ordered_json::parse(text, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const auto time = [&](const char* name) {
    return Timestamp(std::chrono::microseconds(number_of(object, name)));
  };
  Session session{text_of(object, "id"),
                  text_of(object, "app_token"),
                  text_of(object, "api_key"),
                  text_of(object, "refresh_token"),
                  text_of(object, "access_token"),
                  seconds(number_of(object, "lifetime")),
                  time("received_at"),
                  text_of(object, "user"),
                  std::nullopt,
                  text_of(object, "logout_scope")};
  if (object.contains("ended_at")) session.ended_at = time("ended_at");
  if (session.id.empty() || session.app_token.empty()) return std::nullopt;
  return session;
}

std::string session_answer(const Session& session, const std::string& access_token,
                           seconds expires_in, Timestamp now) {
  return ordered_json{
      {"access_token", access_token},       {"token_type", "bearer"},
      {"expires_in", expires_in.count()},   {"expires_at", unix_seconds(now + expires_in)},
      {"refresh_token", session.app_token}, {"user", http::parse_ordered_json(session.user)}}
      .dump();
}

std::string sign_in_answer(std::string_view upstream_body, const Session& session, Timestamp now) {
  auto answer = ordered_json::parse(upstream_body);
  answer["refresh_token"] = session.app_token;
  answer["expires_at"] = unix_seconds(now + session.lifetime);
  return answer.dump();
}

}  // namespace holdfast::identity
