// The replica without HTTP.
//   bench_in_process fill BUNDLE FILE ROWS            makes the sample rows in a principal's file
//   bench_in_process step|answer BUNDLE FILE TARGETS THREADS SECONDS
// `step` only steps the statements of the targets (a file, one per line) and looks at each value:
// what SQLite itself needs. `answer` also makes the JSON. Both print answers per second.

#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cache/query/query.h"
#include "cache/replica/row_store.h"
#include "cache/values/codec.h"

namespace {

using namespace holdfast;

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

cache::Catalog read_catalog(const std::string& path) {
  auto catalog = cache::catalog_of_bundle(read_file(path));
  if (!catalog) throw std::runtime_error(catalog.error().message);
  return *std::move(catalog);
}

// A value of the column in row `number` of `rows`, as a person would expect it by the column's
// name.
std::string sample_text(const cache::Column& column, std::int64_t number, std::int64_t rows) {
  const std::string digits = std::to_string(number);
  if (column.name == "id") return digits;
  if (column.name == "list_id") return std::to_string((number - 1) / 5 + 1);
  if (column.name == "quantity") return std::to_string(number % 100);
  if (column.name == "price") return std::to_string(number % 1000) + ".50";
  if (column.name == "active") return number % 2 == 0 ? "true" : "false";
  if (column.name == "category") return "category " + std::to_string(number % (rows / 200 + 1));
  if (column.name == "name") return "name of " + digits;
  if (column.name == "note") return "a few words about number " + digits;
  const std::string second = std::to_string(10 + number % 50);
  return "2026-01-" + std::to_string(10 + number % 20) + "T12:30:" + second + ".123456+00:00";
}

void fill_table(cache::Transaction& transaction, const cache::Table& table, std::int64_t rows,
                std::int64_t of) {
  const cache::RowStore store(table);
  cache::Row row(table.columns.size());
  for (std::int64_t number = 1; number <= rows; ++number) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto& column = table.columns[i];
      row[i] = *cache::parse_text(column.type, sample_text(column, number, of));
    }
    store.put(transaction, row);
  }
}

void fill_file(const std::string& bundle, const std::string& file, std::int64_t rows) {
  const cache::Catalog catalog = read_catalog(bundle);
  cache::Database database(file, cache::OpenMode::kReadWrite);
  cache::query::register_functions(database);
  cache::Transaction transaction(database);
  fill_table(transaction, *catalog.find("public", "lists"), rows / 5, rows);
  fill_table(transaction, *catalog.find("public", "items"), rows, rows);
  transaction.commit();
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::vector<cache::query::Plan> plans_of(const cache::Catalog& catalog, const std::string& file) {
  std::ifstream targets(file);
  std::vector<cache::query::Plan> plans;
  for (std::string target; std::getline(targets, target);) {
    const auto mark = target.find('?');
    const auto slash = target.rfind('/', mark);
    const auto* table = catalog.find("public", target.substr(slash + 1, mark - slash - 1));
    const auto query = cache::query::Query::parse(std::string_view(target).substr(mark + 1));
    if (table == nullptr || !query) throw std::runtime_error("cannot read " + target);
    cache::query::PlanOptions options;
    options.count = target.find("offset=") != std::string::npos;
    auto planned = cache::query::plan_read(*query, catalog, *table, options);
    if (!std::holds_alternative<cache::query::Plan>(planned)) {
      throw std::runtime_error("cannot plan " + target);
    }
    plans.push_back(std::get<cache::query::Plan>(std::move(planned)));
  }
  return plans;
}

std::uint64_t step_through(cache::Statement& statement, const cache::query::Plan& plan,
                           std::size_t values) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < values; ++i) {
    statement.bind(static_cast<int>(i) + 1, plan.binding.values[i]);
  }
  for (const auto& [parameter, shape] : plan.pointers) {
    if (static_cast<std::size_t>(parameter) <= values) {
      statement.bind_pointer(parameter, shape, "hf_shape");
    }
  }
  while (statement.step()) {
    for (int i = 0; i < statement.column_count(); ++i) seen += statement.column(i).index();
  }
  return seen;
}

std::uint64_t step_plan(cache::Database& database, const cache::query::Plan& plan) {
  std::uint64_t seen = 0;
  if (!plan.count_sql.empty()) {
    seen += step_through(database.cached(plan.count_sql), plan, plan.count_values);
  }
  return seen + step_through(database.cached(plan.sql), plan, plan.binding.values.size());
}

std::uint64_t answer_plan(cache::Database& database, const cache::query::Plan& plan) {
  return cache::query::execute(database, plan, cache::query::Form::kArray)->body.size();
}

void measure(bool answers, const std::string& bundle, const std::string& file,
             const std::string& targets, int threads, double seconds) {
  const cache::Catalog catalog = read_catalog(bundle);
  const auto plans = plans_of(catalog, targets);
  std::atomic<std::uint64_t> done = 0;
  std::atomic<std::uint64_t> seen = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread) {
    all.emplace_back([&, thread] {
      cache::Database database(file, cache::OpenMode::kReadOnly);
      cache::query::register_functions(database);
      std::uint64_t count = 0;
      std::uint64_t sum = 0;
      for (; std::chrono::steady_clock::now() < end; ++count) {
        const auto& plan = plans[(count + static_cast<std::uint64_t>(thread) * 37) % plans.size()];
        sum += answers ? answer_plan(database, plan) : step_plan(database, plan);
      }
      done += count;
      seen += sum;
    });
  }
  for (auto& thread : all) thread.join();
  if (seen == 0) throw std::runtime_error("the targets find nothing");
  std::cout << static_cast<double>(done) / seconds << '\n';
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  try {
    if (arguments.size() == 4 && arguments[0] == "fill") {
      fill_file(arguments[1], arguments[2], std::stoll(arguments[3]));
    } else if (arguments.size() == 6) {
      measure(arguments[0] == "answer", arguments[1], arguments[2], arguments[3],
              std::stoi(arguments[4]), std::stod(arguments[5]));
    } else {
      std::cerr << "see the head of bench/in_process.cpp\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
