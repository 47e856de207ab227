#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cache/replica/mutation.h"
#include "cache/replica/overlay.h"

namespace holdfast::cache {

// Negative ids that stand for keys which only the upstream makes (identity columns, sequences),
// from an insert made without it until its answer tells the real ones; afterwards the real ones are
// found by them.
//
// Everything is kept in the principal's file. One thread at a time: whoever holds the Transaction.
class TemporaryIds {
 public:
  // `overlay` must outlive it.
  explicit TemporaryIds(Overlay& overlay) : catalog_(overlay.catalog()), overlay_(overlay) {}

  // The key column whose values the upstream counts; nullopt for a table without one.
  static std::optional<std::size_t> column_of(const Table& table);
  // The largest negative number below every value that the column has, had or stands for here.
  static std::int64_t next(Database& database, const Overlay& overlay, const Table& table);

  // The rows that `entry` inserts have these ids, in the order of its request.
  static void remember(Transaction& transaction, std::int64_t entry, const Table& table,
                       const std::vector<std::int64_t>& ids);
  // How many ids of `entry` are not known upstream.
  static std::int64_t unresolved(Database& database, std::int64_t entry);
  // The table and the ids of the entry's rows that are not known upstream; nullptr without any.
  std::pair<const Table*, std::vector<std::int64_t>> unresolved_of(Database& database,
                                                                   std::int64_t entry) const;

  // An entry whose effects were given real ids, and its effects as they were before.
  struct Renamed {
    std::int64_t entry;
    std::vector<Effect> before;
  };
  // Columns that hold ids of a table: its own, and foreign keys to it, directly or over others.
  using Carriers = std::map<const Table*, std::set<std::size_t>>;
  struct Adoption {
    Carriers carriers;
    std::map<std::int64_t, std::int64_t> real;  // by temporary id
    std::vector<Renamed> renamed;
  };
  // `entry` was acknowledged with `images`: each id whose row is among them becomes the real one in
  // all effects, references and rows. The rows of others go, as theirs are not known. As many
  // images as rows are those in their order; fewer are told apart by what was sent.
  Adoption adopt(Transaction& transaction, std::int64_t entry, std::vector<UpstreamImage>& images);

  // The temporary ids that a request names.
  struct Named {
    bool any = false;
    bool waiting = false;  // one has no real id yet; its insert may still be taken
    bool lost = false;     // and never will: its row is upstream, and no answer told its id
  };
  // Replaces ids that are known by now in a request's body and filters.
  Named resolve(Database& database, Mutation& mutation) const;
  // Whether there ever was a temporary id.
  static bool any(Database& database);
  // The id that `text` stands for as a value of `column`; nullopt when it stands for none, or for
  // one that is not known yet.
  std::optional<std::string> real_id(Database& database, const Table& table,
                                     const std::string& column, const std::string& text) const;

 private:
  Carriers carriers_of(const Table& table) const;
  // The tables whose ids the column holds.
  std::vector<const Table*> sources_of(const Table& table, std::size_t column, int depth = 0) const;
  struct Found {
    Named named;
    std::optional<std::string> real;
  };
  Found find(Database& database, const Table& table, const std::string& column,
             const std::string& text) const;
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

// `object` (a JSON object) with the members of `columns` whose tokens `real` knows replaced.
std::string replace_ids(const Table& table, const std::set<std::size_t>& columns,
                        const std::map<std::int64_t, std::int64_t>& real,
                        const std::string& object);

}  // namespace holdfast::cache
