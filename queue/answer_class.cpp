#include "queue/answer_class.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

namespace holdfast::queue {
namespace {

bool is_json(const upstream::Answer& answer) {
  const auto type = answer.headers.find("Content-Type");
  return type && type->find("json") != std::string_view::npos;
}

bool looks_applied(const upstream::Answer& answer) {
  if (answer.status != 200 && answer.status != 201 && answer.status != 204) return false;
  return answer.body.empty() ? answer.status != 200 || is_json(answer) : is_json(answer);
}

std::optional<std::chrono::seconds> retry_after(const upstream::Answer& answer) {
  const auto field = answer.headers.find("Retry-After");
  if (!field) return std::nullopt;
  int seconds = 0;
  const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), seconds);
  if (error == std::errc() && seconds >= 0) return std::chrono::seconds(seconds);
  // Or a date, by the clock that has written the answer's own.
  const auto until = parse_http_date(std::string(*field));
  const Timestamp now = answer.date.value_or(answer.received_at);
  if (!until || *until < now) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*until - now);
}

std::string text_member(const nlohmann::json& body, const char* name) {
  const auto member = body.find(name);
  return member != body.end() && member->is_string() ? member->get<std::string>() : std::string();
}

template <std::size_t N>
bool starts_with_any(std::string_view code, const std::array<std::string_view, N>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return code.starts_with(prefix); });
}

AnswerClass class_of_code(int status, std::string_view code) {
  // Connection, resources, operator intervention, locks, serialization, PostgREST's own pool.
  // 25006: a standby, or a project whose disk is full, takes no writes for a while.
  constexpr std::array<std::string_view, 10> kTransientCodes = {
      "08", "53", "57", "25006", "40001", "40P01", "55P03", "PGRST000", "PGRST001", "PGRST002"};
  constexpr std::array<std::string_view, 4> kTokenCodes = {"PGRST300", "PGRST301", "PGRST302",
                                                           "PGRST303"};
  if (starts_with_any(code, kTransientCodes) || code == "PGRST003") return AnswerClass::kTransient;
  if (starts_with_any(code, kTokenCodes)) return AnswerClass::kToken;
  if (code == "42501") return AnswerClass::kNotPermitted;
  if (code == "23505") return AnswerClass::kDuplicate;
  if (code == "23503") return AnswerClass::kMissingParent;
  if (code == "P0001") return AnswerClass::kRaised;
  constexpr std::array<std::string_view, 5> kSchemaCodes = {"PGRST202", "PGRST204", "PGRST205",
                                                            "42703", "42P01"};
  if (starts_with_any(code, kSchemaCodes)) return AnswerClass::kSchemaChanged;
  if (status == 429 || status == 408) return AnswerClass::kTransient;
  if (status >= 500) return AnswerClass::kServerError;
  return AnswerClass::kRefused;
}

}  // namespace

bool lacks_part_of_companion(const ClassifiedAnswer& answer) {
  const std::string& message = answer.message;
  // schema "holdfast", function holdfast.f(), relation "holdfast.t"
  return (answer.code == "3F000" && message.find("\"holdfast\"") != message.npos) ||
         (answer.code == "42883" && message.find("function holdfast.") != message.npos) ||
         (answer.code == "42P01" && message.find("\"holdfast.") != message.npos);
}

ClassifiedAnswer classify(const upstream::Answer& answer) {
  ClassifiedAnswer classified;
  classified.retry_after = retry_after(answer);
  if (looks_applied(answer)) {
    classified.kind = AnswerClass::kApplied;
    return classified;
  }
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (body.is_object()) {
    classified.code = text_member(body, "code");
    classified.message = text_member(body, "message");
    classified.details = text_member(body, "details");
  }
  if (lacks_part_of_companion(classified)) {
    classified.kind = AnswerClass::kTransient;
  } else if (!classified.code.empty() && answer.status >= 400) {
    const bool replayed = text_member(body, "hint") == "holdfast: already applied";
    classified.kind =
        replayed ? AnswerClass::kReplayed : class_of_code(answer.status, classified.code);
  } else {
    classified.message = "HTTP " + std::to_string(answer.status) + " that is not the API's answer";
  }
  return classified;
}

}  // namespace holdfast::queue
