#include "queue/bare_inserts.h"

#include <algorithm>
#include <map>

#include "cache/replica/key.h"
#include "cache/values/json.h"
#include "queue/bare_send.h"
#include "queue/row_write.h"

namespace holdfast::queue {
namespace {

using cache::UpstreamImage;

// The sorted names of a body's columns; empty when it has no rows, or rows of different columns.
std::vector<std::string> columns_of(const std::string& body) {
  const auto parsed = cache::parse_body(body);
  std::vector<std::string> names;
  if (!parsed || parsed->rows.empty()) return names;
  for (const auto& [name, token] : parsed->rows[0]) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

// The objects of a body, without the brackets of an array.
std::string_view objects_of(std::string_view body) {
  const auto first = body.find_first_not_of(" \t\r\n");
  const auto last = body.find_last_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  body = body.substr(first, last - first + 1);
  return body.front() == '[' ? body.substr(1, body.size() - 2) : body;
}

std::string joined(std::span<const Parcel* const> batch) {
  std::string body = "[";
  for (const Parcel* parcel : batch) {
    if (body.size() > 1) body += ',';
    body += objects_of(parcel->entry.body);
  }
  return body + "]";
}

bool shows(const cache::Table& table, const Parcel& parcel, const UpstreamImage& image) {
  for (const auto& effect : parcel.effects) {
    if (effect.key != image.key || effect.relation != parcel.entry.relation) continue;
    cache::Row expected = *image.row;
    return cache::merge_row(table, effect.changes, expected) && expected == *image.row;
  }
  return false;
}

// The batch was more than the upstream could take, and nothing of it took effect.
bool too_much(const upstream::Answer& answer, const ClassifiedAnswer& classified) {
  return answer.status == 413 || classified.code == "57014";
}

// Whether the upstream refused the batch as it was, and may take a part of it.
bool halves_may_go(const upstream::Answer& answer, const ClassifiedAnswer& classified) {
  switch (classified.kind) {
    case AnswerClass::kApplied:
      return false;
    case AnswerClass::kTransient:
    case AnswerClass::kServerError:
    case AnswerClass::kToken:
      return too_much(answer, classified);
    default:
      return true;
  }
}

}  // namespace

bool insert_together(const Entry& first, const Entry& next) {
  if (first.operation != "insert" || next.operation != "insert") return false;
  if (first.relation != next.relation || first.target != next.target) return false;
  if (first.headers != next.headers || first.role != next.role) return false;
  const auto columns = columns_of(first.body);
  return !columns.empty() && columns == columns_of(next.body);
}

std::vector<Receipt> BareInserts::deliver(std::span<const Parcel> parcels) {
  std::vector<std::optional<Verdict>> verdicts(parcels.size());
  settle(parcels, verdicts);
  Batch batch;
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    if (!verdicts[i]) batch.push_back(&parcels[i]);
  }
  Verdicts sent = send(batch);
  std::vector<Receipt> receipts;
  receipts.reserve(verdicts.size());
  auto next = sent.begin();
  for (auto& verdict : verdicts) receipts.push_back({verdict ? *std::move(verdict) : *next++});
  return receipts;
}

void BareInserts::settle(std::span<const Parcel> parcels,
                         std::vector<std::optional<Verdict>>& verdicts) {
  std::vector<std::string> keys;
  const Entry* lost = nullptr;
  for (const Parcel& parcel : parcels) {
    if (!parcel.entry.lost_answer) continue;
    lost = &parcel.entry;
    for (std::string& key : keys_after(parcel.entry, parcel.effects))
      keys.push_back(std::move(key));
  }
  if (lost == nullptr) return;
  auto read = read_rows(upstream_, sender_, *lost, table_, keys);
  const auto* failed = std::get_if<Verdict>(&read);
  Seen seen;
  if (failed == nullptr) {
    for (UpstreamImage& image : std::get<SeenRows>(read).images) {
      if (image.row) seen.emplace(image.key, std::move(image));
    }
  }
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    if (!parcels[i].entry.lost_answer) continue;
    if (failed != nullptr) {
      verdicts[i] = *failed;
    } else if (refused_ && parcels[i].depends) {
      verdicts[i] = LeftOut{};
    } else {
      verdicts[i] = judge_lost(parcels[i], seen);
    }
    refused_ = refused_ || (verdicts[i] && !std::holds_alternative<Applied>(*verdicts[i]));
  }
}

std::optional<Verdict> BareInserts::judge_lost(const Parcel& parcel, const Seen& seen) {
  std::vector<UpstreamImage> images;
  bool ours = true;
  const auto keys = keys_after(parcel.entry, parcel.effects);
  for (const std::string& key : keys) {
    const auto found = seen.find(key);
    if (found == seen.end()) continue;
    images.push_back(found->second);
    ours = ours && (parcel.entry.minted_key || shows(table_, parcel, found->second));
  }
  if (images.empty()) return std::nullopt;
  if (ours && images.size() == keys.size()) return Applied{std::move(images)};
  // What is there in part, or says something else, is judged by itself.
  return BareSend(upstream_, sender_, parcel, table_).deliver();
}

