#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/upstream/upstream.h"
#include "queue/bare_call.h"
#include "queue/keyless_rows.h"

namespace holdfast::queue {

// Inserts whose keys only the upstream makes, before an upstream without the companion (hard case
// 9): nothing of ours names their rows, so the largest key is noted before they are sent, and what
// a lost send has made is looked for behind that key: at once, as others may change it, and again
// once it cannot be committed any more.
//
// Several go in one request only where no two of them say the same, so that each can be looked for
// by itself.
// It is never sent again unless the later look proves that it did not arrive.
// One thread at a time: the principal's dispatcher; blocking.
class BareKeyless {
 public:
  // What one request sends. All must outlive it.
  BareKeyless(upstream::Upstream& upstream, const Sender& sender,
              std::span<const Parcel* const> parcels, const cache::Table& table);

  // Whether the entry is one.
  static bool applies(const Sender& sender, const Entry& entry);
  // Whether `next`, which is one and goes into `table`, may go in one request with `batch`.
  static bool joins(const Sender& sender, std::span<const Parcel> batch, const Parcel& next,
                    const cache::Table& table);

  // Before a send whose rows will be given back: durable when it returns. A verdict when the
  // upstream does not tell now, and nothing may be sent.
  std::optional<Verdict> note();
  // Before a send whose rows cannot be seen afterwards: nothing will show whether it arrived.
  void note_invisible();
  // After a lost answer of a single one: applied with its rows, uncertain for a person, or try
  // again later; nullopt when it surely did not arrive.
  std::optional<Verdict> look();

  // The verdicts of a send whose answer was lost just now, one for each parcel. Its rows are looked
  // for at once, while they still say what was sent; that they are not there proves nothing yet.
  std::vector<Verdict> lost(const upstream::Failure& failure);
  // Of a send that gave `rows` back: whose they are is told by their order; nullopt: by nothing.
  std::optional<std::vector<Verdict>> applied(std::vector<cache::Row> rows) const;

 private:
  using Rows = std::vector<cache::Row>;
  // A sent row, and as what it may have been stored.
  struct Wanted {
    std::size_t parcel;  // its place among them
    const cache::Effect* effect;
    ColumnValues defaults;  // that such a row surely has besides
    Rows found;
  };

  std::variant<Rows, Verdict> rows_behind(const std::string& noted);
  // Whether rows up to the noted key say the same: a key need not be larger than those before it,
  // where sequences cache values or count down, or somebody gave a larger one.
  std::variant<bool, Verdict> alike_before(const std::string& noted);
  // One page of rows; `after` becomes the key of its last one.
  std::variant<Rows, Verdict> page(const std::string& parameters, std::string& after);
  ColumnValues defaults_of(const Entry& entry, const cache::Effect& effect) const;
  std::vector<Wanted> wanted() const;
  std::vector<Verdict> for_all(const Verdict& verdict) const;
  std::vector<Wanted> compare(const Rows& rows) const;
  // Where each of the rows is found once, and which that is; uncertain where some are, or others
  // are found more than once; empty when none is there. One for each parcel.
  std::vector<Verdict> adopt(const std::vector<Wanted>& wanted) const;
  // None of these rows is as it was sent: uncertain where one may be what became of it.
  std::optional<Verdict> suspect(const std::vector<Wanted>& wanted, const Rows& rows) const;
  // Those of a page that no other entry of this gateway is known to have made.
  Rows unexplained(Rows page);
  void keep(const std::string& largest);
  std::string key_text(const cache::Row& row) const;

  upstream::Upstream& upstream_;
  const Sender& sender_;
  const std::vector<const Parcel*> parcels_;  // at least one
  const Entry& entry_;                        // of the first
  const cache::Table& table_;
  const std::size_t column_;  // whose values the upstream counts
  std::optional<std::string> noted_;
  bool others_send_ = false;  // what the rows were read for cannot be told yet
};

}  // namespace holdfast::queue
