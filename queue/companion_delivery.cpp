#include "queue/companion_delivery.h"

#include <algorithm>

#include "queue/bare_call.h"
#include "queue/bare_send.h"
#include "queue/opaque_send.h"

namespace holdfast::queue {
namespace {

// Of all bodies in one call; a larger entry goes alone.
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

std::size_t size_of(const Parcel& parcel) {
  std::size_t bytes = parcel.entry.body.size();
  for (const auto& effect : parcel.effects) bytes += effect.key.size() + effect.changes.size();
  return bytes;
}

// Remembers, before anything is sent, whether the parcels' keys go with their effects.
void note_keyed(cache::Store& store, std::span<const Parcel> parcels, bool keyed) {
  const auto differs = [&](const Parcel& parcel) { return parcel.entry.keyed != keyed; };
  if (std::none_of(parcels.begin(), parcels.end(), differs)) return;
  store.writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
    cache::Statement& update =
        transaction.database().cached("UPDATE hf_outbox SET keyed=?2 WHERE sequence=?1");
    for (const Parcel& parcel : parcels) {
      update.bind(1, parcel.entry.sequence).bind(2, std::int64_t{keyed}).run();
    }
  });
}

std::vector<Receipt> same_for_all(std::span<const Parcel> parcels, const Verdict& verdict) {
  return std::vector<Receipt>(parcels.size(), Receipt{verdict, {}});
}

std::vector<Receipt> joined(std::vector<Receipt> first, std::vector<Receipt> second) {
  std::move(second.begin(), second.end(), std::back_inserter(first));
  return first;
}

// The transaction ran out of time or size: fewer events may fit.
bool is_pressure(const upstream::Answer& answer, const ClassifiedAnswer& classified) {
  return answer.status == 413 || classified.code == "57014" || answer.status == 504;
}

}  // namespace

CompanionDelivery::Route CompanionDelivery::route_of(const Parcel& parcel) const {
  const auto companion = companion_.found();
  if (!companion) return Route::kBare;
  const Entry& entry = parcel.entry;
  const bool served = companion->serves(entry.relation.substr(0, entry.relation.find('.')));
  if (is_opaque(entry)) return opaque_route(parcel, *companion, served);
  if (parcel.asked && !entry.lost_answer) return companion->hook ? Route::kAsked : Route::kBare;
  if (!served || !is_event(entry, parcel.effects)) return Route::kBare;
  if (!entry.lost_answer || entry.keyed) return Route::kPush;
  const bool inserts = makes_rows(entry);
  return inserts ? Route::kAskWhetherKnown : Route::kBare;
}

CompanionDelivery::Route CompanionDelivery::opaque_route(const Parcel& parcel,
                                                         const CompanionVersion& companion,
                                                         bool served) {
  const Entry& entry = parcel.entry;
  // Without a key that went with the lost send, nothing will ever show what became of it.
  if (entry.lost_answer && !entry.keyed && entry.noted_key) return Route::kBare;
  const bool first_asked = parcel.asked && !entry.lost_answer;
  if (served && entry.operation == "call" && !first_asked) return Route::kPush;
  return companion.hook ? Route::kOpaque : Route::kBare;
}

bool CompanionDelivery::joins(const Sender& sender, Parcels batch, const Parcel& next) const {
  const auto has_table = [&](const Parcel& parcel) {
    return is_opaque(parcel.entry) || table_of(sender.store, parcel.entry) != nullptr;
  };
  if (!has_table(batch.front()) || !has_table(next)) return false;
  const Route route = route_of(batch.front());
  if (route != route_of(next)) return false;
  if (route == Route::kBare) return bare_.joins(sender, batch, next);
  if (route != Route::kPush || batch.size() >= limit_of(sender)) return false;
  std::size_t bytes = size_of(next);
  for (const Parcel& parcel : batch) bytes += size_of(parcel);
  return bytes <= kMostBytes;
}

