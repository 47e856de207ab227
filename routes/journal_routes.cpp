#include "routes/journal_routes.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "gateway/http/json.h"
#include "gateway/http/uri.h"
#include "queue/insight.h"
#include "queue/journal.h"
#include "routes/error_response.h"
#include "routes/request_query.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

constexpr std::int64_t kMostRecords = 200;
constexpr std::size_t kLongestSubject = 100;

struct Page {
  std::string principal = "anon";
  std::string subject;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  std::int64_t limit = 50;
};

Result<Page> read_page(const http::Request& request) {
  Page page;
  for (const auto& [name, value] : http::parse_query(request.query())) {
    if (name == "principal") page.principal = value;
    if (name == "subject") page.subject = value;
  }
  HF_TRY(const auto before, positive_parameter(request, "before"));
  HF_TRY(const auto limit, positive_parameter(request, "limit"));
  page.before = before.value_or(page.before);
  page.limit = std::min(limit.value_or(page.limit), kMostRecords);
  return page;
}

json print_record(const queue::JournalRecord& record) {
  return {{"number", record.number},
          {"at", record.at ? json(format_rfc3339(*record.at)) : json(nullptr)},
          {"event", record.event},
          {"subject", record.subject},
          {"was", record.was},
          {"became", record.became},
          {"seal", record.mac.substr(0, 16)}};
}

}  // namespace

http::Response list_journal(const Context& context, const http::Request& request) {
  const auto page = read_page(request);
  if (!page) return error_response(page.error());
  json principals = json::array();
  json records = json::array();
  std::int64_t last = 0;
  for (const auto& store : context.stores.all()) {
    principals.push_back(store->principal().id);
    if (store->principal().id != page->principal) continue;
    auto reader = store->reader();
    for (const auto& record : queue::journal_before(*reader, page->before, page->subject,
                                                    static_cast<int>(page->limit))) {
      records.push_back(print_record(record));
      last = record.number;
    }
  }
  const bool more = static_cast<std::int64_t>(records.size()) == page->limit && last > 1;
  return http::json_response(200, http::print_json({{"principal", page->principal},
                                                    {"principals", principals},
                                                    {"records", records},
                                                    {"next", more ? json(last) : json(nullptr)}}));
}

http::Response note_in_journal(const Context& context, const http::Request& request) {
  const auto body = http::parse_json(request.body);
  const auto text = [&](const char* name) {
    return body.is_object() && body.contains(name) && body[name].is_string()
               ? body[name].get<std::string>()
               : std::string();
  };
  const std::string principal = text("principal");
  const std::string subject = text("subject");
  if (principal.empty() || subject.empty() || subject.size() > kLongestSubject) {
    return error_response(
        invalid_request("HF400", "Say which, as {\"principal\":\"anon\",\"subject\":\"export\"}"));
  }
  for (const auto& store : context.stores.all()) {
    if (store->principal().id != principal) continue;
    store->writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
      queue::Journal::note(transaction, subject, "");
    });
    return http::json_response(200, "{}");
  }
  return error_response({ErrorKind::kNotFound, "HF404", "Nothing is kept here for " + principal,
                         std::nullopt, std::nullopt});
}

}  // namespace holdfast::routes
