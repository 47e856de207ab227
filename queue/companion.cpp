#include "queue/companion.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "cache/values/json.h"
#include "queue/answer_class.h"

namespace holdfast::queue {
namespace {

// So many answers of others (a portal's page, an overload) may come before it is taken for bare:
// something may stand before this one function for ever, and writes are to be sent all the same.
constexpr int kForeignAnswers = 10;

// The upstream's own answer, which will not be another one at the next try.
bool is_final(const upstream::Answer& answer) {
  const AnswerClass kind = classify(answer).kind;
  return kind != AnswerClass::kTransient && kind != AnswerClass::kServerError &&
         kind != AnswerClass::kToken;
}

std::vector<std::string> strings_in(const std::string& token) {
  std::vector<std::string> strings;
  const auto list = nlohmann::json::parse(token, nullptr, false);
  for (const auto& each : list) {
    if (each.is_string()) strings.push_back(each.get<std::string>());
  }
  return strings;
}

}  // namespace

bool Companion::known() const {
  MutexLock lock(mutex_);
  return known_;
}

std::optional<CompanionVersion> Companion::found() const {
  MutexLock lock(mutex_);
  return found_;
}

void Companion::note_found(CompanionVersion version) {
  MutexLock lock(mutex_);
  found_ = std::move(version);
  known_ = true;
}

void Companion::note_absent() {
  MutexLock lock(mutex_);
  found_.reset();
  known_ = true;
}

void Companion::probe(upstream::Upstream& upstream, const upstream::Credentials& credentials) {
  const auto outcome = upstream.call(push_call("[]", credentials));
  if (!outcome.answered()) return;
  if (const auto version = version_in(outcome.answer())) return note_found(*version);
  if (lacks_companion(outcome.answer())) return note_absent();
  if (known()) return;
  if (is_final(outcome.answer()) || ++foreign_answers_ >= kForeignAnswers) note_absent();
}

upstream::Call push_call(const std::string& events, const upstream::Credentials& credentials) {
  upstream::Call call;
  call.method = "POST";
  call.target = "/rest/v1/rpc/holdfast_push";
  call.headers.set("Content-Type", "application/json");
  call.headers.set("Accept", "application/json");
  call.body = "{\"events\":" + events + "}";
  upstream::add_credentials(credentials, call.headers);
  return call;
}

bool lacks_companion(const upstream::Answer& answer) {
  const ClassifiedAnswer classified = classify(answer);
  if (lacks_part_of_companion(classified)) return true;
  if (classified.code == "PGRST202" || classified.code == "42883") return true;
  // Its own functions, not a table of the events: those have outcomes of their own.
  return classified.code == "42501" && classified.message.find("holdfast") != std::string::npos;
}

bool CompanionVersion::serves(std::string_view schema) const {
  return schemas.empty() || std::ranges::find(schemas, schema) != schemas.end();
}

std::optional<CompanionVersion> version_in(const upstream::Answer& answer) {
  if (answer.status != 200) return std::nullopt;
  const auto body = cache::parse_body(answer.body, cache::BodyKeys::kAny);
  if (!body || body->is_array || body->rows.size() != 1) return std::nullopt;
  CompanionVersion version;
  for (const auto& [name, token] : body->rows[0]) {
    if (name == "version") {
      std::from_chars(token.data(), token.data() + token.size(), version.version);
    } else if (name == "hook") {
      version.hook = token == "true";
    } else if (name == "schemas") {
      version.schemas = strings_in(token);
    }
  }
  if (version.version < 1) return std::nullopt;
  return version;
}

}  // namespace holdfast::queue