BareInserts::Verdicts BareInserts::send(std::span<const Parcel* const> batch) {
  if (batch.empty()) return {};
  const auto depends = [](const Parcel* parcel) { return parcel->depends; };
  const bool held_back = refused_ && std::any_of(batch.begin(), batch.end(), depends);
  if (batch.size() == 1) {
    Verdicts verdicts;
    verdicts.push_back(held_back ? LeftOut{}
                                 : BareSend(upstream_, sender_, *batch[0], table_).deliver());
    refused_ = refused_ || !std::holds_alternative<Applied>(verdicts[0]);
    return verdicts;
  }
  if (held_back) return send_halves(batch);
  if (BareKeyless::applies(sender_, batch[0]->entry)) return send_keyless(batch);
  const bool readable = sender_.store.status(table_) != cache::TableStatus::kDenied;
  return send_together(batch, readable ? Representation::kRows : Representation::kNone);
}

upstream::Call BareInserts::call_for(std::span<const Parcel* const> batch,
                                     Representation representation) const {
  const Entry& first = batch[0]->entry;
  upstream::Call call =
      entry_call(sender_, first, table_, first.target, joined(batch), representation);
  // It is the key of one entry only.
  call.headers.remove("Idempotency-Key");
  return call;
}

BareInserts::Verdicts BareInserts::send_together(std::span<const Parcel* const> batch,
                                                 Representation representation) {
  const auto outcome = upstream_.call(call_for(batch, representation));
  if (!outcome.answered()) {
    const TryAgain again = no_answer(outcome.failure());
    if (again.lost_answer) limit_.choked(batch.size());
    return Verdicts(batch.size(), again);
  }
  const upstream::Answer& answer = outcome.answer();
  const ClassifiedAnswer classified = classify(answer);
  if (classified.kind == AnswerClass::kApplied) {
    limit_.took(batch.size());
    return applied(batch, answer, representation);
  }
  if (classified.kind == AnswerClass::kNotPermitted && representation == Representation::kRows) {
    return send_together(batch, Representation::kNone);
  }
  if (too_much(answer, classified)) limit_.choked(batch.size());
  if (halves_may_go(answer, classified)) return send_halves(batch);
  return Verdicts(batch.size(), put_off(answer, classified));
}

BareInserts::Verdicts BareInserts::send_keyless(std::span<const Parcel* const> batch) {
  BareKeyless keyless(upstream_, sender_, batch, table_);
  if (auto verdict = keyless.note()) return Verdicts(batch.size(), *verdict);
  upstream::Call call = call_for(batch, Representation::kRows);
  call.fresh_connection = true;
  const auto outcome = upstream_.call(call);
  if (!outcome.answered()) {
    if (outcome.failure().loss == upstream::Loss::kAnswerLost) limit_.choked(batch.size());
    return keyless.lost(outcome.failure());
  }
  const upstream::Answer& answer = outcome.answer();
  const ClassifiedAnswer classified = classify(answer);
  if (too_much(answer, classified)) limit_.choked(batch.size());
  if (halves_may_go(answer, classified)) return send_halves(batch);
  if (classified.kind != AnswerClass::kApplied) {
    const Verdict verdict = put_off(answer, classified);
    const auto* again = std::get_if<TryAgain>(&verdict);
    if (again == nullptr || !again->lost_answer) return Verdicts(batch.size(), verdict);
    return keyless.lost({upstream::Loss::kAnswerLost, again->reason});
  }
  limit_.took(batch.size());
  auto rows = rows_given_back(table_, answer.body);
  auto verdicts = rows ? keyless.applied(*std::move(rows)) : std::nullopt;
  return verdicts ? *std::move(verdicts)
                  : keyless.lost({upstream::Loss::kAnswerLost, "the answer cannot be read"});
}

Verdict BareInserts::put_off(const upstream::Answer& answer, const ClassifiedAnswer& classified) {
  // One row of it may be what the upstream stumbles over: they are tried one by one.
  if (classified.kind == AnswerClass::kServerError) limit_.choked(1);
  return judge_refusal(answer, classified);
}

BareInserts::Verdicts BareInserts::send_halves(std::span<const Parcel* const> batch) {
  Verdicts verdicts = send(batch.first(batch.size() / 2));
  const auto* again = std::get_if<TryAgain>(&verdicts.back());
  const auto rest = batch.subspan(batch.size() / 2);
  if (again != nullptr && again->status == 0) {
    // The upstream went away in between: these were not sent.
    verdicts.insert(verdicts.end(), rest.size(),
                    TryAgain{0, again->reason, false, std::nullopt, false});
    return verdicts;
  }
  Verdicts others = send(rest);
  std::move(others.begin(), others.end(), std::back_inserter(verdicts));
  return verdicts;
}

BareInserts::Verdicts BareInserts::applied(std::span<const Parcel* const> batch,
                                           const upstream::Answer& answer,
                                           Representation representation) const {
  // What is not given back is presumed, and read again by key.
  Verdicts verdicts(batch.size(), Applied{});
  const bool rows_asked = representation == Representation::kRows;
  if (!rows_asked && gives_nothing_back(answer)) return verdicts;
  auto rows = rows_asked ? rows_given_back(table_, answer.body) : std::nullopt;
  if (!rows) {
    verdicts.assign(batch.size(),
                    TryAgain{answer.status, "the answer cannot be read", true, std::nullopt});
    return verdicts;
  }
  std::map<std::string, std::size_t> owners;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    for (std::string& key : keys_after(batch[i]->entry, batch[i]->effects))
      owners.emplace(std::move(key), i);
  }
  for (cache::Row& row : *rows) {
    const std::string key = cache::key_of(table_, row);
    const auto owner = owners.find(key);
    if (owner == owners.end()) continue;
    std::get<Applied>(verdicts[owner->second]).images.push_back({&table_, key, std::move(row)});
  }
  return verdicts;
}

}  // namespace holdfast::queue
