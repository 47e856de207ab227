// Holds every input, output and order of stored values against a real PostgreSQL.

#include <gtest/gtest.h>

#include <map>

#include "cache/sqlite/database.h"
#include "cache/values/codec.h"
#include "cache/values/functions.h"
#include "cache/values/json.h"
#include "cache/values/sort_key.h"
#include "tests/cache/values/probe.h"

namespace holdfast::test {
namespace {

using cache::Value;

class UpstreamAgreementTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    samples_ = make_samples();
    const PostgresCluster postgres;
    answers_ = probe(postgres, samples_);
  }

  static std::string place(const Sample& sample, std::size_t n) {
    return sample.type.name + " from " + sample.tokens[n];
  }

  static std::vector<Sample> samples_;
  static std::vector<std::vector<Probed>> answers_;
};

std::vector<Sample> UpstreamAgreementTest::samples_;
std::vector<std::vector<Probed>> UpstreamAgreementTest::answers_;

// "22P02 words | details | hint", or the JSON and text forms.
std::string describe_ours(const cache::Type& type, const Result<Value>& value) {
  if (!value) {
    const Error& error = value.error();
    return error.code + " " + error.message + " | " + error.details.value_or("") + " | " +
           error.hint.value_or("");
  }
  std::string out;
  cache::print_json(type, view(*value), out);
  out += " | ";
  cache::print_text(type, view(*value), out);
  return out;
}

std::string describe_theirs(const Probed& probed) {
  if (!probed.code) return probed.json + " | " + probed.text;
  // Names the key, which the codec does not know.
  const bool of_key = probed.hint.starts_with("See the ");
  return *probed.code + " " + probed.message + " | " + probed.detail + " | " +
         (of_key ? "" : probed.hint);
}

TEST_F(UpstreamAgreementTest, EveryValueIsReadAndPrintedAsPostgresDoes) {
  std::size_t compared = 0;
  for (std::size_t s = 0; s < samples_.size(); ++s) {
    const Sample& sample = samples_[s];
    ASSERT_EQ(answers_[s].size(), sample.tokens.size()) << sample.type.name;
    for (std::size_t n = 0; n < sample.tokens.size(); ++n, ++compared) {
      const auto value = cache::parse_json(sample.type, sample.tokens[n]);
      EXPECT_EQ(describe_ours(sample.type, value), describe_theirs(answers_[s][n]))
          << place(sample, n);
    }
  }
  EXPECT_GT(compared, 5000U);
}

TEST_F(UpstreamAgreementTest, PrintedTextReadsBackAsTheSameStoredValue) {
  for (std::size_t s = 0; s < samples_.size(); ++s) {
    const Sample& sample = samples_[s];
    for (std::size_t n = 0; n < sample.tokens.size(); ++n) {
      const auto value = cache::parse_json(sample.type, sample.tokens[n]);
      if (!value || is_null(*value)) continue;
      std::string text;
      cache::print_output(sample.type, view(*value), text);
      // Postgres too rounds the last moment of its range to one that it does not read.
      if (text.starts_with("294277-01-01 00:00:00")) continue;
      const auto again = cache::parse_text(sample.type, text);
      ASSERT_TRUE(again) << place(sample, n) << ": " << again.error().message;
      EXPECT_EQ(*again, *value) << place(sample, n);
    }
  }
}

// The dense rank of every stored value in a real SQLite table with the type's collation.
std::map<std::size_t, int> sqlite_ranks(const Sample& sample, const std::vector<Probed>& answers) {
  cache::Database database(":memory:", cache::OpenMode::kReadWrite);
  cache::register_value_functions(database);
  database.execute("CREATE TABLE kept (n INTEGER, x COLLATE " +
                   std::string(cache::collation_of(sample.type)) + ")");
  for (std::size_t n = 0; n < sample.tokens.size(); ++n) {
    if (answers[n].rank == 0) continue;
    const auto value = cache::parse_json(sample.type, sample.tokens[n]);
    if (!value) continue;
    database.cached("INSERT INTO kept VALUES (?, ?)")
        .bind(1, static_cast<std::int64_t>(n))
        .bind(2, *value)
        .run();
  }
  std::map<std::size_t, int> ranks;
  cache::Statement select(database,
                          "SELECT n, dense_rank() OVER (ORDER BY x NULLS LAST) FROM kept");
  while (select.step()) {
    ranks[static_cast<std::size_t>(select.integer(0))] = static_cast<int>(select.integer(1));
  }
  return ranks;
}

TEST_F(UpstreamAgreementTest, StoredValuesOrderInSqliteAsInPostgres) {
  std::size_t types = 0;
  for (std::size_t s = 0; s < samples_.size(); ++s) {
    const Sample& sample = samples_[s];
    if (!cache::orders_exactly(sample.type)) continue;
    ++types;
    const auto ranks = sqlite_ranks(sample, answers_[s]);
    EXPECT_GT(ranks.size(), 1U) << sample.type.name;
    for (const auto& [n, rank] : ranks) EXPECT_EQ(rank, answers_[s][n].rank) << place(sample, n);
  }
  EXPECT_GE(types, 20U);
}

TEST_F(UpstreamAgreementTest, SortKeysOrderAsPostgresDoes) {
  std::size_t types = 0;
  for (std::size_t s = 0; s < samples_.size(); ++s) {
    const Sample& sample = samples_[s];
    if (!cache::has_sort_key(sample.type)) continue;
    ++types;
    std::map<int, std::string> key_of;
    for (std::size_t n = 0; n < sample.tokens.size(); ++n) {
      const auto value = cache::parse_json(sample.type, sample.tokens[n]);
      if (!value || is_null(*value)) continue;
      const std::string key = cache::sort_key(sample.type, view(*value));
      const auto kept = key_of.emplace(answers_[s][n].rank, key).first;
      EXPECT_EQ(kept->second, key) << place(sample, n);
    }
    const std::string* last = nullptr;
    for (const auto& [rank, key] : key_of) {
      if (last != nullptr) {
        EXPECT_LT(*last, key) << sample.type.name << " of rank " << rank;
      }
      last = &key;
    }
  }
  EXPECT_GE(types, 40U);
}

TEST_F(UpstreamAgreementTest, EqualityOfStoredValuesIsPostgresEquality) {
  for (std::size_t s = 0; s < samples_.size(); ++s) {
    const Sample& sample = samples_[s];
    if (!cache::compares_exactly(sample.type) || cache::orders_exactly(sample.type)) continue;
    std::map<std::string, int> rank_of;
    std::map<int, std::string> value_of;
    for (std::size_t n = 0; n < sample.tokens.size(); ++n) {
      const auto value = cache::parse_json(sample.type, sample.tokens[n]);
      if (!value || is_null(*value)) continue;
      const auto& stored = std::get<std::string>(*value);
      const int rank = answers_[s][n].rank;
      EXPECT_EQ(rank_of.emplace(stored, rank).first->second, rank) << place(sample, n);
      EXPECT_EQ(value_of.emplace(rank, stored).first->second, stored) << place(sample, n);
    }
  }
}

}  // namespace
}  // namespace holdfast::test
