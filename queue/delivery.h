#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cache/replica/store.h"
#include "gateway/upstream/credentials.h"
#include "gateway/upstream/upstream.h"
#include "queue/answer_class.h"
#include "queue/entry.h"

namespace holdfast::queue {

// What became of one send; the dispatcher writes it down.
struct Applied {
  std::vector<cache::UpstreamImage> images;
};
struct Superseded {  // the upstream's row stands: gone, or not permitted to be changed
  std::string reason;
  std::vector<cache::UpstreamImage> images;
};
struct TryAgain {
  int status = 0;  // 0: no HTTP answer
  std::string reason;
  bool lost_answer = false;
  std::optional<std::chrono::seconds> retry_after;
  bool server_error = false;
};
struct TokenRefused {
  int status;
  std::string reason;
};
struct Refused {
  int status;
  std::string reason;
  // Another earlier entry of the principal may be what it lacks (a parent row, a policy's row).
  bool may_depend_on_earlier = false;
};
struct Uncertain {  // nothing shows whether a lost send took effect: for a person
  int status;
  std::string reason;
};
using Verdict = std::variant<Applied, Superseded, TryAgain, TokenRefused, Refused, Uncertain>;

// Sends one entry to an upstream without the companion, so that it takes effect once.
//
// An insert is plain, never an implicit upsert: sent again after a lost answer it meets its own
// row, which is read and compared (hard case 10). Updates, upserts and deletes whose answer was
// lost are settled by reading their rows before anything is sent again.
// One thread at a time: the principal's dispatcher; blocking.
class Delivery {
 public:
  // All must outlive it.
  Delivery(upstream::Upstream& upstream, const cache::Store& store, const Entry& entry,
           const std::vector<cache::Effect>& effects, const upstream::Credentials& credentials,
           bool force);

  Verdict deliver();

 private:
  using Images = std::vector<cache::UpstreamImage>;
  enum class Representation { kRows, kNone };

  // After a lost answer: a verdict when the rows show one, nullopt when it is to be sent again.
  std::optional<Verdict> settle();
  std::optional<Verdict> settle_rows(const Images& rows);
  std::optional<Verdict> settle_deletion(const Images& rows);

  Verdict send(Representation representation);
  upstream::Call make_call(Representation representation) const;
  Verdict judge(const upstream::Answer& answer, Representation representation);
  Verdict judge_applied(const upstream::Answer& answer, Representation representation);
  Verdict judge_missing(Images images, const std::vector<std::string>& missing);
  Verdict judge_duplicate(const upstream::Answer& answer, const ClassifiedAnswer& classified);

  // The rows of `keys` as the principal sees them now; one without a row is not visible.
  std::variant<Images, Verdict> read_rows(const std::vector<std::string>& keys);
  std::optional<Images> images_of(const std::string& body) const;

  std::vector<std::string> keys_after() const;  // where the entry's rows are once it is applied
  bool shows_effect(const cache::UpstreamImage& image) const;
  bool shows_base(const cache::UpstreamImage& image) const;
  const cache::Effect* effect_of(const std::string& key) const;

  upstream::Upstream& upstream_;
  const cache::Store& store_;
  const Entry& entry_;
  const std::vector<cache::Effect>& effects_;
  const upstream::Credentials& credentials_;
  const bool force_;
  const cache::Table* table_;
};

}  // namespace holdfast::queue
