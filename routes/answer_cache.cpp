#include "routes/answer_cache.h"

namespace holdfast::routes {
namespace {

// An answer that would push out a good part of all others is made anew each time.
constexpr std::size_t kShares = 16;
// What an entry takes besides its body.
constexpr std::size_t kEntryBytes = 256;

// Without taking part in the ownership, which would cost two atomic operations.
bool same_owner(const std::weak_ptr<const cache::Store>& a,
                const std::shared_ptr<const cache::Store>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

bool AnswerCache::Entry::answers(const Question& question) const {
  return version == question.version && form == question.form &&
         nulls_stripped == question.nulls_stripped && same_owner(store, question.store);
}

std::size_t AnswerCache::Entry::bytes() const { return output.body.size() + kEntryBytes; }

std::optional<cache::query::Output> AnswerCache::find(const Question& question) {
  MutexLock lock(mutex_);
  const auto found = index_.find(question.read.get());
  if (found == index_.end() || !found->second->answers(question)) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->output;
}

void AnswerCache::keep(const Question& question, const cache::query::Output& output) {
  Entry entry{question.read,           question.store,   question.form,
              question.nulls_stripped, question.version, output};
  if (entry.bytes() > room_ / kShares) return;
  MutexLock lock(mutex_);
  if (const auto found = index_.find(question.read.get()); found != index_.end()) {
    drop(found->second);
  }
  bytes_ += entry.bytes();
  entries_.push_front(std::move(entry));
  index_.emplace(question.read.get(), entries_.begin());
  while (bytes_ > room_) drop(std::prev(entries_.end()));
}

std::size_t AnswerCache::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

void AnswerCache::drop(Entries::iterator entry) {
  bytes_ -= entry->bytes();
  index_.erase(entry->read.get());
  entries_.erase(entry);
}

}  // namespace holdfast::routes
