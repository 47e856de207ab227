#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/replica/effect.h"
#include "cache/replica/row_store.h"

namespace holdfast::cache {

// Keeps every replica table at "the upstream's rows with this principal's pending writes on top".
//
// The upstream's image of a row with pending effects is set aside (hf_pending_base) when the first
// of them comes; from then on the visible row is that image with the effects replayed in order of
// their entries. Rows without pending effects cost nothing. All calls work inside the Transaction
// that they are given. Effects on a table that the catalog no longer has are kept and show nothing.
// One thread at a time: whoever holds the Transaction.
class Overlay {
 public:
  // `catalog` must outlive the Overlay.
  explicit Overlay(const Catalog& catalog);

  const Catalog& catalog() const { return catalog_; }
  const RowStore& rows(const Table& table) const { return stores_.at(&table); }

  // Records the effects of `entry` and shows them. Fills in each effect's `base`.
  void apply(Transaction& transaction, std::int64_t entry, std::span<Effect> effects);

  // A new upstream image of a row, from a pull or an acknowledgement: it becomes the row, or the
  // base under its pending effects.
  void put_base(Transaction& transaction, const Table& table, const std::string& key,
                const std::optional<Row>& image);
  // The same for a row of a table without any pending effects (has_pending() is false).
  void put_clean(Transaction& transaction, const Table& table, const Row& row);
  // Hard case 7: the base under the row's pending effects is only what our own acknowledged write
  // should have made of it, or may have made more of. The first image that comes takes the effects
  // along: what it has more is nobody else's; with kTouched those that name nothing of that.
  enum class Presumed : int { kNo, kWritten, kTouched };
  void presume(Transaction& transaction, const Table& table, const std::string& key,
               Presumed how) const;
  bool is_presumed(Database& database, const Table& table, const std::string& key) const;
  // The same for sure: an own write has made `after` of `before`, and nobody else meanwhile.
  void follow(Transaction& transaction, const Table& table, const Row& before,
              const Row& after) const;

  // Ends the effects of `entry`: the given images become the upstream's; of a row without one, the
  // base with the effect applied is presumed, and the row queued for a read by key. Later effects
  // on these rows are based on that.
  void acknowledge(Transaction& transaction, std::int64_t entry,
                   const std::vector<UpstreamImage>& images);

  // Ends the effects of `entry` without their having come to be: the given images stand instead.
  // Later effects keep their base: what others did is news to them too.
  void supersede(Transaction& transaction, std::int64_t entry,
                 const std::vector<UpstreamImage>& images);

  // Ends the effects of `entry` and takes them back.
  void drop(Transaction& transaction, std::int64_t entry);

  // The same, and remembers them: what they would have made is looked for by later entries.
  void suspend(Transaction& transaction, std::int64_t entry);

  // Shows the effects of `entry` again that drop() or suspend() took back.
  void reactivate(Transaction& transaction, std::int64_t entry);

  // Replaces the own effects of `entry`, which is not ended, by others on the same rows, in their
  // order and with their bases; those of rows that are not named end. Later entries keep their base
  // until this one ends.
  void rebase(Transaction& transaction, std::int64_t entry, std::span<const Effect> replacements);

  // Hands a part of effects(), in one piece, to `other`.
  void hand_over(Transaction& transaction, std::int64_t entry, std::span<const Effect> part,
                 std::int64_t other) const;

  // Overwrites what one of effects() says; refresh() shows it.
  void rewrite(Transaction& transaction, std::int64_t entry, const Effect& effect) const;
  // The pending row at `from` is to be at `to`, where its effects are already; refresh() shows it.
  void move(Transaction& transaction, const Table& table, const std::string& from,
            const std::string& to) const;
  void refresh(Transaction& transaction, std::int64_t entry);

  // Shows every row with pending effects again, in tables that have lost their rows.
  void show_pending(Transaction& transaction);

  std::vector<Effect> effects(Database& database, std::int64_t entry) const;
  // The entries after `entry` with pending effects on rows of its own, in their order.
  std::vector<std::int64_t> later_on_its_rows(Database& database, std::int64_t entry) const;

  bool has_pending(Database& database, const Table& table) const;
  bool is_pending(Database& database, const Table& table, const std::string& key) const;
  // Of a row that is not visible: whether a pending write takes the one away that has the values of
  // `row` in `columns`, or gives it others.
  bool takes_away(Database& database, const Table& table, const std::vector<std::size_t>& columns,
                  const Row& row) const;
  // Calls `state` with what every row of `table` that has pending effects was before them, and
  // between them, by key_of(), until it answers false.
  void for_each_set_aside(
      Database& database, const Table& table,
      const std::function<bool(const std::string& key, const Row& row)>& state) const;
  // How many rows of `relation` have pending effects.
  std::int64_t pending_rows(Database& database, const std::string& relation) const;

