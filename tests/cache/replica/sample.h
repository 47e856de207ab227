#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cache/replica/key.h"
#include "cache/replica/mutation.h"
#include "cache/replica/store.h"
#include "tests/cache/replica/sample_catalog.h"
#include "tests/support/temp_dir.h"

// A store over the sample catalog, shared by the tests of cache/replica and what lies above.
namespace holdfast::cache::sample {

// One principal's store in a folder of its own.
class Sample {
 public:
  explicit Sample(std::shared_ptr<const Catalog> known = catalog(),
                  std::vector<std::string> left_out = {})
      : catalog_(std::move(known)), left_out_(std::move(left_out)) {
    reopen();
  }

  std::string path() const { return (dir_.path() / "anon.db").string(); }
  Store& store() { return *store_; }
  Overlay& overlay() { return store_->overlay(); }
  const Catalog& known() const { return *catalog_; }
  const Table& table(const std::string& name) const { return *catalog_->find("public", name); }

  void close() { store_.reset(); }
  // Tables that are not replicated from the next reopen() on.
  void leave_out(std::vector<std::string> names) { left_out_ = std::move(names); }
  // As after a restart of the process; with another catalog, as after a change of the schema.
  void reopen(std::shared_ptr<const Catalog> changed = nullptr) {
    close();
    if (changed) catalog_ = std::move(changed);
    std::vector<const Table*> replicated;
    for (const Table& table : catalog_->tables()) {
      const bool left_out =
          std::find(left_out_.begin(), left_out_.end(), table.name) != left_out_.end();
      if (table.primary_key && !left_out) replicated.push_back(&table);
    }
    store_ = std::make_unique<Store>(path(), http::Principal::anonymous(), catalog_, replicated);
  }

  void write(const Writer::Job& job) { store_->writer().run(Writer::Priority::kClient, job); }

  // The upstream's image of rows, as a pull brings it.
  void put(const std::string& name, const std::string& rows) {
    const auto parsed = parse_rows(table(name), rows);
    ASSERT_TRUE(parsed) << parsed.error().message;
    write([&](Transaction& transaction) {
      for (const Row& row : *parsed) {
        overlay().put_base(transaction, table(name), key_of(table(name), row), row);
      }
    });
  }
  void remove(const std::string& name, const std::string& key) {
    write([&](Transaction& transaction) {
      overlay().put_base(transaction, table(name), key, std::nullopt);
    });
  }
  void complete() {
    write([&](Transaction& transaction) {
      for (const Table* table : store_->replicated()) store_->mark_complete(transaction, *table);
    });
    for (const Table* table : store_->replicated()) store_->publish(*table, TableStatus::kComplete);
  }

  // The visible rows of a table in order of their keys, `names` of their columns only.
  std::string rows(const std::string& name, const std::vector<std::string>& names) {
    std::vector<std::size_t> shown;
    for (const auto& column : names) shown.push_back(*table(name).column_index(column));
    std::map<std::string, std::string> sorted;
    auto reader = store_->reader();
    overlay().rows(table(name)).for_each(*reader, [&](const Row& row) {
      sorted[key_of(table(name), row)] = print_columns(table(name), row, shown);
    });
    std::string text;
    for (const auto& [key, row] : sorted) text += row;
    return text;
  }

  std::int64_t number(const std::string& sql) {
    auto reader = store_->reader();
    Statement statement(*reader, sql);
    return statement.step() ? statement.integer(0) : -1;
  }

 private:
  support::TempDir dir_;
  std::shared_ptr<const Catalog> catalog_;
  std::vector<std::string> left_out_;
  std::unique_ptr<Store> store_;
};

struct Request {
  Operation operation = Operation::kInsert;
  std::string table;
  std::string query = {};
  std::string body = "{}";
  Resolution resolution = Resolution::kNone;
  Missing missing = Missing::kNull;
  bool authoritative = false;
  http::Principal principal = http::Principal::anonymous();
  bool temporary_ids = false;
  bool sole = false;
};

inline Timestamp noon() {
  return Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) +
                   std::chrono::hours(12));
}

inline Mutation mutation_of(const Catalog& known, const Request& request) {
  Mutation mutation;
  mutation.table = known.find("public", request.table);
  mutation.operation = request.operation;
  mutation.resolution = request.resolution;
  mutation.missing = request.missing;
  mutation.query = query::Query::parse(request.query).value();
  if (request.operation != Operation::kDelete) {
    mutation.body = parse_body(request.body, BodyKeys::kAny).value();
  }
  return mutation;
}

inline Computed compute(Sample& sample, const Request& request) {
  const Mutation mutation = mutation_of(sample.known(), request);
  query::PlanOptions options;
  options.max_rows = 0;
  auto reader = sample.store().reader();
  return compute_changes(*reader, sample.known(), sample.overlay(), mutation,
                         {{request.principal, noon()},
                          options,
                          request.authoritative,
                          request.sole,
                          request.temporary_ids});
}

// "insert todos {"id":1} {…changes…}" for each effect.
inline std::vector<std::string> describe(const Changes& changes) {
  std::vector<std::string> texts;
  for (const Effect& effect : changes.effects) {
    constexpr std::array kKinds = {"", "insert", "insert-ignore", "update", "delete"};
    texts.push_back(std::string(kKinds.at(static_cast<std::size_t>(effect.kind))) + " " +
                    effect.relation.substr(7) + " " + effect.key + " " + effect.changes +
                    (effect.consequence ? " by itself" : ""));
  }
  return texts;
}

}  // namespace holdfast::cache::sample
