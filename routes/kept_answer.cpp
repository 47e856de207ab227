#include "routes/kept_answer.h"

#include <nlohmann/json.hpp>

#include "cache/values/text.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"
#include "queue/forwarded_keys.h"
#include "queue/outbox.h"
#include "routes/error_response.h"
#include "routes/preferences.h"

namespace holdfast::routes {
namespace {

http::Response read_response(const nlohmann::json& stored) {
  http::Response response;
  response.status = stored.at("status").get<int>();
  const auto bytes = stored.find("bytes");
  response.body = bytes == stored.end()
                      ? stored.at("body").get<std::string>()
                      : crypto::base64_decode(bytes->get<std::string>()).value_or("");
  for (const auto& field : stored.at("headers")) {
    response.headers.add(field.at(0).get<std::string>(), field.at(1).get<std::string>());
  }
  return response;
}

Error another_request() {
  return {ErrorKind::kInvalidRequest, "HF422", "This Idempotency-Key was used for another request",
          "A key stands for one request: its method, target and body", std::nullopt};
}

// Of a request that was not queued.
std::optional<http::Response> find_forwarded_answer(cache::Database& database,
                                                    const std::string& key,
                                                    const http::Request& request) {
  const auto earlier = queue::find_forwarded(database, key);
  if (!earlier) return std::nullopt;
  if (earlier->request != digest_of(request)) return error_response(another_request());
  if (!earlier->answer) return unanswered_request();
  return read_response(nlohmann::json::parse(*earlier->answer));
}

}  // namespace

std::string digest_of(const http::Request& request) {
  std::string text = request.method + "\n" + std::string(request.path());
  std::string_view query = request.query();
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (!parameter.starts_with("apikey=")) text.append("&").append(parameter);
  }
  text.append("\n").append(request.headers.find("Content-Profile").value_or(""));
  text.append(join_preferences(request.headers, [](std::string_view member) {
    return !member.starts_with("tx=") && !member.starts_with("resolution=") &&
           !member.starts_with("missing=");
  }));
  return crypto::sha256_hex(text + "\n" + request.body);
}

http::Response unanswered_request() {
  return error_response(conflict_error(
      "A request with this Idempotency-Key was forwarded, and its answer has not come",
      "It may have taken effect", "Look before you repeat it under another key"));
}

std::optional<Repetition> find_repetition(const Context& context, cache::Database& database,
                                          const http::Request& request) {
  const auto key = request.headers.find("Idempotency-Key");
  if (!key) return std::nullopt;
  const auto earlier = queue::Outbox::answer_for(database, std::string(*key));
  if (!earlier) {
    auto forwarded = find_forwarded_answer(database, std::string(*key), request);
    if (!forwarded) return std::nullopt;
    return Repetition{std::move(forwarded), {}};
  }
  const auto stored = nlohmann::json::parse(earlier->answer);
  // Answers that an older version has kept do not say.
  const std::string digest = stored.value("request", "");
  if (!digest.empty() && digest != digest_of(request)) {
    return Repetition{error_response(another_request()), {}};
  }
  if (context.synchronizer.awaited().is_open(earlier->entry)) {
    return Repetition{std::nullopt, earlier->entry};
  }
  return Repetition{read_response(stored), {}};
}

std::string print_answer(const http::Response& response, const http::Request& request) {
  nlohmann::json text = {{"status", response.status},
                         {"headers", nlohmann::json::array()},
                         {"request", digest_of(request)}};
  if (cache::check_utf8(response.body)) {
    text["body"] = response.body;
  } else {
    text["bytes"] = crypto::base64_encode(response.body);
  }
  for (const auto& [name, value] : response.headers) {
    if (cache::check_utf8(value)) text["headers"].push_back({name, value});
  }
  return text.dump();
}

void keep_upstream_answer(const std::shared_ptr<cache::Store>& store, const std::string& entry,
                          const http::Response& answer, const http::Request& request,
                          std::function<void()> then) {
  if (!request.headers.contains("Idempotency-Key")) return then();
  store->writer().submit(
      cache::Writer::Priority::kClient,
      [store, entry, text = print_answer(answer, request)](cache::Transaction& transaction) {
        queue::Outbox outbox(store->overlay());
        const auto kept = outbox.find(transaction.database(), entry);
        if (kept) outbox.keep_answer(transaction, kept->sequence, text);
      },
      [then = std::move(then)](const std::exception_ptr&) { then(); });
}

}  // namespace holdfast::routes
