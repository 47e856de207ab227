#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/replica/mutation.h"
#include "cache/replica/overlay.h"

namespace holdfast::cache {

// Negative ids that stand for keys which only the upstream makes (identity columns, sequences),
// from an insert made without it until its answer tells the real ones; afterwards the real ones are
// found by them.
//
// They are numbers that hardly anybody writes (from -1800000001 down), no two rows of a principal
// have the same one, and each principal of a gateway begins in a range of its own: wherever such a
// number stands by itself, as a value, in a list, in an array or in JSON, it names its row (hard
// case 13).
//
// Everything is kept in the principal's file. One thread at a time: whoever holds the Transaction.
class TemporaryIds {
 public:
  // `overlay` must outlive it.
  explicit TemporaryIds(Overlay& overlay) : catalog_(overlay.catalog()), overlay_(overlay) {}

  // The key column whose values the upstream counts; nullopt for a table without one.
  static std::optional<std::size_t> column_of(const Table& table);
  // One that no row has or had; the next ones of the same request are each one less.
  static std::int64_t next(Database& database, const Overlay& overlay, const Table& table);

  // The range of the principal's file, which begins in none of `taken` when it is new.
  static std::int64_t begin(Transaction& transaction, const std::string& principal,
                            const std::set<std::int64_t>& taken);
  // The rows that `entry` inserts have these ids, in the order of its request.
  static void remember(Transaction& transaction, std::int64_t entry, const Table& table,
                       const std::vector<std::int64_t>& ids);
  // How many ids of `entry` are not known upstream.
  static std::int64_t unresolved(Database& database, std::int64_t entry);
  // The table and the ids of the entry's rows that are not known upstream; nullptr without any.
  std::pair<const Table*, std::vector<std::int64_t>> unresolved_of(Database& database,
                                                                   std::int64_t entry) const;

  struct Adoption {
    std::map<std::int64_t, std::int64_t> real;  // by temporary id
    std::vector<std::int64_t> renamed;          // the entries whose effects name them
  };
  // `entry` was acknowledged with `images`: each id whose row is among them becomes the real one in
  // all effects, references and rows. The rows of others go, as theirs are not known. As many
  // images as rows are those in their order; fewer are told apart by what was sent.
  Adoption adopt(Transaction& transaction, std::int64_t entry, std::vector<UpstreamImage>& images);

  // The temporary ids that a request names.
  struct Named {
    bool any = false;
    bool waiting = false;   // one has no real id yet; its insert may still be taken
    bool lost = false;      // and never will: its row is upstream, and no answer told its id
    bool given_up = false;  // and never will: a person has discarded its insert
    // The rows of those that wait, by relation and key: what names them goes after their inserts,
    // of which this is the last.
    std::vector<std::pair<std::string, std::string>> rows = {};
    std::int64_t last_entry = 0;
    std::vector<std::int64_t> unknown = {};  // such numbers that are none of this principal's
  };
  // Replaces ids that are known by now in a request's body and filters. The rows, and those that
  // were given up or are unknown, are those that its body names.
  Named resolve(Database& database, Mutation& mutation) const;
  // The same in a text, such as a filter's value or JSON; nullopt when nothing changes. Adds what
  // it names to `named`.
  std::optional<std::string> resolve(Database& database, std::string_view text, Named& named) const;
  bool knows(Database& database, std::int64_t id) const { return find(database, id).named.any; }

 private:
  struct Found {
    Named named;
    std::optional<std::int64_t> real;
  };
  Found find(Database& database, std::int64_t id) const;
  std::optional<std::string> key_of_row(Database& database, const Table& table, std::int64_t entry,
                                        std::int64_t id) const;
  using Place = std::pair<const Table*, std::string>;  // a row, by its key
  // Keeps what the images tell.
  static std::map<std::int64_t, std::int64_t> learn(Transaction& transaction, const Table& table,
                                                    const std::vector<std::int64_t>& ids,
                                                    const std::vector<const Row*>& made);
  static std::vector<std::int64_t> entries_about(Database& database, const Place& place);
  void rename_entry(Transaction& transaction, std::int64_t entry, Adoption& adoption,
                    std::vector<Place>& moved);
  void move_row(Transaction& transaction, const Place& place, const Adoption& adoption) const;

  const Catalog& catalog_;
  Overlay& overlay_;
};

}  // namespace holdfast::cache
