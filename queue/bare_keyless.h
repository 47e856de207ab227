#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/upstream/upstream.h"
#include "queue/bare_call.h"

namespace holdfast::queue {

// An insert whose keys only the upstream makes, before an upstream without the companion (hard case
// 9): nothing of ours names its rows, so the largest key is noted before it is sent, and what a
// lost send has made is looked for behind that key: at once, as others may change it, and again
// once it cannot be committed any more.
//
// It is never sent again unless the later look proves that it did not arrive.
// One thread at a time: the principal's dispatcher; blocking.
class BareKeyless {
 public:
  using Values = std::vector<std::pair<std::size_t, cache::Value>>;  // of columns

  // All must outlive it.
  BareKeyless(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel,
              const cache::Table& table);

  // Whether the entry is one.
  static bool applies(const Sender& sender, const Entry& entry);

  // Before a send whose rows will be given back: durable when it returns. A verdict when the
  // upstream does not tell now, and nothing may be sent.
  std::optional<Verdict> note();
  // Before a send whose rows cannot be seen afterwards: nothing will show whether it arrived.
  void note_invisible();
  // After a lost answer: applied with its rows, uncertain for a person, or try again later; nullopt
  // when it surely did not arrive.
  std::optional<Verdict> look();

  // The verdict of a send whose answer was lost just now. Its rows are looked for at once, while
  // they still say what was sent; that they are not there proves nothing yet.
  Verdict lost(const upstream::Failure& failure);

 private:
  using Rows = std::vector<cache::Row>;
  // A sent row, and as what it may have been stored.
  struct Wanted {
    const cache::Effect* effect;
    Values defaults;  // that such a row surely has besides
    Rows found;
  };

  upstream::Call question(const std::string& select, const std::string& parameters) const;
  std::variant<Rows, Verdict> rows_behind(const std::string& noted);
  // Whether rows up to the noted key say the same: a key need not be larger than those before it,
  // where sequences cache values or count down, or somebody gave a larger one.
  std::variant<bool, Verdict> alike_before(const std::string& noted);
  // One page of rows; `after` becomes the key of its last one.
  std::variant<Rows, Verdict> page(const std::string& parameters, std::string& after);
  Values defaults_of(const cache::Effect& effect) const;
  std::vector<Wanted> compare(const Rows& rows) const;
  // Where each of the rows is found once, and which that is; uncertain where some are, or others
  // are found more than once; nullopt when none is there.
  std::optional<Verdict> adopt(const std::vector<Wanted>& wanted) const;
  // None of these rows is as it was sent: uncertain where one may be what became of it.
  std::optional<Verdict> suspect(const std::vector<Wanted>& wanted, const Rows& rows) const;
  // Those of a page that no other entry of this gateway is known to have made.
  Rows unexplained(Rows page);
  void keep(const std::string& largest);
  std::string key_text(const cache::Row& row) const;

  upstream::Upstream& upstream_;
  const Sender& sender_;
  const Entry& entry_;
  const std::vector<cache::Effect>& effects_;
  const cache::Table& table_;
  const std::size_t column_;  // whose values the upstream counts
  std::optional<std::string> noted_;
  bool others_send_ = false;  // what the rows were read for cannot be told yet
};

}  // namespace holdfast::queue
