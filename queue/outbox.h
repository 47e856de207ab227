#pragma once

#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cache/replica/overlay.h"
#include "queue/entry.h"
#include "queue/row_write.h"

namespace holdfast::queue {

// Durable log of one principal's mutations on their way to the upstream.
//
// Every change of an entry's state and what it means for the visible rows happen in the caller's
// Transaction, together. Delivery is at least once on the wire: an entry is sent until
// acknowledge(), resolve(), reject() or discard(), so the upstream may see an idempotency key
// twice; that it takes effect once is the Delivery's work.
// One thread at a time: whoever holds the Transaction or Database passed in.
class Outbox {
 public:
  using Database = cache::Database;
  using Transaction = cache::Transaction;

  // `overlay` must outlive the Outbox and belong to the same file.
  explicit Outbox(cache::Overlay& overlay) : overlay_(overlay) {}

  cache::Overlay& overlay() { return overlay_; }
  using References = std::vector<std::pair<std::string, std::string>>;

  // Appends a queued entry with its effects, which show, and the rows that its foreign keys name.
  void append(Transaction& transaction, Entry& entry, std::span<cache::Effect> effects,
              const References& references, const References& former = {});

  // The oldest entry that may be sent now, set to sending. An entry that shares a row or a foreign
  // key with an earlier unfinished one waits for it, as blocked (hard case 5); one whose row was
  // inserted by a dead letter is blocked until a person decides.
  std::optional<Entry> claim(Transaction& transaction, Timestamp now);
  // Further entries that may be sent now, after `sequence`, in order; not claimed yet.
  std::vector<Entry> ready_after(Database& database, std::int64_t sequence, Timestamp now,
                                 int limit) const;
  // Whether `next`, which is ready, may be claimed with `batch` (sequences) before it.
  enum class Tie {
    kFree,
    kDepends,  // on a row of `batch` by a foreign key, and on nobody else
    kBlocked,
  };
  Tie tie(Database& database, const Entry& next, std::span<const std::int64_t> batch) const;
  // Sets it to sending.
  void take(Transaction& transaction, Entry& entry) const;
  // Sets it to blocked if it has to wait for another; whether it does.
  bool block(Transaction& transaction, const Entry& entry);

  // When the next entry may be sent by itself: the epoch when one is queued, else the end of the
  // shortest wait; nullopt when there is neither. Without `queued`, waits alone count: after the
  // upstream gave no answer, those that were not tried wait with the one that was.
  enum class Due { kQueuedToo, kWaitsOnly };
  std::optional<Timestamp> next_due(Database& database, Due due = Due::kQueuedToo) const;

  // Ends: the rows change with them.
  void acknowledge(Transaction& transaction, const Entry& entry,
                   const std::vector<cache::UpstreamImage>& images, Timestamp now);
  // The upstream's row won; its image, if known, is shown.
  void resolve(Transaction& transaction, const Entry& entry, const std::string& reason,
               const std::vector<cache::UpstreamImage>& images, Timestamp now);
  void reject(Transaction& transaction, const Entry& entry, int status, const std::string& reason,
              Timestamp now);
  // Refused while its app waited, which hears the upstream's words: nothing was promised, so it is
  // no dead letter, and the app's Idempotency-Key is free again.
  void refuse(Transaction& transaction, const Entry& entry, int status, const std::string& reason,
              Timestamp now);
  // What can never come to be without its rows becomes a dead letter.
  void discard(Transaction& transaction, const Entry& entry, Timestamp now);

  struct Wait {
    Timestamp until;
    int status = 0;
    std::string reason;
    bool lost_answer = false;  // remembered until the entry ends
  };
  // Not ends. `attempts` is how many sends count for the next wait's length.
  void wait(Transaction& transaction, const Entry& entry, int attempts, const Wait& wait);
  void give_back(Transaction& transaction, const Entry& entry);  // claimed and not tried
  // From waiting to stalled: it goes on waiting, and shows that it keeps failing.
  void stall(Transaction& transaction, const Entry& entry);
  void park(Transaction& transaction, const Entry& entry, State state, int status,
            const std::string& reason);
  struct Doubt {
    int status = 0;
    std::string reason;
    std::optional<Timestamp> look_at;  // when it is looked for; nullopt: a person has to look
  };
  // Nothing shows whether a lost send took effect.
  void doubt(Transaction& transaction, const Entry& entry, const Doubt& doubt);
  // Before a send of an entry whose keys the upstream makes: the largest key that is there.
  void note_key(Transaction& transaction, const Entry& entry, const std::string& largest) const;
  // Back to queued, to be sent at once; a dead letter's effects are shown again. False: it is
  // damaged, or names a row by an id that the upstream will never give.
  bool retry(Transaction& transaction, const Entry& entry);
  // All entries in `state`, no end, back to queued.
  void release(Transaction& transaction, State state);
  // Those that wait because the upstream gave no answer, back to queued.
  void release_unreached(Transaction& transaction);
  // Those that were parked because the upstream's schema had changed, back to queued.
  void release_schema_changed(Transaction& transaction);
  // What nothing else would send again, back to queued, and how many: blocked entries that nobody
  // stands before, and waits that a jump of the clock has put beyond `longest` (looks: `look_at`).
  std::int64_t unstick(Transaction& transaction, Timestamp longest, Timestamp look_at);
  // It was claimed and is not sent: other claims than its writer's hold now.
  void hold(Transaction& transaction, const Entry& entry, const std::string& reason) const;
  // A person lets an entry go whose claims have changed. False: it is not held for that.
  bool let_go(Transaction& transaction, const Entry& entry) const;
  // How many are held because claims have changed.
  std::int64_t held_for_claims(Database& database) const;
  // Those held for want of a token that the upstream takes: whether there are, and back to queued.
  bool lacks_token(Database& database) const;
  enum class Held { kLeastTried, kAll };
  void release_held(Transaction& transaction, Held which);
  // All that could be sent are held, as there is no token to send them with.
  void hold_all(Transaction& transaction, const std::string& reason);
  // After a start: what was being sent may have taken effect, until `look_at`.
  void recover(Transaction& transaction, Timestamp look_at);

