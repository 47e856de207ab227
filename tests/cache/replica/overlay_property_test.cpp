#include <gtest/gtest.h>

#include <random>

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

constexpr int kRows = 4;

// A row of the model: title and done as JSON tokens; the other columns are constant.
using Columns = std::map<std::string, std::string>;
using MaybeRow = std::optional<Columns>;

struct Op {
  EffectKind kind;
  int id;
  Columns changes;  // a part of the row, or the whole for an insert
};

// What a person should see: the upstream's rows, then every pending operation in order.
class Model {
 public:
  std::map<int, MaybeRow> base;
  std::map<int, std::vector<Op>> pending;
  std::map<int, std::vector<Op>> dead;

  static MaybeRow replay(const Op& op, MaybeRow row) {
    if (op.kind == EffectKind::kDelete) return std::nullopt;
    if (!row) return op.kind == EffectKind::kUpdate ? std::nullopt : MaybeRow(op.changes);
    if (op.kind == EffectKind::kInsertIgnore) return row;
    for (const auto& [name, value] : op.changes) (*row)[name] = value;
    return row;
  }

  std::string visible() const {
    std::string text;
    for (int id = 1; id <= kRows; ++id) {
      MaybeRow row = base.contains(id) ? base.at(id) : std::nullopt;
      for (const auto& [entry, ops] : pending) {
        for (const Op& op : ops) {
          if (op.id == id) row = replay(op, std::move(row));
        }
      }
      if (!row) continue;
      text += "{\"id\":" + std::to_string(id) + ",\"title\":" + row->at("title") +
              ",\"done\":" + row->at("done") + "}";
    }
    return text;
  }
};

class Play {
 public:
  explicit Play(unsigned seed) : random_(seed) {}

  void step() {
    switch (pick(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return write();
      case 4:
      case 5:
        return pull();
      case 6:
        return acknowledge(true);
      case 7:
        return acknowledge(false);
      case 8:
        return pick(2) == 0 ? reject() : revive();
      default:
        if (pick(5) == 0) sample_.reopen();
    }
  }

  void check(int step) {
    ASSERT_EQ(sample_.rows("todos", {"id", "title", "done"}), model_.visible())
        << "after step " << step << ": " << last_;
    std::size_t rows_with_base = 0;
    for (int id = 1; id <= kRows; ++id) {
      rows_with_base += std::any_of(model_.pending.begin(), model_.pending.end(), [&](auto& entry) {
        return std::any_of(entry.second.begin(), entry.second.end(),
                           [&](const Op& op) { return op.id == id; });
      });
    }
    ASSERT_EQ(static_cast<std::size_t>(sample_.number("SELECT count(*) FROM hf_pending_base")),
              rows_with_base)
        << "after step " << step << ": " << last_;
  }

 private:
  int pick(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::string key(int id) { return "{\"id\":" + std::to_string(id) + "}"; }
  Columns random_row() {
    return {{"title", "\"t" + std::to_string(pick(100)) + "\""},
            {"done", pick(2) == 0 ? "true" : "false"}};
  }
  static std::string print(int id, const Columns& columns, bool whole) {
    std::string text =
        whole ? "{\"id\":" + std::to_string(id) + ",\"updated_at\":\"2026-01-01T00:00:00+00:00\""
              : "{\"id\":" + std::to_string(id);
    for (const auto& [name, value] : columns) text += ",\"" + name + "\":" + value;
    return text + "}";
  }
  Op random_op() {
    Op op{static_cast<EffectKind>(1 + pick(4)), 1 + pick(kRows), random_row()};
    if (op.kind == EffectKind::kDelete) op.changes.clear();
    if (op.kind == EffectKind::kUpdate && pick(2) == 0) op.changes.erase("done");
    return op;
  }

  void write() {
    last_ = "write";
    std::vector<Op> ops;
    for (int i = pick(2); i >= 0; --i) ops.push_back(random_op());
    std::vector<Effect> effects;
    for (const Op& op : ops) {
      Effect effect{"public.todos", key(op.id), op.kind};
      if (op.kind != EffectKind::kDelete) effect.changes = print(op.id, op.changes, false);
      if (op.kind == EffectKind::kInsert || op.kind == EffectKind::kInsertIgnore) {
        effect.row = print(op.id, op.changes, true);
      }
      effects.push_back(std::move(effect));
    }
    const int entry = ++entries_;
    sample_.write(
        [&](Transaction& transaction) { sample_.overlay().apply(transaction, entry, effects); });
    model_.pending[entry] = ops;
  }

  std::optional<Row> image(int id, const MaybeRow& row) {
    if (!row) return std::nullopt;
    return parse_row(sample_.table("todos"), print(id, *row, true)).value();
  }

  void pull() {
    last_ = "pull";
    const int id = 1 + pick(kRows);
    MaybeRow row;
    if (pick(4) != 0) row = random_row();
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().put_base(transaction, sample_.table("todos"), key(id), image(id, row));
    });
    model_.base[id] = row;
  }

  void acknowledge(bool with_images) {
    if (model_.pending.empty()) return;
    last_ = with_images ? "acknowledge with images" : "acknowledge without images";
    const auto entry =
        std::next(model_.pending.begin(), pick(static_cast<int>(model_.pending.size())));
    std::map<int, MaybeRow> after;
    for (const Op& op : entry->second) {
      if (!after.contains(op.id)) after[op.id] = model_.base[op.id];
      after[op.id] = Model::replay(op, after[op.id]);
    }
    std::vector<UpstreamImage> images;
    for (auto& [id, row] : after) {
      // The upstream's triggers may have made something else of it.
      if (with_images && row && pick(2) == 0) (*row)["title"] = "\"by a trigger\"";
      if (with_images) images.push_back({&sample_.table("todos"), key(id), image(id, row)});
      model_.base[id] = row;
    }
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().acknowledge(transaction, entry->first, images);
    });
    model_.pending.erase(entry);
  }

  void reject() {
    if (model_.pending.empty()) return;
    last_ = "reject";
    const auto entry =
        std::next(model_.pending.begin(), pick(static_cast<int>(model_.pending.size())));
    sample_.write(
        [&](Transaction& transaction) { sample_.overlay().drop(transaction, entry->first); });
    model_.dead.insert(model_.pending.extract(entry));
  }

  void revive() {
    if (model_.dead.empty()) return;
    last_ = "revive";
    const auto entry = model_.dead.begin();
    sample_.write(
        [&](Transaction& transaction) { sample_.overlay().reactivate(transaction, entry->first); });
    model_.pending.insert(model_.dead.extract(entry));
  }

  std::mt19937 random_;
  sample::Sample sample_;
  Model model_;
  int entries_ = 0;
  std::string last_;
};

class OverlayPropertyTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(OverlayPropertyTest, VisibleRowsAreAlwaysTheBaseWithPendingEffectsReplayed) {
  Play play(GetParam());
  for (int step = 0; step < 150; ++step) {
    play.step();
    play.check(step);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, OverlayPropertyTest, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace holdfast::cache
