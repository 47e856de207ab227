#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>

#include "cache/query/query.h"
#include "routes/answer_cache.h"
#include "routes/recent_plans.h"

namespace holdfast::routes {

// Plans of reads. Apps repeat themselves: a target that came twice before has its plan and its
// values at once (one that came once takes no place from those that come again); one that differs
// in literals only is parsed and its literals are read, but nothing is planned; the rest is
// planned. A plan goes with the catalog that it was made for.
//
// The options but for range, count, time zone and new rows must be the same in all calls.
// Thread-safe.
class PlanCache {
 public:
  // Targets kept, and shapes; the one used longest ago goes. `answer_bytes`: room for answers.
  explicit PlanCache(std::size_t capacity, std::size_t answer_bytes = kAnswerBytes)
      : targets_(capacity), shapes_(capacity), answers_(answer_bytes) {}

  static constexpr std::size_t kAnswerBytes = 10 * 1024 * 1024;

  struct Read {
    std::shared_ptr<const ReadPlan> plan;
    bool known = false;  // the same target came before and was kept
  };
  using Found = std::variant<Read, cache::query::Forward, Error>;
  // The plan for a read of `table`, of `catalog`, by `query`, the raw query of the target.
  Found find_or_plan(const std::shared_ptr<const cache::Catalog>& catalog,
                     const cache::Table& table, std::string_view query,
                     const cache::query::PlanOptions& options);

  // Answers of the plans that are kept here.
  AnswerCache& answers() { return answers_; }

  // Requests that had to be planned.
  std::uint64_t planned() const { return planned_.load(std::memory_order_relaxed); }

 private:
  Found find_shape(const std::shared_ptr<const cache::Catalog>& catalog, const cache::Table& table,
                   std::string_view query, const cache::query::PlanOptions& options);

  // Whether a target with this hash came before, as far as is remembered; it is from now on.
  bool came_before(std::size_t hash);

  // Hashes of targets that came, each at its own place.
  static constexpr std::size_t kTargetsRemembered = 4096;
  std::array<std::atomic<std::size_t>, kTargetsRemembered> came_{};
  RecentPlans targets_;
  RecentPlans shapes_;
  AnswerCache answers_;
  std::atomic<std::uint64_t> planned_ = 0;
};

}  // namespace holdfast::routes
