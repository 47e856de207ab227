#include "routes/journal_tail.h"

namespace holdfast::routes {
namespace {

constexpr int kRecordsAtOnce = 1'000;

}  // namespace

void JournalTail::advance(const Visitor& visit) {
  for (const auto& store : stores_.all()) {
    auto reader = store->reader();
    const std::string& principal = store->principal().id;
    const auto [seen, first] = seen_.try_emplace(principal, 0);
    if (first) seen->second = queue::journal_number_at(*reader, from_);
    for (;;) {
      const auto records = queue::journal_after(*reader, seen->second, kRecordsAtOnce);
      for (const auto& record : records) {
        seen->second = record.number;
        visit(principal, record);
      }
      if (records.size() < kRecordsAtOnce) break;
    }
  }
}

}  // namespace holdfast::routes