bool CompanionDelivery::sends_whole(const Parcel& parcel) const {
  return route_of(parcel) == Route::kBare ? bare_.sends_whole(parcel) : true;
}

std::vector<Receipt> CompanionDelivery::deliver(const Sender& sender, Parcels parcels) {
  if (!companion_.known()) companion_.probe(upstream_, sender.credentials);
  if (!companion_.known()) {
    return same_for_all(
        parcels, TryAgain{0, "the upstream has not told its tier yet", false, std::nullopt, false});
  }
  // What is not in the catalog any more is the bare one's to refuse.
  const Entry& first = parcels.front().entry;
  if (!is_opaque(first) && table_of(sender.store, first) == nullptr) {
    return send_bare(sender, parcels);
  }
  switch (route_of(parcels.front())) {
    case Route::kBare:
      return send_bare(sender, parcels);
    case Route::kAsked:
      return send_asked(sender, parcels);
    case Route::kAskWhetherKnown:
      return settle(sender, parcels);
    case Route::kOpaque:
      note_keyed(sender.store, parcels, true);
      return {send_opaque(upstream_, sender, parcels.front(), Keyed::kHook)};
    case Route::kPush:
      break;
  }
  note_keyed(sender.store, parcels, true);
  return push(sender, parcels);
}

std::vector<Receipt> CompanionDelivery::send_bare(const Sender& sender, Parcels parcels) {
  note_keyed(sender.store, parcels, false);
  return bare_.deliver(sender, parcels);
}

std::vector<Receipt> CompanionDelivery::send_asked(const Sender& sender, Parcels parcels) {
  note_keyed(sender.store, parcels, true);
  Sender keeping = sender;
  keeping.keeps_keys = true;
  auto receipts = bare_.deliver(keeping, parcels);
  const auto* applied = std::get_if<Applied>(&receipts.front().verdict);
  const bool arrived_before = applied != nullptr && applied->images.empty();
  if (!arrived_before || !BareKeyless::applies(sender, parcels.front().entry)) return receipts;
  // The key tells which rows it has made.
  auto known = settle(sender, parcels);
  if (std::holds_alternative<Applied>(known.front().verdict)) {
    receipts.front().verdict = std::move(known.front().verdict);
  }
  return receipts;
}

std::vector<Receipt> CompanionDelivery::settle(const Sender& sender, Parcels parcels) {
  const auto outcome = call(sender, parcels, EventForm::kOnlyIfKnown);
  if (!outcome.answered()) return same_for_all(parcels, no_answer(outcome.failure()));
  const auto outcomes = outcomes_in(outcome.answer(), parcels.size());
  if (outcomes.empty()) return judge_refused_call(sender, parcels, outcome.answer());
  if (is_unknown_key(outcomes[0])) return bare_.deliver(sender, parcels);
  return {{judge(sender, parcels[0], outcomes[0])}};
}

std::vector<Receipt> CompanionDelivery::push(const Sender& sender, Parcels parcels) {
  const auto outcome = call(sender, parcels, EventForm::kUsual);
  if (!outcome.answered()) {
    const auto verdict = no_answer(outcome.failure());
    // It may have been too much for the time that an answer may take.
    if (verdict.lost_answer) choked(sender, parcels.size());
    return same_for_all(parcels, verdict);
  }
  const auto outcomes = outcomes_in(outcome.answer(), parcels.size());
  if (outcomes.empty()) return judge_refused_call(sender, parcels, outcome.answer());
  if (const auto version = version_in(outcome.answer())) companion_.note_found(*version);
  took(sender, parcels.size());
  std::vector<Receipt> receipts;
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    if (was_left_out(outcomes[i])) {
      receipts.push_back({LeftOut{}});
      continue;
    }
    if (is_opaque(parcels[i].entry)) {
      // Whatever it did, rows here may be behind it.
      sender.store.note_forwarded_write();
      receipts.push_back({judge_call(outcomes[i], parcels[i])});
      continue;
    }
    receipts.push_back({judge(sender, parcels[i], outcomes[i])});
  }
  return receipts;
}

