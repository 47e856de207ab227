#include <cstdlib>
#include <random>

#include "tests/cache/pull/fixture.h"

// Writes, their sends and other people's changes in the middle of pulls, in any order: a row here
// is never older than our own write that it has acknowledged (hard case 8), and once all is quiet
// the replica is the upstream.
//
//   HF_PROPERTY_SEEDS=2000 HF_PROPERTY_FROM=1 pull_test --gtest_filter='*Interleaving*'
namespace holdfast::cache {
namespace {

using json = nlohmann::json;

constexpr int kIds = 5;
constexpr int kRounds = 12;
constexpr int kSeeds = 8;
constexpr const char* kGone = "gone";

int setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

class Interleaving : public PullerTest {
 public:
  Interleaving(int seed, bool companion) : random_(static_cast<unsigned>(seed)) {
    if (companion) {
      companion_ = [this](const upstream::Call& call) { return ask_companion(call); };
    }
    options_.page_rows = 2;
    options_.key_diff_every = 3;
    for (int id = 1; id <= kIds; ++id) set_row(id, next_title());
    pull_well();
    // The answer is what the upstream was before, or is after, what happens meanwhile.
    upstream_.respond_with([this](const upstream::Call& call) {
      if (pick(2) == 0) act();
      auto outcome = respond(call);
      if (pick(2) == 0) act();
      return outcome;
    });
  }

  // What is wrong; empty when nothing is.
  std::string run() {
    for (int round = 0; round < kRounds && wrong_.empty(); ++round) {
      act();
      pull(pick(3) == 0 ? PullDepth::kKeys : PullDepth::kChanges);
    }
    if (wrong_.empty()) settle();
    return wrong_.empty() ? "" : story_ + "\n=> " + wrong_;
  }

 private:
  struct Pending {
    int id;
    EffectKind kind;
    std::string title;
    bool sent = false;
    std::string image = {};  // as its answer tells it
  };

  void TestBody() override {}

  int pick(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::string next_title() { return "t" + std::to_string(++titles_); }
  void tell(const std::string& what) { story_ += "\n" + what; }
  static std::string with_id(const char* what, int id) {
    return std::string(what) + " " + std::to_string(id);
  }

  // ---- the upstream

  void set_row(int id, const std::string& title) {
    clock_.advance(std::chrono::seconds(1));
    todos_.date = clock_.now();
    todos_.put(todo(id, title, format_rfc3339(clock_.now()).substr(0, 19) + "+00:00"));
    note_version(id);
  }
  void remove_row(int id) {
    todos_.rows.erase(id);
    note_version(id);
  }
  std::string version(int id) const {
    const auto found = todos_.rows.find(id);
    return found == todos_.rows.end() ? kGone : found->second.at("title").get<std::string>();
  }
  void note_version(int id) {
    versions_[id].push_back(version(id));
    log_.push_back(id);
  }

  upstream::Outcome ask_companion(const upstream::Call& call) {
    const json asked = json::parse(call.body);
    upstream::Answer answer;
    answer.status = 200;
    answer.headers.add("Content-Type", "application/json");
    if (call.target.ends_with("holdfast_digest")) {
      // Never those of what is here: everything is looked at.
      json sums = json::array();
      for (std::size_t i = 0; i < asked["questions"].size(); ++i) {
        sums.push_back({{"rows", 0}, {"sum", "1"}});
      }
      answer.body = sums.dump();
    } else {
      answer.body = window(asked).dump();
    }
    return answer;
  }
  json window(const json& asked) const {
    json log = {{"cursor", std::to_string(log_.size())},
                {"more", false},
                {"held_back_s", nullptr},
                {"lines", json::array()},
                {"recheck", json::array()}};
    json part = {
        {"schema", "public"}, {"table", "todos"}, {"keys", json::array()}, {"rows", json::array()}};
    if (asked.contains("after")) {
      const auto from = std::stoul(asked["after"].get<std::string>());
      std::set<int> changed(log_.begin() + static_cast<std::ptrdiff_t>(from), log_.end());
      for (const int id : changed) {
        const std::string text = "{\"id\": " + std::to_string(id) + "}";
        log["lines"].push_back({{"schema", "public"}, {"table", "todos"}, {"key", text}});
        part["keys"].push_back(text);
        const auto row = todos_.rows.find(id);
        part["rows"].push_back(row == todos_.rows.end() ? json(nullptr) : json(row->second.dump()));
      }
    }
    return {
        {"version", 1},     {"lineage", "one"},
        {"access", "same"}, {"tables", json::parse(R"([["public","todos"],["public","reviews"]])")},
        {"log", log},       {"rows", json::array({part})}};
  }

  // ---- what happens

  void act() {
    switch (pick(7)) {
      case 0:
      case 1:
        return change_elsewhere();
      case 2:
      case 3:
        return write();
      case 4:
      case 5:
        return send();
      default:
        return acknowledge();
    }
  }

  void change_elsewhere() {
    const int id = 1 + pick(kIds);
    if (pick(4) == 0) {
      remove_row(id);
    } else {
      set_row(id, next_title());
    }
    tell(with_id("elsewhere", id) + " becomes " + version(id));
  }

  std::string shown_at(int id) {
    auto reader = sample_.store().reader();
    const auto& rows = sample_.overlay().rows(sample_.table("todos"));
    const auto stored = rows.find(*reader, {Value(std::int64_t{id})});
    return stored ? std::get<std::string>(stored->row[2]) : kGone;
  }

  void write() {
    const int id = 1 + pick(kIds);
    const bool there = shown_at(id) != kGone;
    Pending op{id, EffectKind::kInsert, next_title()};
    if (there) op.kind = pick(4) == 0 ? EffectKind::kDelete : EffectKind::kUpdate;
    Effect effect{"public.todos", key(id), op.kind};
    if (op.kind == EffectKind::kUpdate) effect.changes = R"({"title":")" + op.title + "\"}";
    if (op.kind == EffectKind::kInsert) effect.changes = effect.row = todo(id, op.title);
    const std::int64_t entry = ++entries_;
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().apply(transaction, entry, {&effect, 1});
    });
    pending_[entry] = op;
    tell(with_id("write", static_cast<int>(entry)) +
         with_id(" of kind", static_cast<int>(op.kind)) + with_id(" to", id) + " " + op.title);
    check();
  }

