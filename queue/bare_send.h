#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/upstream/upstream.h"
#include "queue/answer_class.h"
#include "queue/delivery.h"

namespace holdfast::queue {

// Sends one entry to an upstream without the companion, so that it takes effect once.
//
// An insert is plain, never an implicit upsert: sent again after a lost answer it meets its own
// row, which is read and compared (hard case 10). Updates, upserts and deletes whose answer was
// lost are settled by reading their rows before anything is sent again.
// One thread at a time: the principal's dispatcher; blocking.
class BareSend {
 public:
  // All must outlive it.
  BareSend(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel);

  Verdict deliver();

  // What the app is to be told once the verdict is final: without an answer where the upstream's
  // is none that it could use.
  const Told& told() const { return told_; }

 private:
  using Images = std::vector<cache::UpstreamImage>;
  enum class Representation { kRows, kNone };

  // After a lost answer: a verdict when the rows show one, nullopt when it is to be sent again.
  std::optional<Verdict> settle();
  std::optional<Verdict> settle_rows(const Images& rows);
  std::optional<Verdict> settle_deletion(const Images& rows);

  Verdict send(Representation representation);
  upstream::Call make_call(Representation representation) const;
  Verdict send_asked();
  Verdict judge_asked(const upstream::Answer& answer);
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
  const std::optional<AskedRequest>& asked_;
  const upstream::Credentials& credentials_;
  const bool force_;
  const cache::Table* table_;
  Told told_;
};

}  // namespace holdfast::queue