  // The upstream's image of a row, its pending effects left out.
  std::optional<Row> base_of(Database& database, const Table& table, const std::string& key) const;
  // Calls `row` with the upstream's image of every row of `table` that is there, by key_of().
  void for_each_base(Database& database, const Table& table,
                     const std::function<void(const std::string& key, const Row& row)>& row) const;

  // How many acknowledgements there were. A row's newest one is in hf_acknowledged_rows: an image
  // that was asked for before it is older than what is here (hard case 8).
  std::int64_t acknowledgements(Database& database) const;

  const Table* find_table(std::string_view relation) const;

 private:
  struct Base {
    bool pending;  // the image is set aside
    std::optional<Row> row;
    Presumed presumed = Presumed::kNo;
  };

  Base load_base(Database& database, const Table& table, const std::string& key) const;
  void save_base(Transaction& transaction, const Table& table, const std::string& key,
                 const std::optional<Row>& image) const;
  void forget_base(Transaction& transaction, const Table& table, const std::string& key) const;
  void show(Transaction& transaction, const Table& table, const std::string& key,
            const std::optional<Row>& row) const;
  // Ends the effects of `entry`, and takes what answers told of rows. The ended ones.
  std::vector<Effect> end_with(Transaction& transaction, std::int64_t entry,
                               const std::vector<UpstreamImage>& images);
  // The base, and the row after each of its pending effects.
  std::vector<std::optional<Row>> states_of(Database& database, const Table& table,
                                            const std::string& key, std::optional<Row> base) const;
  // Shows the base with the pending effects replayed over it; without any, ends the base.
  void recompute(Transaction& transaction, const Table& table, const std::string& key);
  // The image that an answer told of a row. What a pull has brought while the answer was on its way
  // may be newer than it, or older: nothing tells, so the row is queued for a read by key.
  void take_answer(Transaction& transaction, const UpstreamImage& image,
                   const std::vector<Effect>& ended);
  static void read_again(Transaction& transaction, const std::string& relation,
                         const std::string& key);
  void note_acknowledgement(Transaction& transaction, const std::vector<Effect>& ended) const;
  // Own earlier writes are no conflict: what `entry` made of the row becomes part of the base of
  // the effects after it, and nothing else. `image`: what an answer told of the row, if anything.
  // `left`: the row at the key that it had before, where the effect has taken it to another one.
  void rebase_later(Transaction& transaction, const Effect& ended, std::int64_t entry,
                    const UpstreamImage* image, const std::optional<std::string>& left) const;
  // Gives the later effects at the keys to which `entry` takes rows the base that it makes there
  // now, before what it is based on is replaced.
  void keep_bases_of_moved(Transaction& transaction, std::int64_t entry) const;
  // From `before`, an image, to the base of now.
  struct Change {
    std::optional<std::string> before;
    bool alone = true;  // all of it is our own write's, if nobody had changed the row before
    // The columns that surely are; nullopt: all that has changed.
    std::optional<std::vector<std::size_t>> own = std::nullopt;
    std::vector<std::size_t> compared = {};  // these are, where nobody had changed them before
    bool of_unnamed = false;                 // none of it is for effects that name a part of it
    const Row* after = nullptr;  // instead of the base of now, for effects that have a base
    // What the write itself made of the row, where what is there now may be others' doing too.
    std::optional<Row> made = std::nullopt;
  };
  // The effects on the row after `entry` go along with the change.
  void rebase_effects(Transaction& transaction, const Table& table, const std::string& key,
                      std::int64_t entry, const Change& change) const;
  static std::optional<Row> base_after(const Table& table, const std::optional<std::string>& base,
                                       const Change& change, const std::optional<Row>& after);
  // The own effects of `entry` on rows that none of `kept` is on.
  void end_others(Transaction& transaction, std::int64_t entry, std::span<const Effect> kept);
  // Where effects stand, as hf_effects.active has it.
  enum class Standing : int { kEnded, kShown, kSuspended };
  void set_standing(Transaction& transaction, std::int64_t entry, Standing standing) const;
  void take_back(Transaction& transaction, std::int64_t entry, Standing standing);

  const Catalog& catalog_;
  std::map<const Table*, RowStore> stores_;
  std::map<std::string, const Table*, std::less<>> tables_;
};

// An image or changes as they are kept here; throws for what cannot be read, as that is damage.
Row read_stored(const Table& table, std::string_view object);

// The row after `effect`; nullopt = the row is not there.
std::optional<Row> apply_effect(const Table& table, const Effect& effect, std::optional<Row> row);

}  // namespace holdfast::cache
