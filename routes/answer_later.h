#pragma once

#include <functional>
#include <string>

#include "gateway/http/response.h"

namespace holdfast::routes {

struct Context;

// Answers, on a worker, with what `work` gives. A fault is answered too, as fault_response() words
// it with `meaning`.
void answer_later(const Context& context, http::Respond respond,
                  std::function<http::Response()> work,
                  std::string meaning = "nothing was changed");

}  // namespace holdfast::routes
