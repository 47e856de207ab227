#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/upstream/upstream.h"
#include "queue/bare_call.h"
#include "queue/bare_keyless.h"

namespace holdfast::queue {

struct RowWrite;

// Sends one insert or upsert to an upstream without the companion, so that it takes effect once; or
// any write as its app asked for it, while the app waits.
//
// An insert is plain, never an implicit upsert: sent again after a lost answer it meets its own
// row, which is read and compared (hard case 10). The rows of an upsert are read before it is sent,
// where it overwrites what was known here, later writes are based on them, or its answer was lost.
// One thread at a time: the principal's dispatcher; blocking.
class BareSend {
 public:
  // All must outlive it.
  BareSend(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel,
           const cache::Table& table);

  Verdict deliver();

  // Hard case 10, of an answer that says 23505: reads the rows. Equal ones are as good as inserted.
  Verdict judge_duplicate(const upstream::Answer& answer, const ClassifiedAnswer& classified);

  // What the app is to be told once the verdict is final: without an answer where the upstream's
  // is none that it could use.
  const Told& told() const { return told_; }

 private:
  using Images = std::vector<cache::UpstreamImage>;

  // What the rows show before it is sent: a verdict, or nullopt.
  std::optional<Verdict> look();
  // The keys of an upsert's rows that are looked at.
  std::vector<std::string> looked_at(const std::vector<RowWrite>& known) const;
  // Whether the write is sent though its rows could not be read first.
  bool may_go_unseen(const Verdict& failed) const;
  // The known rows of an upsert that others have changed; nullopt: none.
  std::optional<Verdict> find_collisions(const std::vector<RowWrite>& known,
                                         const SeenRows& seen) const;
  // After a lost answer: of the rows of an upsert.
  std::optional<Verdict> settle(const Images& images) const;

  Verdict send(Representation representation);
  // The same with what it has made of the rows that were looked at.
  Verdict told_apart(Verdict verdict) const;
  Verdict send_asked();
  // As asked for, with these of its targets and headers.
  upstream::Outcome call_asked(const std::string& target, const http::Headers& headers);
  // Of a send without an answer.
  Verdict lost(const upstream::Failure& failure);
  bool may_arrive_late() const;
  Verdict judge_asked(const upstream::Answer& answer);
  // Of an answer that says nothing of the write.
  Verdict unreadable();
  Verdict judge(const upstream::Answer& answer, Representation representation);
  Verdict refused(const upstream::Answer& answer, const ClassifiedAnswer& classified);

  std::optional<Images> images_of(const std::string& body) const;

  // Whether the device has known a row by one of the keys before: then others may have it too.
  bool had_been_here() const;
  bool shows_effect(const cache::UpstreamImage& image) const;
  bool shows_base(const cache::UpstreamImage& image) const;
  const cache::Effect* effect_of(const std::string& key) const;

  upstream::Upstream& upstream_;
  const Sender& sender_;
  const Entry& entry_;
  const std::vector<cache::Effect>& effects_;
  const std::vector<WatchedRow>& watched_;
  const std::optional<AskedRequest>& asked_;
  const cache::Table& table_;
  const bool counted_;                  // the upstream makes the keys of its rows
  std::optional<BareKeyless> keyless_;  // the same, and nobody keeps ours
  Images before_;                       // an upsert's rows, as they were seen just before it
  Told told_;
  bool asks_rows_ = false;               // the app's request, as it was sent
  std::optional<std::string> own_rows_;  // complete ones, which the app is not told
};

}  // namespace holdfast::queue
