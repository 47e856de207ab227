#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cache/replica/options.h"
#include "queue/bare_call.h"
#include "queue/row_version.h"
#include "queue/row_write.h"

namespace holdfast::queue {

// Sends one row's update or deletion to an upstream without the companion.
//
// It carries what the row was (RowCondition) and so takes effect on no other version of it; a
// second send of the same changes nothing. Where no row was touched, the row is read: changed,
// gone, not permitted, or already as it should be (hard cases 6, 7, 13).
// One thread at a time: the principal's dispatcher; blocking.
class BareRowSend {
 public:
  // All must outlive it. `write` is the parcel's.
  BareRowSend(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel,
              const cache::Table& table, const RowWrite& write, const cache::TableOptions& options);

  Verdict deliver();

 private:
  using Images = std::vector<cache::UpstreamImage>;
  enum class Guard { kExact, kWholeRow, kBase, kKeyOnly };

  bool must_read_first(const RowCondition& condition) const;
  // By columns that not every server compares; nullopt: it has to be read first.
  std::optional<Verdict> send_exactly(const RowCondition& condition);
  Verdict send_plainly(const RowCondition& condition);
  // The row's image was computed here and not yet read back.
  bool presumed() const;
  RowCondition condition() const;
  Named named() const;
  // What an update sends: without what the condition leaves out.
  std::string body_under(const RowCondition& condition) const;

  Verdict send(Guard guard, const RowCondition& condition, Representation representation);
  Verdict judge_answer(const upstream::Answer& answer, Guard guard, const RowCondition& condition,
                       Representation representation);
  // Whether the row, which is there, is one that `condition` lets be written: then something else
  // kept it from it, and another send would only do again what a trigger does.
  std::variant<bool, TryAgain> meets(const RowCondition& condition);
  // What was refused perhaps for what it was compared with is sent with less; nullopt: it was not.
  std::optional<Verdict> send_otherwise(const ClassifiedAnswer& answer, Guard guard,
                                        const RowCondition& condition,
                                        Representation representation);
  // Reads the row: a verdict, or nullopt when it is as it was in the base.
  std::optional<Verdict> look();
  std::optional<Verdict> judge_arrival(const cache::UpstreamImage& seen) const;
  // Whether `row` has, in what the write does not name, what the base had.
  bool is_rest_as_it_was(const cache::Row& row) const;
  std::optional<Verdict> judge_update(const SeenRows& seen) const;
  std::optional<Verdict> judge_deletion(const SeenRows& seen) const;
  // As in UpstreamImage.
  struct Ours {
    bool guarded = false;
    std::vector<std::size_t> compared = {};
  };
  Verdict applied(std::optional<cache::Row> row, const Ours& ours) const;

  upstream::Upstream& upstream_;
  const Sender& sender_;
  const Entry& entry_;
  const cache::Table& table_;
  const RowWrite& write_;
  const VersionColumns columns_;
  const std::optional<cache::Row> base_;
};

}  // namespace holdfast::queue
