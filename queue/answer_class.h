#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "gateway/upstream/upstream.h"

namespace holdfast::queue {

// What an answer to a write means for its entry (the error classes of the design).
enum class AnswerClass {
  kApplied,        // 200, 201 or 204 as PostgREST gives them
  kTransient,      // try again: overload, a restart, a proxy's or captive portal's page
  kServerError,    // 5xx with a code: try again, but not for ever at this pace
  kToken,          // the token is not (or no longer) accepted
  kNotPermitted,   // 42501
  kDuplicate,      // 23505
  kMissingParent,  // 23503
  kRaised,         // P0001: a RAISE in the schema
  kReplayed,       // the companion's hook knows the key: it has taken effect before
  kSchemaChanged,  // the table or a column is not there any more
  kRefused,        // can never succeed as it is
};

struct ClassifiedAnswer {
  AnswerClass kind = AnswerClass::kTransient;
  std::string code;     // SQLSTATE or PGRST code; empty when the body has none
  std::string message;  // the upstream's words
  std::string details;
  std::optional<std::chrono::seconds> retry_after;
};

// Only an answer that looks like PostgREST's counts: success is 200, 201 or 204 without a body of
// another kind than JSON, and an error is a JSON object with a string `code`.
ClassifiedAnswer classify(const upstream::Answer& answer);

// Whether a function of the companion met that another one is gone: it is being taken away, and the
// API still calls what was there. Nothing took effect.
bool lacks_part_of_companion(const ClassifiedAnswer& answer);

}  // namespace holdfast::queue
