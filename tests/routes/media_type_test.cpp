#include "routes/media_type.h"

#include <gtest/gtest.h>

namespace holdfast::routes {
namespace {

using cache::query::Form;

Negotiated negotiated(const char* accept) { return negotiate({{"Accept", accept}}); }

// What is answered here; a test that expects no such answer looks at negotiated().
MediaType asked(const char* accept) {
  const auto outcome = negotiated(accept);
  if (const auto* type = std::get_if<MediaType>(&outcome)) return *type;
  ADD_FAILURE() << accept << " is not answered here";
  return {};
}

TEST(MediaTypeTest, NothingAskedMeansJson) {
  const auto outcome = negotiate({});
  const auto* type = std::get_if<MediaType>(&outcome);
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->form, Form::kArray);
  EXPECT_STREQ(type->content_type, "application/json; charset=utf-8");
}

TEST(MediaTypeTest, TheFirstAcceptableTypeIsTaken) {
  EXPECT_EQ(asked("text/csv, application/json").form, Form::kCsv);
  EXPECT_EQ(asked("image/png, */*").form, Form::kArray);
  EXPECT_EQ(asked("Application/VND.pgrst.object+JSON").form, Form::kObject);
}

TEST(MediaTypeTest, TheClientsPreferenceCountsNotTheOrder) {
  EXPECT_EQ(asked("application/json;q=0.5, text/csv").form, Form::kCsv);
  EXPECT_EQ(asked("*/*, text/csv").form, Form::kCsv) << "a wildcard is the less specific one";
  EXPECT_EQ(asked("text/csv;q=0.9, application/vnd.pgrst.object+json ; q=0.95").form,
            Form::kObject);
  EXPECT_EQ(asked("application/json, text/csv; version=1").form, Form::kCsv);
  EXPECT_EQ(asked("text/html,application/xml;q=0.9,*/*;q=0.8").form, Form::kArray);
}

TEST(MediaTypeTest, NullsAreStrippedWhenAskedFor) {
  const auto stripped = asked("application/vnd.pgrst.array+json; nulls=stripped");
  EXPECT_TRUE(stripped.nulls_stripped);
  EXPECT_STREQ(stripped.content_type,
               "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8");
  EXPECT_FALSE(asked("application/vnd.pgrst.object+json").nulls_stripped);
  EXPECT_TRUE(
      asked("application/vnd.pgrst.array+json;charset=utf-8;Nulls=\"stripped\"").nulls_stripped);
  EXPECT_FALSE(asked("application/vnd.pgrst.array+json;nulls=STRIPPED").nulls_stripped);
}

TEST(MediaTypeTest, WhatOnlyTheUpstreamMakesIsNotAnsweredHere) {
  EXPECT_TRUE(
      std::holds_alternative<MadeUpstream>(negotiated("application/geo+json, application/json")));
  EXPECT_TRUE(std::holds_alternative<MadeUpstream>(negotiated("application/vnd.pgrst.plan+json")));
}

TEST(MediaTypeTest, AnUnknownTypeIsRefusedAsPostgrestDoes) {
  const auto outcome = negotiated("image/png");
  const auto* refused = std::get_if<NotAcceptable>(&outcome);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->error.code, "PGRST107");
  EXPECT_EQ(refused->error.message, "None of these media types are available: image/png");
}

TEST(MediaTypeTest, ARefusalNamesAllThatWereAskedInTheirOrderOfPreference) {
  const auto error = not_acceptable(
      accepted_types({{"Accept", "text/plain;q=0.2, image/png;level=1"}, {"Accept", "a/b;q=0.5"}}));
  EXPECT_EQ(error.message,
            "None of these media types are available: image/png;level=1, a/b, text/plain");
  const auto known = not_acceptable(accepted_types({{"Accept", "Text/Plain;x=1, TEXT/Unknown"}}));
  EXPECT_EQ(known.message, "None of these media types are available: text/plain, TEXT/Unknown");
}

TEST(MediaTypeTest, WhatAHandlerMakesIsTheUpstreamsToAnswer) {
  cache::Table table;
  table.schema = "public";
  table.name = "t";
  cache::Table other = table;
  other.name = "other";
  const cache::Catalog catalog({table, other}, {}, {"public"}, {},
                               {{"text/tab", cache::RelationName{"public", "t"}},
                                {"application/json", cache::RelationName{"public", "t"}},
                                {"a/any", std::nullopt}});
  const auto made = [&](const cache::Table& of, const char* accept, const char* query = "") {
    return std::holds_alternative<MadeUpstream>(
        negotiate({{"Accept", accept}}, catalog, of, query));
  };
  EXPECT_TRUE(made(table, "text/tab"));
  EXPECT_TRUE(made(table, "text/tab", "select=*&id=eq.1"));
  EXPECT_FALSE(made(table, "text/tab", "select=id")) << "it takes whole rows";
  EXPECT_FALSE(made(other, "text/tab"));
  EXPECT_TRUE(made(other, "a/any", "select=id"));
  EXPECT_TRUE(made(table, "application/json"));
  EXPECT_FALSE(made(table, "*/*"));
  EXPECT_FALSE(made(table, "application/vnd.pgrst.object+json"));
}

TEST(MediaTypeTest, ADescriptionIsNoFormOfRows) {
  for (const char* type : {"application/openapi+json", "application/octet-stream"}) {
    EXPECT_TRUE(std::holds_alternative<NotAcceptable>(negotiated(type))) << type;
  }
}

}  // namespace
}  // namespace holdfast::routes
