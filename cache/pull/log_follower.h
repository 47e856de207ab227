#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cache/pull/change_log.h"
#include "cache/pull/options.h"
#include "cache/replica/options.h"
#include "cache/replica/recheck.h"
#include "cache/replica/store.h"

namespace holdfast::cache {

// Follows the companion's change log for one principal: reads it window by window from the
// position in the principal's file, and applies each window as one transaction, so that what was
// written together is seen together.
//
// What a window only hints at (a part of a table, a row too large to come along) is noted in the
// same transaction for the tables' own pulls. A log that is another one, or that was cleared
// meanwhile, has every table compared; so has another access hash. Pending writes stay.
// One thread at a time: whoever pulls.
class LogFollower {
 public:
  // All references must outlive it.
  LogFollower(Store& store, ChangeLog& log, const ReplicaOptions& replica,
              const PullOptions& options, const Clock& clock)
      : store_(store), log_(log), replica_(replica), options_(options), clock_(clock) {}

  // nullopt = done, or there is no log.
  std::optional<PullFailure> follow();

  // Afterwards: whether there is one, and the relations whose changes it has.
  bool found() const { return found_; }
  const std::set<std::string>& relations() const { return relations_; }
  // Rows received.
  std::int64_t rows() const { return rows_; }
  // Whether one came that cannot be kept: the schema may have changed.
  bool met_unreadable() const { return met_unreadable_; }

 private:
  struct Position {
    std::optional<std::string> cursor;
    std::string lineage;
    std::string access;
  };
  struct Image {
    const Table* table;
    std::string key;
    std::optional<Row> row;
    bool read_by_key = false;
    std::string unreadable;
  };

  Position load_position();
  std::optional<PullFailure> start();
  void save_position(Transaction& transaction, const LogWindow& window);
  void apply(const LogWindow& window, std::int64_t mark, bool access_changed);
  std::optional<Image> image_of(const LogLine& line) const;
  static std::map<std::string, std::vector<std::string>> gone_in(const std::vector<Image>& images);
  void apply_image(Transaction& transaction, const Image& image, std::int64_t mark);
  void note_part(Transaction& transaction, const LogLine& line);
  void recheck(Transaction& transaction, const std::string& relation, Recheck what);
  void recheck_all(Transaction& transaction);
  std::vector<const Table*> wanted() const;
  bool appends_only(const Table& table) const { return replica_.of(table).append_only; }

  Store& store_;
  ChangeLog& log_;
  const ReplicaOptions& replica_;
  const PullOptions& options_;
  const Clock& clock_;
  bool found_ = false;
  bool met_unreadable_ = false;
  std::set<std::string> relations_;
  std::int64_t rows_ = 0;
};

// The age in seconds, when the log was read last, of the oldest transaction that was open upstream:
// whatever began before it is here; nullopt when no log was read.
std::optional<double> watermark_lag(Database& database);

}  // namespace holdfast::cache
