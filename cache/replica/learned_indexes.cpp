#include "cache/replica/learned_indexes.h"

#include <charconv>

#include "cache/query/sql_text.h"
#include "cache/replica/meta.h"

namespace holdfast::cache {
namespace {

// Both the index's name and, with the time of its last use, its line in hf_meta.
constexpr std::string_view kPrefix = "hf_learned|";
// The file need not know the last use more exactly.
constexpr std::chrono::hours kNoteEvery{24};
// Wishes that are counted at a time; an app that has more has none that matters.
constexpr std::size_t kMostCounted = 1000;

std::string name_of(const query::IndexWish& wish) {
  std::string name = std::string(kPrefix) + wish.table->storage_name;
  for (const std::size_t column : wish.columns) {
    name += '|';
    name += wish.table->columns[column].storage_name;
  }
  return name;
}

std::string create_sql(const std::string& name, const query::IndexWish& wish) {
  std::string columns;
  for (const std::size_t column : wish.columns) {
    if (!columns.empty()) columns += ',';
    columns += query::quote_identifier(wish.table->columns[column].storage_name);
  }
  return "CREATE INDEX IF NOT EXISTS " + query::quote_identifier(name) + " ON " +
         query::quote_identifier(wish.table->storage_name) + "(" + columns + ")";
}

void write_use(Transaction& transaction, const std::string& name, Timestamp now) {
  put_meta(transaction.database(), name, std::to_string(now.time_since_epoch().count()));
}

void drop(Transaction& transaction, const std::string& name) {
  transaction.database().execute("DROP INDEX IF EXISTS " + query::quote_identifier(name));
  forget_meta(transaction.database(), name);
}

Timestamp parse_time(std::string_view text) {
  std::int64_t microseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), microseconds);
  return Timestamp(std::chrono::microseconds(microseconds));
}

}  // namespace

LearnedIndexes::LearnedIndexes(Database& database) {
  MutexLock lock(mutex_);
  Statement statement(
      database, "SELECT name, CAST(value AS TEXT) FROM hf_meta WHERE name GLOB 'hf_learned|*'");
  while (statement.step()) {
    known_[std::string(statement.text(0))] = {0, true, parse_time(statement.text(1))};
    ++made_;
  }
}

void LearnedIndexes::note(const query::Plan& plan, Timestamp now, Writer& writer) {
  if (!plan.wish) return;
  const std::string name = name_of(*plan.wish);
  bool making = false;
  {
    MutexLock lock(mutex_);
    if (known_.size() >= kMostCounted && !known_.contains(name)) return;
    Known& known = known_[name];
    if (known.made) {
      if (now - known.noted < kNoteEvery) return;
    } else {
      if (++known.uses < kUses || made_ >= kMost) return;
      making = known.made = true;
      ++made_;
    }
    known.noted = now;
  }
  making ? make(name, *plan.wish, now, writer) : keep(name, now, writer);
}

void LearnedIndexes::make(const std::string& name, const query::IndexWish& wish, Timestamp now,
                          Writer& writer) {
  writer.submit(
      Writer::Priority::kBackground,
      [name, sql = create_sql(name, wish), now](Transaction& transaction) {
        transaction.database().execute(sql);
        write_use(transaction, name, now);
      },
      [this, name](const std::exception_ptr& error) {
        if (error) failed(name);
      });
}

void LearnedIndexes::keep(const std::string& name, Timestamp now, Writer& writer) {
  std::vector<std::string> idle;
  {
    MutexLock lock(mutex_);
    idle = take_idle(now);
  }
  writer.submit(
      Writer::Priority::kBackground,
      [name, now, idle](Transaction& transaction) {
        write_use(transaction, name, now);
        for (const auto& unused : idle) drop(transaction, unused);
      },
      [](const std::exception_ptr&) {});
}

std::vector<std::string> LearnedIndexes::take_idle(Timestamp now) {
  std::vector<std::string> idle;
  for (const auto& [name, known] : known_) {
    if (known.made && now - known.noted > kIdle) idle.push_back(name);
  }
  for (const auto& name : idle) known_.erase(name);
  made_ -= idle.size();
  return idle;
}

// A full disk, for one: what was not made is counted anew.
void LearnedIndexes::failed(const std::string& name) {
  MutexLock lock(mutex_);
  known_.erase(name);
  --made_;
}

}  // namespace holdfast::cache
