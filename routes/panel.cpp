#include "routes/panel.h"

#include "routes/answer_later.h"
#include "routes/error_response.h"
#include "routes/journal_routes.h"

namespace holdfast::routes {
namespace {

bool reads(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

Panel::Panel(const Context& context, StatusIdentity identity, std::string control_token,
             cache::MetricsHistory& history)
    : context_(context),
      control_(control_token),
      access_(std::move(control_token), context.clock),
      activity_(context.stores, context.clock),
      metrics_(context, identity, activity_, history),
      events_(context, std::move(identity)) {}

bool Panel::route(const http::Request& request, const std::string& path,
                  const http::Respond& respond) {
  if (route_page(request, path, respond) || route_access(request, path, respond)) return true;
  const bool known =
      path == "/metrics" || path == "/metrics/history" || path == "/events" || path == "/journal";
  if (!known) return false;
  if (path == "/journal" && request.method == "POST") {
    answer_later(request, true, respond,
                 [this](const http::Request& asked) { return note_in_journal(context_, asked); });
  } else if (!reads(request) || (path == "/events" && request.method != "GET")) {
    // A HEAD would take a listener's place without listening.
    respond(method_not_allowed(path == "/journal" ? "GET, POST" : "GET"));
  } else if (path == "/metrics") {
    answer_later(request, false, respond,
                 [this](const http::Request&) { return metrics_.prometheus(); });
  } else if (path == "/metrics/history") {
    answer_later(request, true, respond,
                 [this](const http::Request& asked) { return metrics_.history(asked); });
  } else if (path == "/journal") {
    answer_later(request, true, respond,
                 [this](const http::Request& asked) { return list_journal(context_, asked); });
  } else {
    answer_later(request, true, respond, [this](const http::Request&) { return events_.open(); });
  }
  return true;
}

bool Panel::route_page(const http::Request& request, const std::string& path,
                       const http::Respond& respond) const {
  constexpr std::string_view kFiles = "/dashboard/";
  if (!reads(request)) return false;
  if (path == "/" || (path == "/status" && DashboardPage::wants_page(request))) {
    respond(page_.page(request));
    return true;
  }
  if (!path.starts_with(kFiles)) return false;
  respond(page_.file(path.substr(kFiles.size()), request));
  return true;
}

bool Panel::route_access(const http::Request& request, const std::string& path,
                         const http::Respond& respond) {
  const bool link = path == "/dashboard/link";
  if (!link && path != "/dashboard/session") return false;
  if (request.method != "POST") {
    respond(method_not_allowed("POST"));
  } else if (!link) {
    respond(access_.open_session(request));
  } else if (auto refusal = control_.refuse(request)) {
    respond(*std::move(refusal));
  } else {
    respond(access_.answer_link(request));
  }
  return true;
}

void Panel::answer_later(const http::Request& request, bool needs_token,
                         const http::Respond& respond,
                         std::function<http::Response(const http::Request&)> work) {
  if (needs_token) {
    if (auto refusal = control_.refuse(request)) return respond(*std::move(refusal));
  }
  routes::answer_later(context_, respond,
                       [request, work = std::move(work)] { return work(request); });
}

}  // namespace holdfast::routes
