#include "routes/plan_cache.h"

#include <gtest/gtest.h>

namespace holdfast::routes {
namespace {

class RecentPlansTest : public ::testing::Test {
 protected:
  std::shared_ptr<const ReadPlan> plan() const {
    return std::make_shared<const ReadPlan>(ReadPlan{catalog_, nullptr, {}, std::nullopt});
  }

  std::shared_ptr<const cache::Catalog> catalog_ = std::make_shared<const cache::Catalog>();
  RecentPlans plans_{2};
};

TEST_F(RecentPlansTest, APlanIsFoundByItsKey) {
  const auto kept = plan();
  plans_.put("todos?id=eq.1", kept);
  EXPECT_EQ(plans_.find(*catalog_, "todos?id=eq.1"), kept);
  EXPECT_EQ(plans_.find(*catalog_, "todos?id=eq.2"), nullptr);
}

TEST_F(RecentPlansTest, APlanOfAnotherCatalogIsNotUsed) {
  plans_.put("todos?", plan());
  const cache::Catalog changed;
  EXPECT_EQ(plans_.find(changed, "todos?"), nullptr);
}

TEST_F(RecentPlansTest, ThePlanUsedLongestAgoGoes) {
  plans_.put("a?", plan());
  plans_.put("b?", plan());
  EXPECT_NE(plans_.find(*catalog_, "a?"), nullptr);
  plans_.put("c?", plan());
  EXPECT_NE(plans_.find(*catalog_, "a?"), nullptr);
  EXPECT_EQ(plans_.find(*catalog_, "b?"), nullptr);
  EXPECT_NE(plans_.find(*catalog_, "c?"), nullptr);
}

TEST_F(RecentPlansTest, ALaterPlanReplacesTheEarlier) {
  plans_.put("a?", plan());
  const auto later = plan();
  plans_.put("a?", later);
  EXPECT_EQ(plans_.find(*catalog_, "a?"), later);
}

class PlanCacheTest : public ::testing::Test {
 protected:
  static std::shared_ptr<const cache::Catalog> make_catalog() {
    cache::Table table;
    table.schema = "public";
    table.name = "todos";
    for (const auto& [name, type] : {std::pair("id", "bigint"), std::pair("title", "text")}) {
      auto& column = table.columns.emplace_back();
      column.name = name;
      column.type = cache::make_type(type);
    }
    return std::make_shared<const cache::Catalog>(
        cache::Catalog({std::move(table)}, std::vector<cache::Function>(), {"public"}));
  }

  PlanCache::Found find(std::string_view query) {
    return cache_.find_or_plan(catalog_, *catalog_->find("public", "todos"), query, options_);
  }
  std::shared_ptr<const ReadPlan> plan(std::string_view query) {
    auto found = find(query);
    auto* read = std::get_if<PlanCache::Read>(&found);
    return read == nullptr ? nullptr : read->plan;
  }

  std::shared_ptr<const cache::Catalog> catalog_ = make_catalog();
  cache::query::PlanOptions options_;
  PlanCache cache_{16};
};

TEST_F(PlanCacheTest, OtherLiteralsAreNotPlannedAnew) {
  const auto first = plan("id=eq.1");
  const auto second = plan("id=eq.2");
  EXPECT_EQ(cache_.planned(), 1u);
  EXPECT_EQ(first->plan, second->plan);
  EXPECT_EQ(first->binding.values[0], cache::Value(std::int64_t{1}));
  EXPECT_EQ(second->binding.values[0], cache::Value(std::int64_t{2}));
  EXPECT_EQ(second->location, "/todos?id=eq.2");
}

TEST_F(PlanCacheTest, TheSameTargetHasItsValuesAtOnce) {
  plan("id=eq.1");
  const auto kept = plan("id=eq.1");
  EXPECT_EQ(plan("id=eq.1"), kept);
}

TEST_F(PlanCacheTest, WhatComesOnceTakesNoPlaceFromWhatComesAgain) {
  plan("id=eq.1");
  const auto kept = plan("id=eq.1");
  for (int id = 2; id < 100; ++id) plan("id=eq." + std::to_string(id));
  EXPECT_EQ(plan("id=eq.1"), kept);
}

TEST_F(PlanCacheTest, CountAndTimeZoneHavePlansOfTheirOwn) {
  const auto plain = plan("id=eq.1");
  options_.count = true;
  EXPECT_NE(plan("id=eq.1")->plan, plain->plan);
  options_.count = false;
  options_.timezone = "Europe/Rome";
  EXPECT_NE(plan("id=eq.2")->plan, plain->plan);
}

TEST_F(PlanCacheTest, ARangeIsBoundAndNotKept) {
  options_.range = {0, 9};
  const auto first = plan("id=gt.1");
  options_.range = {0, 4};
  const auto second = plan("id=gt.1");
  EXPECT_EQ(first->plan, second->plan);
  EXPECT_EQ(first->binding.window.limit, 10);
  EXPECT_EQ(second->binding.window.limit, 5);
}

TEST_F(PlanCacheTest, ALiteralThatItsTypeRefusesIsItsError) {
  ASSERT_NE(plan("id=eq.1"), nullptr);
  const auto found = find("id=eq.x");
  ASSERT_TRUE(std::holds_alternative<Error>(found));
  EXPECT_EQ(std::get<Error>(found).code, "22P02");
}

TEST_F(PlanCacheTest, AChangedCatalogIsPlannedAnew) {
  const auto before = plan("id=eq.1");
  catalog_ = make_catalog();
  EXPECT_NE(plan("id=eq.1")->plan, before->plan);
  EXPECT_EQ(cache_.planned(), 2u);
}

}  // namespace
}  // namespace holdfast::routes
