#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/http/principal.h"

namespace holdfast::identity {

// What Supabase Auth answers to a sign-in or a refresh (`AccessTokenResponse` of GoTrue).
struct SignIn {
  std::string access_token;
  std::string refresh_token;
  std::chrono::seconds lifetime{};  // expires_in
  std::string user;                 // JSON
};

// nullopt when the body holds no complete session: other answers of the same paths do not.
std::optional<SignIn> read_sign_in(std::string_view body);

// One person's sign-in on this machine. The app holds `app_token` in the place of the refresh
// token, so that only the gateway ever uses the upstream's and no rotation can be lost between
// the two.
struct Session {
  std::string id;  // the tokens' session_id; made here when they have none
  std::string app_token;
  std::string api_key;  // with which the app signed in
  std::string refresh_token;
  std::string access_token;
  std::chrono::seconds lifetime{};  // of the access token, from received_at on
  Timestamp received_at;            // by SessionKeeper::clock
  std::string user;                 // JSON, as the upstream gave it last
  // Ended by the app (hard case 2): it serves nobody any more but delivers what it wrote.
  std::optional<Timestamp> ended_at;
  std::string logout_scope;  // what the app asked for then: global or local

  Timestamp expires() const { return received_at + lifetime; }
  // How long its access token still serves, as an app is told: at least a second, for clients take
  // an answer of none for one without a session, and sign the person out.
  std::chrono::seconds left(Timestamp now) const;
  // Whom its tokens name; anonymous when they cannot be read.
  http::Principal principal() const;
};

// For Storage; read_session gives nullopt for a text that is none.
std::string print_session(const Session& session);
std::optional<Session> read_session(std::string_view text);

// The answer to a refresh, in GoTrue's form. `expires_at` follows this machine's clock, by which
// clients judge it.
std::string session_answer(const Session& session, const std::string& access_token,
                           std::chrono::seconds expires_in, Timestamp now);
// An upstream's answer to a sign-in as the app gets it.
std::string sign_in_answer(std::string_view upstream_body, const Session& session, Timestamp now);

}  // namespace holdfast::identity