Verdict CompanionDelivery::judge(const Sender& sender, const Parcel& parcel,
                                 const EventOutcome& outcome) {
  const cache::Table* table = table_of(sender.store, parcel.entry);
  const ClassifiedAnswer classified = classify(outcome.answer);
  const bool inserts = makes_rows(parcel.entry);
  if (inserts && classified.kind == AnswerClass::kDuplicate) {
    // Its key says that it was not us, and nothing of whether the row is the same.
    Sender keeping = sender;
    keeping.keeps_keys = true;
    return BareSend(upstream_, keeping, parcel, *table).judge_duplicate(outcome.answer, classified);
  }
  Verdict verdict = judge_rows(sender, parcel, outcome);
  // What it was compared with may be printed differently there, as json is; the key is not.
  const bool as_it_was = is_mismatch(outcome) && std::holds_alternative<Superseded>(verdict);
  return as_it_was ? send_by_key(sender, parcel) : std::move(verdict);
}

Verdict CompanionDelivery::send_by_key(const Sender& sender, const Parcel& parcel) {
  const Parcels alone(&parcel, 1);
  const auto outcome = call(sender, alone, EventForm::kByKey);
  if (!outcome.answered()) return no_answer(outcome.failure());
  const auto outcomes = outcomes_in(outcome.answer(), 1);
  if (outcomes.empty()) {
    return judge_refused_call(sender, alone, outcome.answer()).front().verdict;
  }
  return judge_rows(sender, parcel, outcomes.front());
}

Verdict CompanionDelivery::judge_rows(const Sender& sender, const Parcel& parcel,
                                      const EventOutcome& outcome) {
  const cache::Table* table = table_of(sender.store, parcel.entry);
  if (lacks_rows(outcome, parcel)) return judge_withheld(sender, parcel, outcome);
  Verdict verdict = judge_outcome(outcome, sender, parcel, *table, options_.of(*table));
  if (auto* applied = std::get_if<Applied>(&verdict)) {
    applied->touched = touched_in(outcome, parcel);
  }
  const auto* collided = std::get_if<Collided>(&verdict);
  if (collided == nullptr || outcome.rows || collided->images.size() != 1) return verdict;
  // The function gives rows whole; a role may be allowed to read a part of them.
  auto read = read_rows(upstream_, sender, parcel.entry, *table, {collided->images[0].key});
  if (auto* failed = std::get_if<Verdict>(&read)) return std::move(*failed);
  const auto& row = std::get<SeenRows>(read).images[0].row;
  if (!row) return verdict;
  EventOutcome seen = outcome;
  seen.rows = "[" + cache::print_row(*table, *row) + "]";
  return judge_outcome(seen, sender, parcel, *table, options_.of(*table));
}

Verdict CompanionDelivery::judge_withheld(const Sender& sender, const Parcel& parcel,
                                          const EventOutcome& outcome) {
  const cache::Table* table = table_of(sender.store, parcel.entry);
  std::vector<std::string> keys;
  for (const RowWrite& write : row_writes(parcel.entry, parcel.effects)) {
    keys.push_back(write.old_key);
  }
  auto read = read_rows(upstream_, sender, parcel.entry, *table, keys);
  auto* seen = std::get_if<SeenRows>(&read);
  // It took effect, whatever of it; only how the rows look now is not known yet.
  if (seen == nullptr) return Applied{};
  const bool stands = keys.size() == 1 && seen->images.front().row && !outcome.replayed;
  if (stands) return withheld(parcel.entry, *table, std::move(seen->images));
  return Applied{std::move(seen->images)};
}

