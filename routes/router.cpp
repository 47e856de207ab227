#include "routes/router.h"

#include <nlohmann/json.hpp>

#include "cache/values/text.h"
#include "gateway/http/json.h"
#include "gateway/http/uri.h"
#include "routes/answer_later.h"
#include "routes/bundle_import.h"
#include "routes/error_response.h"
#include "routes/outbox_routes.h"
#include "routes/parity.h"
#include "routes/profile.h"
#include "routes/write_answer.h"

namespace holdfast::routes {
namespace {

// The decoded path with single slashes and none at its end: some clients send //rest/v1//t/.
std::string normal_path(std::string_view raw) {
  std::string path;
  for (const char c : http::percent_decode(raw)) {
    if (c != '/' || !path.ends_with('/')) path += c;
  }
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  // Answers name it.
  return cache::mend_utf8(std::move(path));
}

// The part of `path` below `prefix`; nullopt when it lies elsewhere.
std::optional<std::string> below(const std::string& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  if (path.size() == prefix.size()) return std::string();
  if (path[prefix.size()] != '/') return std::nullopt;
  return path.substr(prefix.size() + 1);
}

http::Response no_route() {
  return http::json_response(404, R"({"message":"no Route matched with those values"})");
}

constexpr const char* kNotKept = "not kept here";

// What a person switches, by path; nullptr for any other path.
using Change = void (*)(const Context&);
Change change_of(const std::string& path) {
  if (path == "/sync/pause") return [](const Context& context) { context.synchronizer.pause(); };
  if (path == "/sync/resume") return [](const Context& context) { context.synchronizer.resume(); };
  if (path == "/sync/offline") {
    return [](const Context& context) { context.connectivity.choose_offline(); };
  }
  if (path == "/sync/online") {
    return [](const Context& context) { context.connectivity.choose_online(); };
  }
  return nullptr;
}

}  // namespace

Router::Router(const Context& context, StatusIdentity identity, ControlAccess control, Panel& panel,
               Extra extra)
    : context_(context),
      identity_(std::move(identity)),
      control_(std::move(control)),
      panel_(panel),
      extra_(std::move(extra)),
      rate_limit_(context.rest.origin_rate, context.clock),
      forwarder_(context),
      rest_(context),
      auth_(context, forwarder_),
      sync_data_(context, rest_),
      realtime_(context) {}

void Router::handle(http::Request request, http::Respond respond) {
  respond = counted(request, std::move(respond));
  const bool reads = is_read(request);
  // A fault answers its request and ends there; the process and its queue go on.
  try {
    route(std::move(request), respond);
  } catch (...) {
    respond(fault_response(std::current_exception(), *context_.logger,
                           reads ? "nothing was read" : "the write was not taken"));
  }
}

http::Respond Router::counted(const http::Request& request, http::Respond respond) {
  return [this, surface = counted_surface(request.path()), began = std::chrono::steady_clock::now(),
          respond = std::move(respond)](http::Response response) {
    panel_.requests().note(surface, response.status, std::chrono::steady_clock::now() - began);
    respond(std::move(response));
  };
}

void Router::route(http::Request request, http::Respond respond) {
  if (extra_) {
    if (auto response = extra_(request)) return respond(*std::move(response));
  }
  if (auto refusal = rate_limit_.refuse(request)) return respond(*std::move(refusal));
  // No service worker: it would stand before the dashboard, too.
  if (request.headers.contains("Service-Worker")) return respond(no_route());
  const std::string path = normal_path(request.path());
  if (auto resource = below(path, "/rest/v1")) {
    return rest_.handle(std::move(request), *std::move(resource), std::move(respond));
  }
  if (auto resource = below(path, "/auth/v1")) {
    return auth_.handle(std::move(request), *resource, std::move(respond));
  }
  if (below(path, "/functions/v1") || below(path, "/graphql/v1")) {
    return run_at_upstream(std::move(request), std::move(respond));
  }
  if (below(path, "/storage/v1")) {
    return forwarder_.forward(std::move(request), Surface::kWork, kNotKept, std::move(respond));
  }
  if (auto resource = below(path, "/realtime/v1")) {
    return realtime_.handle(request, *resource, respond);
  }
  if (sync_data_.route(request, path, respond)) return;
  if (panel_.route(request, path, respond)) return;
  if (route_control(request, path, respond)) return;
  respond(no_route());
}

bool Router::route_control(const http::Request& request, const std::string& path,
                           const http::Respond& respond) {
  if (path == "/status") {
    if (!is_read(request)) {
      respond(method_not_allowed("GET, HEAD"));
      return true;
    }
    const bool detailed = control_.allows(request);
    // Counting waits for the disk.
    answer_later(context_, respond, [this, detailed] {
      return http::json_response(200, status_json(context_, identity_, detailed));
    });
    return true;
  }
  const bool sync = path == "/sync" || path == "/sync/verify" || change_of(path) != nullptr;
  const bool queue = below(path, "/outbox") || below(path, "/conflicts");
  const bool bundle = path == "/import";
  if (!sync && !queue && !bundle) return false;
  if (auto refusal = control_.refuse(request)) {
    respond(*std::move(refusal));
    return true;
  }
  if (sync) {
    const bool is_progress = path == "/sync/verify" && request.method == "GET";
    if (request.method != "POST" && !is_progress) {
      respond(method_not_allowed(path == "/sync/verify" ? "GET, POST" : "POST"));
    } else if (is_progress) {
      respond(http::json_response(200, parity_progress_json(context_.synchronizer.compared())));
    } else if (path == "/sync") {
      sync_now(respond);
    } else if (path == "/sync/verify") {
      answer_later(context_, respond, [this] {
        return http::json_response(200, parity_json(context_.synchronizer.compare_all()));
      });
    } else {
      answer_later(context_, respond, [this, change = change_of(path)] {
        change(context_);
        return http::json_response(200, status_json(context_, identity_, true));
      });
    }
    return true;
  }
  if (bundle) {
    if (request.method != "POST") {
      respond(method_not_allowed("POST"));
      return true;
    }
    answer_later(context_, respond, [this, request] { return import_bundle(context_, request); });
    return true;
  }
  if (request.method != "GET" && request.method != "POST") {
    respond(method_not_allowed("GET, POST"));
    return true;
  }
  answer_later(
      context_, respond,
      [this, request, path] {
        auto response = queue_route(context_, request, path);
        return response ? *std::move(response) : no_route();
      },
      "what was done of it stands");
  return true;
}

void Router::run_at_upstream(http::Request request, http::Respond respond) const {
  auto authentication = context_.authenticator.authenticate(request);
  const auto* caller = std::get_if<http::Caller>(&authentication);
  if (caller == nullptr || is_read(request) || request.method == "OPTIONS" || context_.standalone) {
    return forwarder_.forward(std::move(request), Surface::kWork, kNotKept, std::move(respond));
  }
  // It may write whatever its caller may (hard case 16).
  answer_later(
      context_, std::move(respond),
      [this, request = std::move(request), principal = caller->principal] {
        auto forwarded = forwarder_.forward_once(request, Surface::kWork, kNotKept);
        if (forwarded.may_have_happened) {
          context_.stores.open(principal)->note_forwarded_write();
          context_.synchronizer.wake_puller(principal.id);
        }
        return std::move(forwarded.response);
      },
      "it may or may not have taken effect");
}

void Router::sync_now(http::Respond respond) const {
  answer_later(context_, std::move(respond), [this] {
    const auto result = context_.synchronizer.sync_now();
    return http::json_response(200, http::print_json({{"uploaded", result.uploaded},
                                                      {"downloaded", result.downloaded},
                                                      {"errors", result.errors}}));
  });
}

}  // namespace holdfast::routes