  // The upstream has it; the answer is on its way.
  void send() {
    for (auto& [entry, op] : pending_) {
      if (op.sent || is_behind_another(entry, op.id)) continue;
      op.sent = true;
      set_state(entry, "sending");
      const bool there = version(op.id) != kGone;
      if (op.kind == EffectKind::kDelete && there) remove_row(op.id);
      if (op.kind != EffectKind::kDelete && (there == (op.kind == EffectKind::kUpdate))) {
        set_row(op.id, op.title);
      }
      if (version(op.id) != kGone) op.image = todos_.rows.at(op.id).dump();
      since_[op.id] = versions_[op.id].size() - 1;
      return tell(with_id("send", static_cast<int>(entry)));
    }
  }
  bool is_behind_another(std::int64_t entry, int id) const {
    return std::any_of(pending_.begin(), pending_.end(), [&](const auto& other) {
      return other.first < entry && other.second.id == id;
    });
  }

  void acknowledge() {
    for (const auto& [entry, op] : pending_) {
      if (!op.sent) continue;
      const bool told = pick(3) != 0;
      std::vector<UpstreamImage> images;
      const Table& table = sample_.table("todos");
      if (told) {
        std::optional<Row> row;
        if (!op.image.empty()) row = parse_row(table, op.image).value();
        images.push_back({&table, key(op.id), row});
      }
      sample_.write([&](Transaction& transaction) {
        sample_.overlay().acknowledge(transaction, entry, images);
      });
      set_state(entry, "acknowledged");
      tell(with_id(told ? "acknowledge" : "acknowledge without image", static_cast<int>(entry)));
      oldest_[op.id] = std::max(oldest_[op.id], since_[op.id]);
      presumed_[op.id] = !told;
      pending_.erase(entry);
      return check();
    }
  }

  // ---- what must hold

  void check() {
    for (int id = 1; id <= kIds && wrong_.empty(); ++id) {
      const auto base = base_at(id);
      const auto& known = versions_[id];
      const auto from = known.begin() + static_cast<std::ptrdiff_t>(oldest_[id]);
      const bool fresh = std::find(from, known.end(), base) != known.end();
      if (!fresh && !presumed_[id]) wrong_ = with_id("the base of", id) + " is an old " + base;
      std::string visible = base;
      for (const auto& [entry, op] : pending_) {
        if (op.id != id) continue;
        if (op.kind == EffectKind::kDelete) visible = kGone;
        if (op.kind == EffectKind::kInsert) visible = op.title;
        if (op.kind == EffectKind::kUpdate && visible != kGone) visible = op.title;
      }
      if (shown_at(id) != visible) {
        wrong_ = with_id("row", id) + " shows " + shown_at(id) + ", expected " + visible;
      }
    }
  }
  std::string base_at(int id) {
    auto reader = sample_.store().reader();
    const auto row = sample_.overlay().base_of(*reader, sample_.table("todos"), key(id));
    return row ? std::get<std::string>((*row)[2]) : kGone;
  }

  // Nothing happens any more but what pulls bring by themselves.
  void settle() {
    upstream_.respond_with([this](const upstream::Call& call) { return respond(call); });
    while (!pending_.empty() && wrong_.empty()) {
      send();
      acknowledge();
    }
    pull(PullDepth::kChanges);
    tell("all is quiet, and pulled");
    // What the stamps do not tell is found by the next comparison; the log tells of everything.
    if (!companion_) pull(PullDepth::kKeys);
    for (int id = 1; id <= kIds && wrong_.empty(); ++id) {
      if (shown_at(id) == version(id)) continue;
      wrong_ = with_id("row", id) + " stays " + shown_at(id) + ", upstream " + version(id);
    }
  }

  std::mt19937 random_;
  int titles_ = 0;
  std::int64_t entries_ = 0;
  std::map<int, std::vector<std::string>> versions_;  // of the upstream's rows, by their titles
  std::vector<int> log_;
  std::map<std::int64_t, Pending> pending_;
  std::map<int, std::size_t> since_;   // the version that our last send made
  std::map<int, std::size_t> oldest_;  // of what we may still show
  std::map<int, bool> presumed_;
  std::string story_;
  std::string wrong_;
};

class InterleavingTest : public ::testing::TestWithParam<bool> {};

TEST_P(InterleavingTest, NoPullUndoesAnAcknowledgedWriteNorMissesAChange) {
  const int from = setting("HF_PROPERTY_FROM", 1);
  for (int seed = from; seed < from + setting("HF_PROPERTY_SEEDS", kSeeds); ++seed) {
    const std::string wrong = Interleaving(seed, GetParam()).run();
    ASSERT_EQ(wrong, "") << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, InterleavingTest, ::testing::Bool(),
                         [](const auto& tier) { return tier.param ? "Companion" : "Bare"; });

}  // namespace
}  // namespace holdfast::cache