std::vector<Receipt> CompanionDelivery::judge_refused_call(const Sender& sender, Parcels parcels,
                                                           const upstream::Answer& answer) {
  const ClassifiedAnswer classified = classify(answer);
  if (classified.kind == AnswerClass::kApplied) {
    return same_for_all(
        parcels, TryAgain{answer.status, "the answer cannot be read", true, std::nullopt, false});
  }
  if (lacks_companion(answer)) {
    // Nothing was applied; the next try is bare.
    companion_.note_absent();
    return same_for_all(parcels, TryAgain{answer.status, "the companion is not there any more",
                                          false, std::nullopt, false});
  }
  if (is_pressure(answer, classified)) choked(sender, parcels.size());
  // Whoever ran out of patience between here and there may do so again at once.
  const bool of_all = classified.kind == AnswerClass::kToken || answer.status == 429 ||
                      (classified.code.empty() && answer.status != 413);
  // The transaction was rolled back: what one event spoils shows when it is alone.
  if (parcels.size() > 1 && !of_all) return push_halves(sender, parcels);
  return same_for_all(parcels, judge_refusal(answer, classified));
}

std::vector<Receipt> CompanionDelivery::push_halves(const Sender& sender, Parcels parcels) {
  const std::size_t half = parcels.size() / 2;
  auto first = push(sender, parcels.first(half));
  const auto* again = std::get_if<TryAgain>(&first.back().verdict);
  if (again != nullptr && again->status == 0) {
    // The others are not tried while nobody answers.
    return joined(std::move(first),
                  same_for_all(parcels.subspan(half),
                               TryAgain{0, again->reason, false, std::nullopt, false}));
  }
  const auto rest = parcels.subspan(half);
  const bool refused = std::any_of(first.begin(), first.end(), [](const Receipt& receipt) {
    return !std::holds_alternative<Applied>(receipt.verdict);
  });
  return joined(std::move(first), refused ? push_independent(sender, rest) : push(sender, rest));
}

std::vector<Receipt> CompanionDelivery::push_independent(const Sender& sender, Parcels parcels) {
  std::vector<Parcel> independent;
  std::copy_if(parcels.begin(), parcels.end(), std::back_inserter(independent),
               [](const Parcel& parcel) { return !parcel.depends; });
  auto sent = independent.empty() ? std::vector<Receipt>() : push(sender, independent);
  std::vector<Receipt> receipts;
  auto next = sent.begin();
  for (const Parcel& parcel : parcels) {
    receipts.push_back(parcel.depends ? Receipt{LeftOut{}, {}} : std::move(*next++));
  }
  return receipts;
}

upstream::Outcome CompanionDelivery::call(const Sender& sender, Parcels parcels, EventForm form) {
  std::string events = "[";
  for (const Parcel& parcel : parcels) {
    if (events.size() > 1) events += ',';
    if (is_opaque(parcel.entry)) {
      events += call_event_of(parcel);
      continue;
    }
    const cache::Table* table = table_of(sender.store, parcel.entry);
    events += event_of(parcel, *table, options_.of(*table), form);
  }
  auto call = push_call(events + "]", sender.credentials);
  call.force = sender.force;
  return upstream_.call(call);
}

std::size_t CompanionDelivery::limit_of(const Sender& sender) const {
  MutexLock lock(mutex_);
  const auto found = limits_.find(sender.store.principal().id);
  return found == limits_.end() ? kMostEvents : found->second;
}

void CompanionDelivery::took(const Sender& sender, std::size_t events) {
  MutexLock lock(mutex_);
  const auto found = limits_.find(sender.store.principal().id);
  if (found == limits_.end() || events < found->second) return;
  found->second = std::min(found->second * 2, kMostEvents);
}

void CompanionDelivery::choked(const Sender& sender, std::size_t events) {
  MutexLock lock(mutex_);
  limits_[sender.store.principal().id] = std::max<std::size_t>(events / 2, 1);
}

}  // namespace holdfast::queue
