#include <algorithm>

#include "cache/replica/row.h"
#include "queue/bare_send.h"
#include "queue/row_write.h"
#include "queue/three_way.h"

// The rows of an upsert: as they are before it is sent, and what that shows of it afterwards.
namespace holdfast::queue {

using cache::Effect;
using cache::EffectKind;
using cache::Row;
using cache::UpstreamImage;

std::optional<Verdict> BareSend::look() {
  if (keyless_) return entry_.lost_answer ? keyless_->look() : std::nullopt;
  // A plain insert settles itself: it meets its own row as a duplicate.
  if (entry_.operation != "upsert" || (asked_ && !entry_.lost_answer)) return std::nullopt;
  const auto known = overwritten_rows(entry_, effects_);
  const auto keys = looked_at(known);
  if (keys.empty()) return std::nullopt;
  auto read = read_rows(upstream_, sender_, entry_, table_, keys);
  if (auto* failed = std::get_if<Verdict>(&read)) {
    return may_go_unseen(*failed) ? std::nullopt : std::optional(std::move(*failed));
  }
  const auto& seen = std::get<SeenRows>(read);
  if (entry_.lost_answer) {
    if (auto verdict = settle(seen.images)) return verdict;
  }
  if (!seen.denied) before_ = seen.images;
  return find_collisions(known, seen);
}

std::vector<std::string> BareSend::looked_at(const std::vector<RowWrite>& known) const {
  if (entry_.lost_answer) return keys_after(entry_, effects_);
  std::vector<std::string> keys;
  std::ranges::transform(known, std::back_inserter(keys), &RowWrite::old_key);
  for (const auto& [table, key] : watched_) {
    const bool own = table == &table_ && effect_of(key) != nullptr;
    if (own && std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

// A server that cannot look for the rows can still take the write.
bool BareSend::may_go_unseen(const Verdict& failed) const {
  const auto* again = std::get_if<TryAgain>(&failed);
  return !entry_.lost_answer && again != nullptr && again->server_error && again->status >= 400 &&
         again->status < 500;
}

std::optional<Verdict> BareSend::find_collisions(const std::vector<RowWrite>& known,
                                                 const SeenRows& seen) const {
  Collided collided{{}, seen.clock_offset};
  for (const RowWrite& row : known) {
    const auto image = std::ranges::find(seen.images, row.old_key, &UpstreamImage::key);
    if (seen.denied && !image->row) continue;
    if (is_overtaken(table_, row, image->row)) collided.images.push_back(*image);
  }
  if (collided.images.empty()) return std::nullopt;
  return collided;
}

std::optional<Verdict> BareSend::settle(const Images& images) const {
  if (std::all_of(images.begin(), images.end(),
                  [&](const auto& row) { return shows_effect(row); })) {
    return Applied{seen_later(images)};
  }
  // Untouched rows prove that it did not take effect: one request, all or nothing. Where all are
  // gone, nothing of it stands.
  const auto is_gone = [](const UpstreamImage& image) { return !image.row; };
  if (std::ranges::any_of(images, [&](const auto& row) { return shows_base(row); }) ||
      std::ranges::all_of(images, is_gone)) {
    return std::nullopt;
  }
  return Superseded{"the row was changed by somebody else while the answer was lost", images};
}

Verdict BareSend::told_apart(Verdict verdict) const {
  auto* applied = std::get_if<Applied>(&verdict);
  if (applied == nullptr) return verdict;
  for (UpstreamImage& image : applied->images) {
    const auto before = std::ranges::find(before_, image.key, &UpstreamImage::key);
    const bool answered = image.others == cache::Others::kUnnamed && image.row;
    if (before == before_.end() || !answered) continue;
    if (before->row) {
      applied->touched.push_back({&table_, *before->row, *image.row});
    } else {
      image.others = cache::Others::kNone;
    }
  }
  return verdict;
}

const Effect* BareSend::effect_of(const std::string& key) const {
  for (const Effect& effect : effects_) {
    if (effect.key == key && effect.relation == entry_.relation) return &effect;
  }
  return nullptr;
}

bool BareSend::shows_effect(const UpstreamImage& image) const {
  const Effect* effect = effect_of(image.key);
  if (effect == nullptr) return false;
  // An upsert has taken the row to another key.
  if (effect->kind == EffectKind::kDelete) return !image.row;
  if (!image.row) return false;
  if (effect->kind == EffectKind::kInsertIgnore) return true;
  Row expected = *image.row;
  if (!cache::merge_row(table_, effect->changes, expected)) return false;
  return expected == *image.row;
}

bool BareSend::shows_base(const UpstreamImage& image) const {
  const Effect* effect = effect_of(image.key);
  if (effect == nullptr) return false;
  if (!effect->base || !image.row) return !effect->base && !image.row;
  auto base = cache::parse_row(table_, *effect->base);
  if (!base) return false;
  // Others may have written to the other columns, and to some of these.
  Row expected = *base;
  if (!cache::merge_row(table_, effect->changes, expected)) return false;
  bool changes = false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == (*base)[i]) continue;
    if ((*image.row)[i] == (*base)[i]) return true;
    changes = true;
  }
  return !changes;
}

}  // namespace holdfast::queue
