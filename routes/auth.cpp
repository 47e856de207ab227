#include "routes/auth.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/http/json.h"
#include "gateway/http/uri.h"
#include "gateway/identity/credentials.h"
#include "queue/journal.h"
#include "queue/outbox.h"
#include "routes/error_response.h"
#include "routes/write_answer.h"

namespace holdfast::routes {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kGatewayTokenLifetime = 3600s;
constexpr const char* kSettingsName = "document:auth_settings";

std::string member(std::string_view body, const char* name) {
  const auto object = http::parse_json(body);
  if (!object.is_object()) return "";
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

http::Response auth_answer(std::string body) {
  auto response = http::json_response(200, std::move(body));
  response.headers.set("X-Supabase-Api-Version", "2024-01-01");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

// No answer of the upstream's own: there was none, or it was a proxy's.
bool is_away(const http::Response& response) { return response.status >= 500; }

std::string merged_keys(const std::string& upstream_keys, const std::string& own) {
  json document = http::parse_json(upstream_keys);
  if (!document.is_object() || !document.contains("keys") || !document["keys"].is_array()) {
    document = {{"keys", json::array()}};
  }
  document["keys"].push_back(json::parse(own));
  return document.dump();
}

// What browsers and other servers visit without any key, as Supabase's edge has it.
bool needs_no_key(const std::string& path) {
  return path == "verify" || path == "callback" || path == "authorize" || path == "sso/saml/acs" ||
         path == "sso/saml/metadata" || path.starts_with(".well-known/");
}

// Of what is posted the answer may be a session (signup, verify, a second factor ...), but not of
// one that signs in at another app by this project, nor of an administrator's.
bool may_sign_in(const std::string& path) {
  return !path.starts_with("oauth/") && !path.starts_with("admin/");
}

bool is_json_object(const std::string& body) { return http::parse_json(body).is_object(); }

}  // namespace

void Auth::handle(http::Request request, const std::string& path, http::Respond respond) const {
  context_.workers.post([this, request = std::move(request), path, respond = std::move(respond)]() {
    http::Response response;
    try {
      response = answer(request, path);
    } catch (...) {
      fault_response(std::current_exception(), *context_.logger);
      response = auth_unavailable();  // many clients take a 500 or 507 for a sign-out
    }
    respond(std::move(response));
  });
}

http::Response Auth::answer(const http::Request& request, const std::string& path) const {
  if (request.method != "OPTIONS" && !needs_no_key(path)) {
    if (const auto refusal = context_.authenticator.refuse_key(request)) {
      return error_response(*refusal);
    }
  }
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  if (post && path == "token") {
    return http::query_parameter(request.query(), "grant_type") == "refresh_token"
               ? refresh(request)
               : sign_in(request);
  }
  if (path == "user" && (get || request.method == "PUT")) return user(request);
  if (post && path == "logout") return logout(request);
  if (get && path == ".well-known/jwks.json") return keys(request);
  if (get && path == "settings") return settings(request);
  return post && may_sign_in(path) ? sign_in(request) : forward(request);
}

http::Response Auth::forward(const http::Request& request) const {
  return forwarder_.forward_now(request, Surface::kAuth, "sign-in");
}

http::Response Auth::sign_in(const http::Request& request) const {
  http::Response response = forward(request);
  const auto answer = response.status == 200 ? identity::read_sign_in(response.body) : std::nullopt;
  if (!answer) return response;
  auto& keeper = context_.sign_ins;
  const auto session = keeper.sessions.adopt(*answer, identity::presented_key(request));
  identity::remember(keeper.book, session, keeper.clock.now());
  response.body = identity::sign_in_answer(response.body, session, context_.clock.now());
  return response;
}

http::Response Auth::refresh(const http::Request& request) const {
  auto& keeper = context_.sign_ins;
  const auto session = keeper.sessions.of_app_token(member(request.body, "refresh_token"));
  if (!session) return refresh_unknown(request);
  const auto outcome = keeper.refresher.refresh(session->id);
  if (const auto* renewed = std::get_if<identity::Session>(&outcome)) {
    return auth_answer(identity::session_answer(
        *renewed, renewed->access_token, renewed->left(keeper.clock.now()), context_.clock.now()));
  }
  if (const auto* refused = std::get_if<identity::SessionRefresher::Refused>(&outcome)) {
    return response_for(refused->answer, "sign-in");
  }
  return refresh_offline(*session);
}

// A token from the time before the app came here: its session is taken over. What is neither that
// nor Supabase's own refusal would sign the person out.
http::Response Auth::refresh_unknown(const http::Request& request) const {
  http::Response response = sign_in(request);
  const bool renewed = response.status == 200 && identity::read_sign_in(response.body);
  const bool refused = identity::refuses_refresh(response.status, response.body);
  return renewed || refused ? response : auth_unavailable();
}

http::Response Auth::refresh_offline(const identity::Session& session) const {
  const auto& keeper = context_.sign_ins;
  const auto now = keeper.clock.now();
  if (now > session.expires() + keeper.options.offline_grace) return auth_unavailable();
  // Apps judge it by the machine's clock, this gateway by the upstream's: it is good by both.
  const auto token =
      keeper.tokens.mint(session, std::max(now, context_.clock.now()), kGatewayTokenLifetime);
  context_.stores.open(session.principal())
      ->writer()
      .run(cache::Writer::Priority::kEssential, [&session](cache::Transaction& transaction) {
        queue::Journal::note(transaction, "token", "made here for the session " + session.id);
      });
  return auth_answer(
      identity::session_answer(session, token, kGatewayTokenLifetime, context_.clock.now()));
}

http::Response Auth::user(const http::Request& request) const {
  const auto session = session_of(request);
  http::Response response = forward(request);
  if (!session) return response;
  if (response.status == 200 && is_json_object(response.body)) {
    context_.sign_ins.sessions.keep_user(session->id, response.body);
  }
  if (request.method != "GET" || !is_away(response) || session->user == "{}") return response;
  return auth_answer(session->user);
}

http::Response Auth::logout(const http::Request& request) const {
  const auto session = session_of(request);
  const std::string asked = http::query_parameter(request.query(), "scope");
  const std::string scope = asked.empty() ? "global" : asked;
  // Of other sessions, and of scopes that there are none, the upstream says what it will.
  if (!session || (scope != "global" && scope != "local")) return forward(request);
  auto& keeper = context_.sign_ins;
  const bool must_deliver = has_pending_writes(*session);
  std::optional<http::Response> response;
  if (!must_deliver) response = forward(request);
  const bool done = response && !is_away(*response);
  for (const auto& one : keeper.sessions.of_principal(session->principal().id)) {
    if (scope != "global" && one.id != session->id) continue;
    if (done) {
      // What was written meanwhile goes out with it: it serves until it runs out.
      if (!has_pending_writes(one)) keeper.book.forget(one.principal().id, one.access_token);
      keeper.sessions.forget(one.id);
    } else {
      keeper.sessions.end(one.id, scope);
    }
  }
  return done ? *std::move(response) : http::Response{204, {}, ""};
}

http::Response Auth::keys(const http::Request& request) const {
  auto& keeper = context_.sign_ins;
  http::Response response = forward(request);
  const bool taken = response.status == 200 && keeper.keys.adopt(response.body);
  // A page of somebody on the way is no answer of the upstream's.
  if (!taken && !is_away(response) && response.status != 200) return response;
  auto merged = auth_answer(merged_keys(keeper.keys.document(), keeper.tokens.jwk()));
  merged.headers.set("Cache-Control", "public, max-age=600");
  return merged;
}

http::Response Auth::settings(const http::Request& request) const {
  auto& storage = context_.sign_ins.storage;
  http::Response response = forward(request);
  if (response.status == 200 && is_json_object(response.body)) {
    storage.put(kSettingsName, response.body);
  }
  if (!is_away(response)) return response;
  auto kept = storage.get(kSettingsName);
  return kept ? auth_answer(*std::move(kept)) : response;
}

std::optional<identity::Session> Auth::session_of(const http::Request& request) const {
  const auto bearer = identity::bearer_token(request.headers);
  if (!bearer) return std::nullopt;
  auto& sessions = context_.sign_ins.sessions;
  if (auto session = sessions.of_access_token(*bearer)) return session;
  const auto authentication = context_.authenticator.authenticate(request);
  const auto* caller = std::get_if<http::Caller>(&authentication);
  if (caller == nullptr) return std::nullopt;
  auto session = sessions.find(member(caller->principal.claims, "session_id"));
  return session && !session->ended_at ? session : std::nullopt;
}

bool Auth::has_pending_writes(const identity::Session& session) const {
  const auto store = context_.stores.open(session.principal());
  auto reader = store->reader();
  return !queue::Outbox(store->overlay()).empty(*reader);
}

}  // namespace holdfast::routes
