#pragma once

#include <string>
#include <string_view>

#include "gateway/upstream/upstream.h"

namespace holdfast::routes {

// What came back for a read (hard case 11: only an answer that looks like PostgREST's counts).
enum class AnswerWorth {
  kAnswer,   // the API's own, be it an error
  kFailing,  // the API's, or its gateway's, word that it cannot answer now
  kPage,     // somebody else's in its place: a proxy's error page, a captive portal, a redirect
};

// `method` is the request's: the answer to HEAD has no body to judge by.
AnswerWorth worth_of(const upstream::Answer& answer, std::string_view method);

// "HTTP 502 that is not the API's answer"
std::string page_words(const upstream::Answer& answer);

}  // namespace holdfast::routes
