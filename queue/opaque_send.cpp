#include "queue/opaque_send.h"

#include <nlohmann/json.hpp>

#include "queue/outbox.h"
#include "queue/touched.h"

namespace holdfast::queue {
namespace {

upstream::Call call_of(const Sender& sender, const Parcel& parcel) {
  const Entry& entry = parcel.entry;
  upstream::Call call;
  if (parcel.asked && !entry.lost_answer) {
    call.method = parcel.asked->method;
    call.target = parcel.asked->target;
    call.body = parcel.asked->body;
    call.headers = parcel.asked->headers;
  } else {
    call.method = entry.method;
    call.target = entry.target;
    call.body = entry.body;
    const auto headers = nlohmann::json::parse(entry.headers);
    for (const auto& [name, value] : headers.items()) {
      call.headers.set(name, value.get<std::string>());
    }
    call.headers.set("Accept", "application/json");
  }
  call.force = sender.force;
  call.fresh_connection = true;
  add_key(entry, call.headers);
  upstream::add_credentials(sender.credentials, call.headers);
  return call;
}

Uncertain lost_for_good(const std::string& reason, bool just_lost) {
  return {0, "The answer was lost, and nothing shows whether it took effect: " + reason, just_lost};
}

void note_leaving(const Sender& sender, const Entry& entry) {
  sender.store.writer().run(cache::Writer::Priority::kEssential,
                            [&](cache::Transaction& transaction) {
                              Outbox(sender.store.overlay()).note_key(transaction, entry, "-");
                            });
}

Verdict judge(const upstream::Answer& answer, Keyed keyed) {
  const ClassifiedAnswer classified = classify(answer);
  if (classified.kind == AnswerClass::kApplied) {
    Applied applied;
    if (!answer.body.empty()) applied.result = answer.body;
    return applied;
  }
  Verdict verdict = judge_refusal(answer, classified);
  const auto* again = std::get_if<TryAgain>(&verdict);
  if (keyed == Keyed::kNo && again != nullptr && again->lost_answer) {
    return lost_for_good(again->reason, true);
  }
  return verdict;
}

}  // namespace

Receipt send_opaque(upstream::Upstream& upstream, const Sender& sender, const Parcel& parcel,
                    Keyed keyed) {
  // Without a note it has never left: a crash came first.
  if (keyed == Keyed::kNo && parcel.entry.lost_answer && parcel.entry.noted_key) {
    return {lost_for_good("it was sent without a key that the upstream knows", false)};
  }
  const auto before = see_watched(upstream, sender, parcel);
  if (keyed == Keyed::kNo) note_leaving(sender, parcel.entry);
  const auto outcome = upstream.call(call_of(sender, parcel));
  if (!outcome.answered()) {
    const auto& failure = outcome.failure();
    const bool lost = failure.loss == upstream::Loss::kAnswerLost;
    if (lost) sender.store.note_forwarded_write();
    if (lost && keyed == Keyed::kNo) return {lost_for_good(failure.reason, true)};
    return {no_answer(failure)};
  }
  Receipt receipt{judge(outcome.answer(), keyed)};
  if (auto* applied = std::get_if<Applied>(&receipt.verdict)) {
    sender.store.note_forwarded_write();
    applied->touched = touched_rows(parcel.watched, before, see_watched(upstream, sender, parcel));
  }
  if (parcel.asked && !parcel.entry.lost_answer) {
    receipt.told.answer = outcome.answer();
    receipt.told.with_rows = true;
  }
  return receipt;
}

}  // namespace holdfast::queue
