#include "routes/read_forwarder.h"

#include "cache/responses/key.h"
#include "routes/answer_later.h"
#include "routes/answer_worth.h"
#include "routes/cache_control.h"
#include "routes/error_response.h"
#include "routes/forwarder.h"
#include "routes/unknown_name.h"

namespace holdfast::routes {

void ReadForwarder::forward(ForwardedRead read, http::Respond respond) const {
  answer_later(
      context_, std::move(respond), [this, read = std::move(read)] { return answer(read); },
      "nothing was read");
}

http::Response ReadForwarder::answer(const ForwardedRead& read) const {
  if (parse_cache_control(read.request.headers).only_if_cached) {
    return answer_without_upstream(read, read.reason.detail);
  }
  if (!context_.connectivity.offline()) {
    context_.synchronizer.wait_until_sent(*read.store, kDeliveryWait);
    // What did not go out after all can be read only here.
    if (!context_.synchronizer.wait_until_drained(*read.store, {}) && read.answer_here) {
      if (auto response = read.answer_here(NoAnswer::kWouldMissWrites)) return *std::move(response);
    }
  }
  const auto moment = context_.responses.moment(*read.store);
  const auto outcome = context_.upstream.call(call_for(read.request));
  if (!outcome.answered()) return answer_without_upstream(read, outcome.failure().reason);
  switch (worth_of(outcome.answer(), read.request.method)) {
    case AnswerWorth::kPage:
      return answer_without_upstream(read, page_words(outcome.answer()));
    case AnswerWorth::kFailing:
      if (auto response = find_here(read)) return *std::move(response);
      break;
    case AnswerWorth::kAnswer:
      break;
  }
  return pass_on(read, outcome.answer(), moment);
}

http::Response ReadForwarder::pass_on(const ForwardedRead& read, const upstream::Answer& answer,
                                      const cache::ResponseCache::Moment& moment) const {
  if (read.reason.detail == kUnknownName) note_unknown_name(context_, answer.status);
  auto response = response_for(answer, read.reason);
  const bool stored =
      !parse_cache_control(read.request.headers).no_store &&
      context_.responses.keep(*read.store, cache::response_key(read.request, read.principal),
                              response, read.relations, moment);
  response.headers.set("Cache-Status", forwarded_status(read.reason, response.status, stored));
  return response;
}

std::optional<http::Response> ReadForwarder::find_here(const ForwardedRead& read) const {
  std::optional<http::Response> here;
  if (read.answer_here) here = read.answer_here(NoAnswer::kNone);
  // Whoever may not read the whole may have been given the part that is asked for.
  if (here && here->status != 401 && here->status != 403) return here;
  const auto key = cache::response_key(read.request, read.principal);
  auto kept = context_.responses.find(*read.store, key);
  if (!kept) return here;
  auto response = std::move(kept->response);
  response.headers.set("Age", std::to_string(kept->age.count()));
  response.headers.set("Cache-Status", kept_status());
  return response;
}

http::Response ReadForwarder::answer_without_upstream(const ForwardedRead& read,
                                                      const std::string& why) const {
  if (auto response = find_here(read)) return *std::move(response);
  auto response = error_response(not_answerable_offline(why));
  response.headers.set("Cache-Status", forwarded_status(read.reason));
  return response;
}

}  // namespace holdfast::routes
