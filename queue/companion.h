#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/upstream/credentials.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::queue {

// What companion/holdfast.sql of this gateway says of itself; a larger number where an older text
// should be replaced.
inline constexpr int kCompanionVersion = 12;

// What holdfast_push() says of itself in each of its answers.
struct CompanionVersion {
  int version = 0;
  // The API calls the db_pre_request hook, so single writes leave their keys too.
  bool hook = false;
  // Those that it serves; empty: it does not say, as before version 6.
  std::vector<std::string> schemas = {};

  bool serves(std::string_view schema) const;
  bool outdated() const { return version < kCompanionVersion; }
};

// Whether the upstream has the companion (companion/holdfast.sql), as its last answers showed.
// Thread-safe.
class Companion {
 public:
  std::optional<CompanionVersion> found() const;
  // Whether any answer has told. Until then nothing may be sent: an answer that is lost meanwhile
  // could not be looked for by its key.
  bool known() const;
  // As /status shows it: "companion" or "bare".
  const char* tier() const { return found() ? "companion" : "bare"; }

  void note_found(CompanionVersion version);
  // It is not there, or not for us.
  void note_absent();

  // Asks the upstream. An answer that tells neither changes nothing once it is known; before, any
  // other word of the upstream's own means that it is not there. Blocking.
  void probe(upstream::Upstream& upstream, const upstream::Credentials& credentials);

 private:
  mutable Mutex mutex_;
  std::atomic<int> foreign_answers_ = 0;  // before it is known
  bool known_ HF_GUARDED_BY(mutex_) = false;
  std::optional<CompanionVersion> found_ HF_GUARDED_BY(mutex_);
};

// A call of holdfast_push() with these events, a JSON array.
upstream::Call push_call(const std::string& events, const upstream::Credentials& credentials);

// Whether the answer says that there is no holdfast_push(), or that the caller may not use it.
bool lacks_companion(const upstream::Answer& answer);

// nullopt where it is no answer of holdfast_push().
std::optional<CompanionVersion> version_in(const upstream::Answer& answer);

}  // namespace holdfast::queue
