// The bytes of one connection, as the listener takes them: however they are cut into pieces, the
// same requests come out.

#include <algorithm>
#include <vector>

#include "gateway/http/uri.h"
#include "gateway/server/head_scanner.h"
#include "gateway/server/request_parser.h"
#include "tests/fuzz/targets.h"

namespace holdfast::fuzz {
namespace {

using server::HeadScanner;
using server::Refusal;

constexpr std::uint64_t kMostBody = 1 << 20;

struct Heard {
  std::vector<http::Request> requests;
  int refused = 0;  // status

  bool same_as(const Heard& other) const {
    return refused == other.refused &&
           std::equal(requests.begin(), requests.end(), other.requests.begin(),
                      other.requests.end(), [](const auto& a, const auto& b) {
                        return a.method == b.method && a.target == b.target && a.body == b.body;
                      });
  }
};

// Gives the scanner `bytes` in pieces; where the head ends, or nullopt.
std::optional<std::pair<std::size_t, std::size_t>> find_head(std::string_view bytes,
                                                             std::size_t piece, int& refused) {
  HeadScanner scanner({});
  for (std::size_t known = std::min(piece, bytes.size());;
       known = std::min(known + piece, bytes.size())) {
    const auto state = scanner.scan(bytes.substr(0, known));
    if (state == HeadScanner::State::kComplete) return std::pair(scanner.begin(), scanner.end());
    if (state == HeadScanner::State::kRefused) {
      refused = scanner.refusal().status;
      return std::nullopt;
    }
    if (known == bytes.size()) return std::nullopt;
  }
}

std::optional<Refusal> read_body(server::RequestParser& parser, std::string_view& bytes) {
  while (!parser.is_done() && !bytes.empty()) {
    std::size_t used = 0;
    if (auto refusal = parser.parse_body(bytes, used)) return refusal;
    require(used <= bytes.size(), "a parser takes no more than there is");
    bytes.remove_prefix(used);
    if (used == 0) return std::nullopt;
  }
  return std::nullopt;
}

Heard hear(std::string_view bytes, std::size_t piece) {
  Heard heard;
  while (!bytes.empty()) {
    const auto head = find_head(bytes, piece, heard.refused);
    if (!head) return heard;
    server::RequestParser parser(1 << 17, kMostBody);
    auto refusal = parser.parse_head(bytes.substr(head->first, head->second - head->first));
    bytes.remove_prefix(head->second);
    if (!refusal) refusal = read_body(parser, bytes);
    if (refusal) {
      heard.refused = refusal->status;
      return heard;
    }
    if (!parser.is_done()) return heard;
    heard.requests.push_back(parser.request());
    if (!parser.wants_keep_alive()) return heard;
  }
  return heard;
}

void check_request(const http::Request& request) {
  require(!request.method.empty(), "a request has a method");
  const bool any = request.target == "*";
  require(any || request.target.starts_with('/'), "a target begins with a slash", request.target);
  require(request.body.size() <= kMostBody, "a body keeps its limit");
  for (const char c : request.target) {
    require(static_cast<unsigned char>(c) > ' ', "a target has no blanks", request.target);
  }
  http::parse_query(request.target);
}

}  // namespace

void run_http(std::string_view input) {
  const Heard whole = hear(input, input.size() + 1);
  for (const auto& request : whole.requests) check_request(request);
  require(whole.refused == 0 || (whole.refused >= 400 && whole.refused < 600),
          "a refusal has a status");
  require(whole.same_as(hear(input, 1)), "pieces do not change what is heard");
}

}  // namespace holdfast::fuzz
