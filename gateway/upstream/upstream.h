#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "gateway/base/clock.h"
#include "gateway/http/headers.h"

namespace holdfast::upstream {

// One request to the upstream.
struct Call {
  std::string method = "GET";
  std::string target;  // raw path and query below the base URL, such as /rest/v1/todos?id=eq.1
  http::Headers headers;
  std::string body;
  // For the whole call, but for the time that large bodies take; absent = the options'.
  std::optional<std::chrono::milliseconds> timeout;
  bool unhurried = false;         // the options' for functions and files then
  bool fresh_connection = false;  // never on a connection that was used before (hard case 9)
  bool force = false;             // try it although the upstream is known to be offline
};

// What the upstream said, body complete. Hop-by-hop fields are taken out.
struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;
  Timestamp received_at;
  std::optional<Timestamp> date;  // the Date field: the upstream's own clock
};

// Whether a call without an answer may have taken effect.
enum class Loss {
  kNotSent,     // surely not: the upstream never had the whole request
  kAnswerLost,  // perhaps: it was sent, and no whole answer came back
};

struct Failure {
  Loss loss = Loss::kNotSent;
  std::string reason;  // for logs and /status; no secret in it
};

// An Answer, or the Failure that stands in its place. Any HTTP status is an Answer.
class [[nodiscard]] Outcome {
 public:
  Outcome(Answer answer) : state_(std::move(answer)) {}
  Outcome(Failure failure) : state_(std::move(failure)) {}

  bool answered() const { return std::holds_alternative<Answer>(state_); }

  // Only when answered().
  const Answer& answer() const& { return *std::get_if<Answer>(&state_); }
  Answer&& answer() && { return std::move(*std::get_if<Answer>(&state_)); }
  // Only when !answered().
  const Failure& failure() const& { return *std::get_if<Failure>(&state_); }

 private:
  std::variant<Answer, Failure> state_;
};

// The Supabase project behind us.
//
// Nothing is ever repeated that may have taken effect, except GET and HEAD.
// Thread-safe.
class Upstream {
 public:
  virtual ~Upstream() = default;
  // Blocks until there is an outcome, at most about the call's timeout.
  virtual Outcome call(const Call& call) = 0;
  // Ends the calls under way with a Failure and refuses later ones, for shutdown.
  virtual void stop() = 0;
};

}  // namespace holdfast::upstream
