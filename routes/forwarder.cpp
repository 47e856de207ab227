#include "routes/forwarder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "gateway/upstream/wire_headers.h"
#include "queue/answer_class.h"
#include "routes/answer_later.h"
#include "routes/answer_worth.h"
#include "routes/cache_status.h"
#include "routes/error_response.h"
#include "routes/profile.h"

namespace holdfast::routes {
namespace {

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view n) { return http::equals_ignoring_case(n, name); });
}

// The listener's own business.
constexpr std::array<std::string_view, 3> kNotForwarded = {"Expect", "Origin", "Accept-Encoding"};
constexpr std::array<std::string_view, 2> kCredentials = {"apikey", "Authorization"};
// A script of the upstream's must not become this origin's own, where the dashboard is.
constexpr std::array<std::string_view, 7> kNotReturned = {
    "Connection", "Keep-Alive", "Content-Length",        "Transfer-Encoding",
    "Date",       "Server",     "Service-Worker-Allowed"};

// What a browser would run as a page of this origin, where the dashboard is.
bool is_document(const http::Response& response) {
  std::string type(response.headers.find("Content-Type").value_or(""));
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type.empty() || type.find("html") != std::string::npos ||
         type.find("xml") != std::string::npos;
}

http::Response unavailable(const upstream::Failure& failure, Surface surface, bool is_read) {
  if (surface == Surface::kAuth) return auth_unavailable();
  if (failure.loss == upstream::Loss::kAnswerLost && !is_read) {
    Error error = not_answerable_offline("No answer came (" + failure.reason +
                                         "): the request may or may not have taken effect.");
    error.hint = "Look before you repeat it.";
    return error_response(error);
  }
  return error_response(not_answerable_offline(failure.reason));
}

// A page is as good as a lost answer: whether the request got past who made it, nobody knows.
upstream::Outcome as_meant(upstream::Outcome outcome, Surface surface, std::string_view method) {
  if (surface != Surface::kRest || !outcome.answered() ||
      worth_of(outcome.answer(), method) != AnswerWorth::kPage) {
    return outcome;
  }
  return upstream::Failure{upstream::Loss::kAnswerLost, page_words(outcome.answer())};
}

// The API's own error has undone what it had begun; unless its connection to the database broke,
// which may have been in the commit.
bool is_undone(const upstream::Answer& answer) {
  const std::string code = queue::classify(answer).code;
  const bool broken = code == "PGRST001" || code.starts_with("08") || code.starts_with("57P");
  return !code.empty() && !broken;
}

}  // namespace

http::Response auth_unavailable() {
  auto response = http::json_response(
      503, R"({"code":"upstream_unavailable","error_code":"upstream_unavailable",)"
           R"("msg":"The upstream cannot be reached","message":"The upstream cannot be reached"})");
  response.headers.set("X-Supabase-Api-Version", "2024-01-01");
  return response;
}

upstream::Call call_for(const http::Request& request) {
  upstream::Call call;
  call.method = request.method;
  call.target = request.target;
  call.body = request.body;
  for (const auto& [name, value] : upstream::end_to_end(request.headers)) {
    if (is_one_of(name, kNotForwarded)) continue;
    // The first one was judged here; another is nobody's to choose.
    if (is_one_of(name, kCredentials) && call.headers.contains(name)) continue;
    call.headers.add(name, value);
  }
  return call;
}

http::Response response_for(const upstream::Answer& answer, const ForwardReason& reason) {
  http::Response response;
  response.status = answer.status;
  response.body = answer.body;
  for (const auto& [name, value] : answer.headers) {
    const bool cors =
        name.size() > 15 &&
        http::equals_ignoring_case(std::string_view(name).substr(0, 15), "access-control-");
    if (!cors && !is_one_of(name, kNotReturned)) response.headers.add(name, value);
  }
  if (is_document(response)) response.headers.set("Content-Security-Policy", "sandbox");
  response.headers.set("Cache-Status", forwarded_status(reason, answer.status, false));
  return response;
}

void Forwarder::forward(http::Request request, Surface surface, ForwardReason reason,
                        http::Respond respond) const {
  answer_later(
      context_, std::move(respond),
      [this, request = std::move(request), surface, reason = std::move(reason)] {
        return forward_now(request, surface, reason);
      },
      "what was sent on may or may not have taken effect");
}

Forwarder::Forwarded Forwarder::forward_once(const http::Request& request, Surface surface,
                                             ForwardReason reason) const {
  if (!is_read(request) && reason.kind == ForwardReason::Kind::kMiss) {
    reason.kind = ForwardReason::Kind::kMethod;
  }
  upstream::Call call = call_for(request);
  call.unhurried = surface == Surface::kWork;
  const auto outcome = as_meant(context_.upstream.call(call), surface, request.method);
  if (outcome.answered()) {
    const upstream::Answer& answer = outcome.answer();
    return {response_for(answer, reason), true, answer.status >= 400 && is_undone(answer)};
  }
  auto response = unavailable(outcome.failure(), surface, is_read(request));
  response.headers.set("Cache-Status", forwarded_status(reason));
  return {std::move(response), outcome.failure().loss == upstream::Loss::kAnswerLost};
}

}  // namespace holdfast::routes
