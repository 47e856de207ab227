#include "gateway/app/journal_keeper.h"

#include "gateway/app/journal_heads.h"
#include "queue/journal_mirror.h"

namespace holdfast::app {
namespace {

constexpr std::chrono::milliseconds kInterval{30'000};
// How long records stay, and how often older ones are sealed into a segment.
constexpr auto kKept = std::chrono::hours(90 * 24);
constexpr auto kCut = std::chrono::hours(24);

}  // namespace

JournalKeeper::JournalKeeper(const Surroundings& surroundings, std::shared_ptr<Logger> logger)
    : surroundings_(surroundings),
      logger_(std::move(logger)),
      task_(
          "journal_heads", kInterval, [this] { keep(); }, logger_) {}

void JournalKeeper::stop() {
  task_.stop();
  try {
    keep();
  } catch (const std::exception& fault) {
    logger_->error("journal_heads_fault reason={}", fault.what());
  }
}

void JournalKeeper::keep() {
  const Timestamp now = surroundings_.clock.now();
  const bool cuts = now - cut_at_ >= kCut;
  if (cuts) cut_at_ = now;
  const bool mirrors = surroundings_.companion.found() && surroundings_.connectivity.online();
  for (const auto& store : surroundings_.stores.all()) {
    if (cuts) cut_old(*store, now);
    keep_journal_head(surroundings_.file, *store);
    if (mirrors) mirror_head(*store);
  }
}

void JournalKeeper::cut_old(cache::Store& store, Timestamp now) {
  store.writer().run(cache::Writer::Priority::kBackground, [&](cache::Transaction& transaction) {
    surroundings_.journal.cut(transaction, now - kKept);
  });
}

void JournalKeeper::mirror_head(cache::Store& store) {
  const auto head = queue::Journal::head(*store.reader());
  auto& told = mirrored_[store.principal().id];
  if (head.number == told) return;
  const auto identity = surroundings_.credentials.credentials_for(store.principal());
  if (!identity) return;
  const auto mirrored =
      queue::mirror_head(surroundings_.upstream, *identity, surroundings_.file.device_id(), head);
  if (!mirrored.kept) return;
  told = head.number;
  if (!mirrored.ahead) return;
  logger_->error("journal_behind principal={} here={} at_the_upstream={}", store.principal().id,
                 head.number, mirrored.ahead->number);
}

}  // namespace holdfast::app
