#include "routes/plan_cache.h"

#include <gtest/gtest.h>

namespace holdfast::routes {
namespace {

class PlanCacheTest : public ::testing::Test {
 protected:
  std::shared_ptr<const ReadPlan> plan() const {
    return std::make_shared<const ReadPlan>(ReadPlan{catalog_, {}, std::nullopt});
  }

  std::shared_ptr<const cache::Catalog> catalog_ = std::make_shared<const cache::Catalog>();
  PlanCache plans_{2};
};

TEST_F(PlanCacheTest, APlanIsFoundByItsKey) {
  const auto kept = plan();
  plans_.put("todos?id=eq.1", kept);
  EXPECT_EQ(plans_.find(*catalog_, "todos?id=eq.1"), kept);
  EXPECT_EQ(plans_.find(*catalog_, "todos?id=eq.2"), nullptr);
}

TEST_F(PlanCacheTest, APlanOfAnotherCatalogIsNotUsed) {
  plans_.put("todos?", plan());
  const cache::Catalog changed;
  EXPECT_EQ(plans_.find(changed, "todos?"), nullptr);
}

TEST_F(PlanCacheTest, ThePlanUsedLongestAgoGoes) {
  plans_.put("a?", plan());
  plans_.put("b?", plan());
  EXPECT_NE(plans_.find(*catalog_, "a?"), nullptr);
  plans_.put("c?", plan());
  EXPECT_NE(plans_.find(*catalog_, "a?"), nullptr);
  EXPECT_EQ(plans_.find(*catalog_, "b?"), nullptr);
  EXPECT_NE(plans_.find(*catalog_, "c?"), nullptr);
}

TEST_F(PlanCacheTest, ALaterPlanReplacesTheEarlier) {
  plans_.put("a?", plan());
  const auto later = plan();
  plans_.put("a?", later);
  EXPECT_EQ(plans_.find(*catalog_, "a?"), later);
}

}  // namespace
}  // namespace holdfast::routes
