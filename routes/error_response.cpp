#include "routes/error_response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "cache/sqlite/database.h"
#include "cache/values/codec.h"

namespace holdfast::routes {
namespace {

using Status = std::pair<std::string_view, int>;

// Whole codes; PostgREST documentation, "Errors".
constexpr std::array<Status, 48> kCodes = {{
    {"PGRST000", 503}, {"PGRST001", 503}, {"PGRST002", 503}, {"PGRST003", 504}, {"PGRST100", 400},
    {"PGRST101", 405}, {"PGRST102", 400}, {"PGRST103", 416}, {"PGRST105", 405}, {"PGRST106", 406},
    {"PGRST107", 406}, {"PGRST108", 400}, {"PGRST111", 500}, {"PGRST112", 500}, {"PGRST114", 400},
    {"PGRST115", 400}, {"PGRST116", 406}, {"PGRST117", 405}, {"PGRST118", 400}, {"PGRST120", 400},
    {"PGRST121", 500}, {"PGRST122", 400}, {"PGRST123", 400}, {"PGRST124", 400}, {"PGRST125", 404},
    {"PGRST126", 404}, {"PGRST127", 400}, {"PGRST128", 400}, {"PGRST200", 400}, {"PGRST201", 300},
    {"PGRST202", 404}, {"PGRST203", 300}, {"PGRST204", 400}, {"PGRST205", 404}, {"PGRST300", 500},
    {"PGRST301", 401}, {"PGRST302", 401}, {"PGRST303", 401}, {"23503", 409},    {"23505", 409},
    {"25006", 405},    {"42883", 404},    {"42P01", 404},    {"42P17", 500},    {"53400", 500},
    {"57P01", 503},    {"P0001", 400},    {"21000", 400},
}};

// SQLSTATE classes, the first two characters.
constexpr std::array<Status, 20> kClasses = {{
    {"08", 503}, {"09", 500}, {"0L", 403}, {"0P", 403}, {"25", 500}, {"28", 403}, {"2D", 500},
    {"38", 500}, {"39", 500}, {"3B", 500}, {"40", 500}, {"53", 503}, {"54", 500}, {"55", 500},
    {"57", 500}, {"58", 500}, {"F0", 500}, {"HV", 500}, {"P0", 500}, {"XX", 500},
}};

template <std::size_t N>
int find_status(const std::array<Status, N>& statuses, std::string_view key) {
  for (const auto& [known, status] : statuses) {
    if (known == key) return status;
  }
  return 0;
}

// "HF504" and "PT402" name their status themselves.
int own_status(std::string_view code) {
  if (code.size() != 5 || !(code.starts_with("HF") || code.starts_with("PT"))) return 0;
  int status = 0;
  const auto [end, error] = std::from_chars(code.data() + 2, code.data() + 5, status);
  return error == std::errc() && end == code.data() + 5 ? status : 0;
}

int status_of(const Error& error, bool signed_in) {
  if (error.code == "HF_NO_API_KEY" || error.code == "HF_INVALID_API_KEY") return 401;
  if (error.code == "42501") return signed_in ? 403 : 401;
  if (const int status = own_status(error.code)) return status;
  if (const int status = find_status(kCodes, error.code)) return status;
  if (const int status = find_status(kClasses, std::string_view(error.code).substr(0, 2))) {
    return status;
  }
  return error.kind == ErrorKind::kUpstreamUnavailable ? 504 : 400;
}

void append(std::string& out, const char* name, const std::optional<std::string>& text,
            bool is_json = false) {
  out += out.size() > 1 ? ",\"" : "\"";
  out += name;
  out += "\":";
  if (!text) {
    out += "null";
  } else if (is_json) {
    out += *text;
  } else {
    cache::append_json_string(*text, out);
  }
}

std::string challenge(const Error& error) {
  if (error.code == "42501" || error.code == "PGRST302") return "Bearer";
  return "Bearer error=\"invalid_token\", error_description=\"" + error.message + "\"";
}

}  // namespace

http::Response error_response(const Error& error, bool signed_in) {
  const int status = status_of(error, signed_in);
  std::string body = "{";
  const bool edge = error.code == "HF_NO_API_KEY" || error.code == "HF_INVALID_API_KEY";
  if (!edge) append(body, "code", error.code);
  if (!edge) append(body, "details", error.details, error.details_are_json);
  if (!edge) append(body, "hint", error.hint);
  append(body, "message", error.message);
  if (edge) append(body, "hint", error.hint);
  body += '}';
  auto response = http::json_response(status, std::move(body));
  // Whoever answers for the upstream, or from the replica, says so in its place.
  response.headers.add("Cache-Status", "holdfast; detail=local");
  // A range behind the rows is no error of PostgREST's that is thrown.
  if (!edge && !error.code.starts_with("HF") && !error.total_rows) {
    response.headers.add("Proxy-Status", "PostgREST; error=" + error.code);
  }
  if (error.total_rows) {
    response.headers.add("Content-Range", "*/" + std::to_string(*error.total_rows));
  }
  if (!edge && status == 401) response.headers.add("WWW-Authenticate", challenge(error));
  return response;
}

http::Response method_not_allowed(const std::string& allowed) {
  auto response =
      error_response({ErrorKind::kInvalidRequest, "HF405", "This is only answered to " + allowed,
                      std::nullopt, std::nullopt});
  response.headers.add("Allow", allowed);
  return response;
}

http::Response fault_response(const std::exception_ptr& fault, Logger& logger,
                              const std::string& meaning) {
  bool full = false;
  try {
    std::rethrow_exception(fault);
  } catch (const cache::SqliteError& error) {
    full = error.disk_full();
    logger.error("request_fault code={} reason={}", error.code(), error.what());
  } catch (const std::exception& error) {
    logger.error("request_fault reason={}", error.what());
  }
  if (full) {
    return error_response({ErrorKind::kNotAnswerable, "HF507", "The disk is full: " + meaning,
                           std::nullopt, "Free some space and repeat it."});
  }
  return error_response({ErrorKind::kNotAnswerable, "HF500", "The gateway failed: " + meaning,
                         std::nullopt, "Its log says why."});
}

Error not_answerable_offline(const std::string& reason) {
  return {ErrorKind::kNotAnswerable, "HF504",
          "The upstream cannot be reached, and this request cannot be answered without it", reason,
          "It is answered again as soon as the upstream is reachable."};
}

Error unsent_row(const std::string& reason) {
  return {ErrorKind::kNotAnswerable, "HF504",
          "The request names a row by a temporary id, and the row is not upstream yet",
          "Only the upstream could answer: " + reason + ".",
          "It is answered once the row's insert has been sent."};
}

Error conflict_error(std::string message, std::optional<std::string> details,
                     std::optional<std::string> hint) {
  return {ErrorKind::kConflict, "HF409", std::move(message), std::move(details), std::move(hint)};
}

Error entry_closed() { return conflict_error("The entry is being sent, or has ended already"); }

Error lost_id() {
  return conflict_error("The real id of the row with this temporary id is not known",
                        "Its insert has arrived, and made no row of its own, or the answer that "
                        "told its id was lost.",
                        "Read the rows again and use the real id.");
}

Error foreign_id() {
  return conflict_error(
      "The row with this temporary id is another user's",
      "An id that stands for the upstream's counts for the user who made the row.",
      "Read the row again and use the real id.");
}

Error given_up_id() {
  return conflict_error(
      "The upstream has no row for this temporary id",
      "Its insert was refused or taken back here, and discarded; or it arrived and made no row.");
}

}  // namespace holdfast::routes
