#include "queue/bare_call.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cache/pull/table_source.h"
#include "cache/replica/key.h"
#include "gateway/http/uri.h"
#include "queue/companion_event.h"
#include "queue/conflict_policy.h"

namespace holdfast::queue {
namespace {

// Rows read in one request when a lost answer is settled.
constexpr int kRowsInRequest = 1000;
constexpr const char* kBlank = " \t\r\n";

// The others may be those that the role must not read.
std::string kept_columns(const cache::Table& table) {
  std::string select;
  for (const auto& column : table.columns) {
    if (!column.kept) continue;
    if (!select.empty()) select += ',';
    select += cache::quoted_name(column.name);
  }
  return select;
}

}  // namespace

upstream::Call entry_call(const Sender& sender, const Entry& entry, const cache::Table& table,
                          std::string target, std::string body, Representation representation) {
  upstream::Call call;
  call.method = entry.method;
  call.target = std::move(target);
  call.body = std::move(body);
  call.force = sender.force;
  std::string prefer;
  const auto headers = nlohmann::json::parse(entry.headers);
  for (const auto& [name, value] : headers.items()) {
    if (name == "Prefer") {
      prefer = value.get<std::string>() + ", ";
    } else {
      call.headers.set(name, value.get<std::string>());
    }
  }
  const bool rows = representation == Representation::kRows;
  call.headers.set("Prefer", prefer + (rows ? "return=representation" : "return=minimal"));
  if (rows) {
    call.target += call.target.find('?') == std::string::npos ? "?" : "&";
    call.target += "select=" + http::percent_encode(kept_columns(table));
  }
  call.headers.set("Accept", "application/json");
  add_key(entry, call.headers);
  upstream::add_credentials(sender.credentials, call.headers);
  return call;
}

upstream::Call question(const Sender& sender, const cache::Table& table, const std::string& select,
                        const std::string& parameters) {
  upstream::Call call;
  call.target =
      cache::rest_path(table) + "?select=" + http::percent_encode(select) + "&" + parameters;
  call.headers.set("Accept", "application/json");
  call.headers.set("Accept-Profile", table.schema);
  call.force = sender.force;
  upstream::add_credentials(sender.credentials, call.headers);
  return call;
}

void add_key(const Entry& entry, http::Headers& headers) {
  headers.set("Idempotency-Key", entry.idempotency_key);
  headers.set("X-Holdfast-Fingerprint", fingerprint_of(entry));
}

TryAgain no_answer(const upstream::Failure& failure) {
  return {0, failure.reason, failure.loss == upstream::Loss::kAnswerLost, std::nullopt, false};
}

std::string words_of(const ClassifiedAnswer& answer) {
  std::string text = answer.code.empty() ? answer.message : answer.code + ": " + answer.message;
  if (!answer.details.empty()) text += " (" + answer.details + ")";
  return text;
}

Verdict judge_refusal(const upstream::Answer& answer, const ClassifiedAnswer& classified) {
  switch (classified.kind) {
    case AnswerClass::kSchemaChanged: {
      TryAgain parked{answer.status, words_of(classified), false, std::nullopt, false};
      parked.parks = true;
      return parked;
    }
    case AnswerClass::kTransient: {
      // One entry alone that is too large, or takes too long, will be so again.
      const bool own_doing = answer.status == 413 || classified.code == "57014";
      // A proxy's words for an upstream that it lost: the write may have arrived there.
      const bool lost = classified.code.empty() && answer.status >= 500;
      return TryAgain{answer.status, words_of(classified), lost, classified.retry_after, own_doing};
    }
    case AnswerClass::kServerError:
      return TryAgain{answer.status, words_of(classified), false, classified.retry_after, true};
    case AnswerClass::kToken:
      return TokenRefused{answer.status, words_of(classified)};
    case AnswerClass::kDuplicate:
      return Refused{answer.status, words_of(classified), Lack::kFreeValue};
    case AnswerClass::kMissingParent:
      return Refused{answer.status, words_of(classified), Lack::kOtherRow};
    case AnswerClass::kNotPermitted:
    case AnswerClass::kRaised:
      return Refused{answer.status, words_of(classified), Lack::kAnything};
    case AnswerClass::kReplayed:
      return Applied{};  // presumed, and read again by key
    default:
      break;
  }
  return Refused{answer.status, words_of(classified)};
}

Superseded withheld(const Entry& entry, const cache::Table& table,
                    std::vector<cache::UpstreamImage> images) {
  const bool deletes = entry.operation == "delete";
  const bool triggered =
      std::any_of(table.triggers.begin(), table.triggers.end(), [&](const cache::Trigger& trigger) {
        return trigger.before && (deletes ? trigger.on_delete : trigger.on_update);
      });
  return {"the upstream's policies, or a trigger, do not permit this change", std::move(images),
          !triggered};
}

std::optional<std::vector<cache::Row>> rows_given_back(const cache::Table& table,
                                                       const std::string& body) {
  auto rows = cache::parse_rows(table, body);
  if (!rows) return std::nullopt;
  const auto lacks_key = [&](const cache::Row& row) {
    return table.primary_key &&
           std::ranges::any_of(table.primary_key->columns,
                               [&](std::size_t column) { return cache::is_null(row[column]); });
  };
  if (std::ranges::any_of(*rows, lacks_key)) return std::nullopt;
  return *std::move(rows);
}

bool gives_nothing_back(const upstream::Answer& answer) {
  return answer.body.find_first_not_of(kBlank) == std::string::npos;
}

bool gives_some_back(const upstream::Answer& answer) {
  const auto first = answer.body.find_first_not_of(kBlank);
  const auto type = answer.headers.find("Content-Type").value_or("");
  return (first != std::string::npos && answer.body[first] == '[') ||
         type.find("vnd.pgrst.object") != std::string_view::npos;
}

const cache::Table* table_of(const cache::Store& store, const Entry& entry) {
  for (const cache::Table& table : store.catalog().tables()) {
    if (cache::relation_of(table) == entry.relation) return &table;
  }
  return nullptr;
}

namespace {

// Fills in `images`, whose keys are given; a verdict when they cannot be read.
std::optional<Verdict> see_rows(upstream::Upstream& upstream, const Sender& sender,
                                const Entry& entry, std::span<cache::UpstreamImage> images,
                                SeenRows& seen) {
  const cache::Table& table = *images.front().table;
  std::vector<std::string> keys;
  for (const auto& image : images) keys.push_back(image.key);
  cache::TableSource source(upstream, table, sender.credentials, kRowsInRequest, sender.force);
  auto page = source.of_keys(keys);
  if (const auto* failure = std::get_if<cache::PullFailure>(&page)) {
    if (failure->kind != cache::PullFailure::Kind::kDenied) {
      const bool odd = failure->kind == cache::PullFailure::Kind::kRefused;
      return Verdict(TryAgain{failure->status, failure->reason, false, std::nullopt, odd});
    }
    // Not known is not proved: the entry keeps its lost answer and is for a person.
    seen.denied = true;
    if (!entry.lost_answer) return std::nullopt;
    return Verdict(Uncertain{failure->status,
                             "The answer was lost, and the row may not be read to see whether it "
                             "arrived"});
  }
  auto& rows = std::get<cache::RowPage>(page);
  if (rows.date) seen.clock_offset = clock_offset(sender.now, rows.received_at, *rows.date);
  for (cache::Row& row : rows.rows) {
    const auto image =
        std::ranges::find(images, cache::key_of(table, row), &cache::UpstreamImage::key);
    if (image != images.end()) image->row = std::move(row);
  }
  return std::nullopt;
}

}  // namespace

std::variant<SeenRows, Verdict> read_rows(upstream::Upstream& upstream, const Sender& sender,
                                          const Entry& entry, const cache::Table& table,
                                          const std::vector<std::string>& keys) {
  SeenRows seen;
  for (const std::string& key : keys) seen.images.push_back({&table, key, std::nullopt});
  for (std::size_t first = 0; first < keys.size(); first += cache::kKeysInRequest) {
    const std::size_t count = std::min(cache::kKeysInRequest, keys.size() - first);
    auto failed =
        see_rows(upstream, sender, entry, std::span(seen.images).subspan(first, count), seen);
    if (failed) return *std::move(failed);
  }
  return seen;
}

std::vector<cache::UpstreamImage> seen_later(std::vector<cache::UpstreamImage> images) {
  for (auto& image : images) image.others = cache::Others::kAll;
  return images;
}

}  // namespace holdfast::queue
