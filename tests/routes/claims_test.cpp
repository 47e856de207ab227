// Reads under claims that have changed (hard case 1).

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using namespace std::chrono_literals;

class ClaimsTest : public RoutesTest {
 protected:
  ClaimsTest() {
    put("lists", R"([{"id":1}])");
    go_online();
    store_->note_claims("seller", clock_.now());
  }
  std::string read() { return rest("GET", "lists?select=id").body; }
};

TEST_F(ClaimsTest, ReadsAreTheUpstreamsUntilTheKeysWereComparedUnderTheNewClaims) {
  EXPECT_EQ(read(), R"([{"id":1}])");
  store_->note_claims("admin", clock_.now() + 1s);
  upstream_.push(200, R"([{"id":7}])");
  EXPECT_EQ(read(), R"([{"id":7}])");
  store_->settle_claims(store_->claims_changes());
  EXPECT_EQ(read(), R"([{"id":1}])");
  EXPECT_EQ(upstream_.calls().size(), 1U);
}

TEST_F(ClaimsTest, RowsReadUnderOtherClaimsAreNotShownOfflineEither) {
  store_->note_claims("admin", clock_.now() + 1s);
  go_offline();
  upstream_.set_offline(true);
  EXPECT_EQ(rest("GET", "lists?select=id").status, 504);
}

TEST_F(ClaimsTest, ADenialUnderTheOldClaimsIsNotRepeated) {
  const auto& lists = *store_->catalog().find("public", "lists");
  store_->publish(lists, cache::TableStatus::kDenied, cache::Denial{403, "{}"});
  EXPECT_EQ(rest("GET", "lists").status, 403);
  store_->note_claims("admin", clock_.now() + 1s);
  upstream_.push(200, "[]");
  EXPECT_EQ(read(), "[]");
}

}  // namespace
}  // namespace holdfast::routes
