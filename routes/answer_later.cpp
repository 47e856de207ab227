#include "routes/answer_later.h"

#include <utility>

#include "routes/context.h"
#include "routes/error_response.h"

namespace holdfast::routes {
namespace {

http::Response answer_of(const std::function<http::Response()>& work, Logger& logger,
                         const std::string& meaning) {
  try {
    return work();
  } catch (...) {
    return fault_response(std::current_exception(), logger, meaning);
  }
}

}  // namespace

void answer_later(const Context& context, http::Respond respond,
                  std::function<http::Response()> work, std::string meaning) {
  context.workers.post(
      [&logger = *context.logger, respond = std::move(respond), work = std::move(work),
       meaning = std::move(meaning)] { respond(answer_of(work, logger, meaning)); });
}

}  // namespace holdfast::routes