  // Makes a write of several rows one entry for each, in its place, each with a key of its own.
  void split(Transaction& transaction, const Entry& entry);

  // Sends it again at once with a new idempotency key: it surely was not applied as it was. Of an
  // upsert `body` and `effects` are those of the rows that are left.
  void rebase(Transaction& transaction, const Entry& entry, const RowRebase& rebase);
  void rebase(Transaction& transaction, const Entry& entry, const std::string& body,
              std::span<const cache::Effect> effects);

  // Puts other content in the place of an entry that is not under way: it is another write to the
  // upstream, `entry` with its new body, target and minted_key, its `effects` and `references`.
  void edit(Transaction& transaction, const Entry& entry, std::span<cache::Effect> effects,
            const References& references, const References& former = {});

  // The unfinished entries that need a row which the dead letter would have made, also by others
  // in between, in order.
  std::vector<std::string> dependants(Database& database, const Entry& dead) const;

  // Deletes entries that were acknowledged or discarded before `before`, with their effects.
  void forget(Transaction& transaction, Timestamp before);
  bool empty(Database& database) const;
  // Whether an entry would be sent by itself before long: none that is parked, held or stalled.
  bool any_on_its_way(Database& database) const;
  // Whether an unfinished entry, of those before `before`, is known to change a row of `relation`.
  bool touches(Database& database, const std::string& relation,
               std::int64_t before = std::numeric_limits<std::int64_t>::max()) const;
  bool any_in(Database& database, State state) const;
  // Whether all unfinished entries, not too many, are about to be sent for the first time or just
  // being sent: an answer to one more would come soon.
  bool flows(Database& database) const;
  std::optional<Entry> find(Database& database, const std::string& id) const;
  // Whether an entry has this idempotency key.
  bool knows_key(Database& database, const std::string& idempotency_key) const;
  // By the Idempotency-Key that the app sent: the entry's id, and the answer it was given then.
  struct KeptAnswer {
    std::string entry;
    std::string answer;
  };
  static std::optional<KeptAnswer> answer_for(Database& database, const std::string& app_key);
  void keep_answer(Transaction& transaction, std::int64_t sequence, const std::string& answer);
  // What a delivered call gave back, JSON; nullopt: nothing, or none is known.
  std::optional<std::string> result_of(Database& database, const std::string& id) const;
  void keep_result(Transaction& transaction, std::int64_t sequence, const std::string& result);
  struct Page {
    std::string after = {};  // the id of the entry before the page; empty: from the first on
    std::int64_t limit = std::numeric_limits<std::int64_t>::max();
    bool dead_letters = true;  // with the unfinished ones
  };
  // Unfinished entries and dead letters, or all in `state`, in order.
  static std::vector<Entry> list(Database& database, std::optional<State> state, const Page& page);
  std::map<State, std::int64_t> counts(Database& database) const;
  std::optional<Timestamp> oldest(Database& database) const;

 private:
  // Fills in sequence, unless it is given.
  void insert(Transaction& transaction, Entry& entry) const;
  void refer(Transaction& transaction, std::int64_t sequence, const References& references,
             const References& former) const;
  void set_state(Transaction& transaction, std::int64_t sequence, State state, int status,
                 const std::string& reason) const;
  // Sends those after `sequence` again that were refused and wait, see queue/earlier.h.
  void free_refused(Transaction& transaction, std::int64_t sequence) const;
  void end(Transaction& transaction, const Entry& entry, State state, int status,
           const std::string& reason, Timestamp now);
  // Takes its effects back, and settles what depends on them: `orphans` are refused.
  void take_back(Transaction& transaction, const Entry& entry, int status,
                 const std::string& reason, Timestamp now);

  cache::Overlay& overlay_;
};

}  // namespace holdfast::queue
