// What the disk and SQLite alone need for a durable row: the sample's items, one transaction each,
// in WAL with synchronous=FULL.
//   bench_raw_commits FILE SECONDS
// Prints {"rate":…,"p50":…,"p99":…}, microseconds.

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "cache/sqlite/transaction.h"

namespace {

using namespace holdfast;
using Clock = std::chrono::steady_clock;

void write_item(cache::Database& database, std::int64_t id) {
  cache::Transaction transaction(database);
  cache::Statement& statement =
      database.cached("INSERT INTO items VALUES(?1, 1, ?2, ?3, 'category 1', 1, '1.50', 1, 2, 3)");
  const std::string name = "name of " + std::to_string(id);
  const std::string note = "a few words about number " + std::to_string(id);
  statement.bind(1, id).bind(2, std::string_view(name)).bind(3, std::string_view(note)).run();
  transaction.commit();
}

void measure(const std::string& file, double seconds) {
  cache::Database database(file, cache::OpenMode::kReadWrite);
  database.execute(
      "CREATE TABLE items(id INTEGER PRIMARY KEY, list_id INTEGER, name TEXT, note TEXT,"
      " category TEXT, quantity INTEGER, price TEXT, active INTEGER, created_at INTEGER,"
      " updated_at INTEGER); CREATE INDEX items_list ON items(list_id)");
  std::vector<std::int64_t> times;
  const auto begin = Clock::now();
  const auto end =
      begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (auto now = begin; now < end;) {
    write_item(database, static_cast<std::int64_t>(times.size()) + 1);
    const auto after = Clock::now();
    times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(after - now).count());
    now = after;
  }
  std::sort(times.begin(), times.end());
  std::cout << "{\"rate\":" << static_cast<double>(times.size()) / seconds
            << ",\"p50\":" << times[times.size() / 2]
            << ",\"p99\":" << times[times.size() * 99 / 100] << "}\n";
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "see the head of bench/raw_commits.cpp\n";
    return 2;
  }
  try {
    measure(words[1], std::stod(words[2]));
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
