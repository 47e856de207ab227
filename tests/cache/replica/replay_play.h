#pragma once

#include <random>

#include "tests/cache/replica/replay_model.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::cache::replay {

using Rows = std::map<Place, Columns>;

// Writes as requests ask for them, pulls and every end of an entry, on a replica and on the model.
// One thread at a time: the test's.
class Play {
 public:
  Play() : sample_(library()) {}

  // Each step draws from a source of its own, so that steps can be left out of a failing list.
  // What is wrong afterwards; empty when nothing is.
  std::string step(unsigned seed);
  // The last step in words.
  const std::string& did() const { return did_; }

 private:
  void act();
  void insert_shelves();
  void insert_rows();
  void upsert();
  void patch();
  void change_key();  // of books only: their pages and loans follow
  void erase();
  void pull();
  void acknowledge();
  void reject();
  void discard();
  void supersede();
  void revive();
  std::string compare();

  int pick(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::string number(int limit) { return std::to_string(1 + pick(limit)); }
  std::string text() { return "\"t" + std::to_string(pick(100)) + "\""; }
  template <typename Container>
  auto any_of(const Container& all) {
    return *std::next(all.begin(), pick(static_cast<int>(all.size())));
  }
  std::string random_table();
  std::string visible_id(const std::string& table);
  Columns random_row(const std::string& table);
  std::vector<Columns> distinct_rows(const std::string& table);
  // A filter, and the visible rows that it selects.
  std::pair<std::string, Rows> some_rows(const std::string& table);

  // Runs the request through the replica; the model's entry goes with it when it is taken.
  // `refusal`: the error that it must be refused with; empty: it must be taken.
  void write(const sample::Request& request, Entry entry, const std::string& refusal = "");
  // Hard case 16: whether `after` names a row that a pending write takes away, and `before` does
  // not.
  bool misses_parent(const std::string& table, const Columns& after, const MaybeRow& before);
  Computed compute(const sample::Request& request);
  // Ids that stand for the upstream's are nobody else's, in the order of the request.
  void note_temporary_ids(const Changes& changes, Entry& entry);

  // An entry that the dispatcher could have sent; nullopt when there is none.
  std::optional<std::int64_t> sendable();
  std::optional<Row> row_of(const Place& place, const MaybeRow& row);
  UpstreamImage image(const Place& place, const MaybeRow& row);
  // What the upstream's rows are after the entry, by what is known of them here.
  std::map<Place, MaybeRow> rows_after(const Entry& entry);
  // The upstream tells the ids that it gave, or keeps them to itself.
  std::vector<UpstreamImage> give_ids(Entry& entry);
  void end(std::int64_t sequence, const char* how, Entry::State state,
           const std::function<void(Transaction&)>& job);

  std::mt19937 random_;
  sample::Sample sample_;
  Model model_;
  std::int64_t entries_ = 0;
  int real_ids_ = 100;
  std::set<std::int64_t> used_ids_;
  std::string did_;
  std::string problem_;
};

Rows of_table(const Rows& all, const std::string& table);

}  // namespace holdfast::cache::replay
