#include "routes/answer_worth.h"

#include "queue/answer_class.h"

namespace holdfast::routes {
namespace {

// The media type is of this kind: "json", "html".
bool is_made_of(const upstream::Answer& answer, std::string_view kind) {
  const auto type = answer.headers.find("Content-Type");
  return type && type->find(kind) != std::string_view::npos;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

AnswerWorth worth_of(const upstream::Answer& answer, std::string_view method) {
  const bool refused = answer.status >= 400;
  if (is_redirect(answer.status)) return AnswerWorth::kPage;
  // A function may answer in HTML; it is PostgREST that then adds the range.
  if (!refused && answer.headers.contains("Content-Range")) return AnswerWorth::kAnswer;
  if (is_made_of(answer, "html")) return AnswerWorth::kPage;
  if (!refused) return AnswerWorth::kAnswer;
  const bool judged = method != "HEAD" || answer.status >= 500;
  if (judged && !is_made_of(answer, "json")) return AnswerWorth::kPage;
  if (answer.status == 408 || answer.status == 429) return AnswerWorth::kFailing;
  if (answer.status < 500) return AnswerWorth::kAnswer;
  return queue::classify(answer).kind == queue::AnswerClass::kTransient ? AnswerWorth::kFailing
                                                                        : AnswerWorth::kAnswer;
}

std::string page_words(const upstream::Answer& answer) {
  return "HTTP " + std::to_string(answer.status) + " that is not the API's answer";
}

}  // namespace holdfast::routes
