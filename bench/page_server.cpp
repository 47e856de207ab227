// An upstream that can serve pages of the sample's items faster than any gateway reads them, and a
// few lists.
//   bench_page_server BUNDLE ROWS
// Prints "ready http://127.0.0.1:PORT" and serves until its standard input ends. It knows the two
// requests of a first sync: the catalog, and rows in order of their ids behind a given one.

#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "cache/catalog/catalog.h"
#include "gateway/server/listener.h"

namespace {

using namespace holdfast;

// Ids have one length, so that a row differs from the next in digits of fixed places only.
constexpr std::int64_t kFirstId = 1'000'000'000;
constexpr std::int64_t kLists = 500;  // in one page
constexpr std::string_view kList =
    R"({"id":##########,"name":"name of ##########","created_at":"2026-01-17T12:30:42+00:00"})";
constexpr std::string_view kItem =
    R"({"id":##########,"list_id":##########,"name":"name of ##########",)"
    R"("note":"a few words about number ##########","category":"category 17","quantity":42,)"
    R"("price":123.50,"active":true,"created_at":"2026-01-17T12:30:42.123456+00:00",)"
    R"("updated_at":"2026-01-17T12:30:42.123456+00:00"})";

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The number behind `mark` in the target; `otherwise` when there is none.
std::int64_t number_after(std::string_view target, std::string_view mark, std::int64_t otherwise) {
  const auto at = target.find(mark);
  if (at == std::string_view::npos) return otherwise;
  const char* begin = target.data() + at + mark.size();
  std::from_chars(begin, target.data() + target.size(), otherwise);
  return otherwise;
}

// `row` for the ids from `first` on, each with its digits.
std::string page(std::string_view row, std::int64_t first, std::int64_t count) {
  if (count <= 0) return "[]";
  std::string body(static_cast<std::size_t>(count) * (row.size() + 1) + 1, ',');
  body.front() = '[';
  char* at = body.data() + 1;
  for (std::int64_t id = first; id < first + count; ++id) {
    std::copy(row.begin(), row.end(), at);
    char digits[10];
    std::to_chars(digits, digits + sizeof digits, id);
    for (auto place = row.find('#'); place != row.npos; place = row.find('#', place + 10)) {
      std::copy_n(digits, sizeof digits, at + place);
    }
    at += row.size() + 1;
  }
  body.back() = ']';
  return body;
}

class PageServer final : public http::Handler {
 public:
  PageServer(std::string catalog, std::int64_t rows) : catalog_(std::move(catalog)), rows_(rows) {}

  void handle(http::Request request, http::Respond respond) override {
    if (request.target.starts_with("/rest/v1/rpc/holdfast_catalog")) {
      return respond(http::json_response(200, catalog_));
    }
    if (request.target.starts_with("/rest/v1/items?")) {
      return respond(rows(request, kItem, rows_));
    }
    if (request.target.starts_with("/rest/v1/lists?")) {
      return respond(rows(request, kList, kLists));
    }
    respond(http::json_response(404, R"({"code":"PGRST202","message":"not here"})"));
  }

 private:
  static http::Response rows(const http::Request& request, std::string_view row, std::int64_t all) {
    // Quoted or not.
    const auto bare = number_after(request.target, "id.gt.", kFirstId - 1);
    const std::int64_t after = number_after(request.target, "id.gt.%22", bare);
    const std::int64_t limit = number_after(request.target, "&limit=", 1000);
    const std::int64_t count = std::min(limit, kFirstId + all - after - 1);
    auto response = http::json_response(200, page(row, after + 1, count));
    response.headers.add("Content-Range", "0-0/" + std::to_string(all));
    return response;
  }

  const std::string catalog_;
  const std::int64_t rows_;
};

void serve(const std::string& bundle, std::int64_t rows) {
  const auto catalog = cache::catalog_of_bundle(read_file(bundle));
  if (!catalog) throw std::runtime_error(catalog.error().message);
  PageServer pages(cache::print_catalog(*catalog), rows);
  server::ListenerOptions options;
  options.port = 0;
  options.threads = 1;
  server::Listener listener(options, pages, silent_logger());
  listener.start();
  std::cout << "ready http://127.0.0.1:" << listener.port() << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  listener.stop();
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "see the head of bench/page_server.cpp\n";
    return 2;
  }
  try {
    serve(words[1], std::stoll(words[2]));
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
