#include "gateway/server/response_head.h"

#include <algorithm>
#include <charconv>

#include "gateway/server/cors.h"

namespace holdfast::server {
namespace {

bool has_no_body(int status) { return status == 204 || status == 304; }

bool is_name(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view value) {
  constexpr std::string_view kBreaks("\r\n\0", 3);
  return value.find_first_of(kBreaks) == std::string_view::npos;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return http::equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool is_framing(std::string_view name) {
  // By length first: this runs for every line of every answer.
  switch (name.size()) {
    case 7:
      return http::equals_ignoring_case(name, "Trailer") ||
             http::equals_ignoring_case(name, "Upgrade");
    case 10:
      return http::equals_ignoring_case(name, "Connection") ||
             http::equals_ignoring_case(name, "Keep-Alive");
    case 14:
      return http::equals_ignoring_case(name, "Content-Length");
    case 16:
      return http::equals_ignoring_case(name, "Proxy-Connection");
    case 17:
      return http::equals_ignoring_case(name, "Transfer-Encoding");
    default:
      return false;
  }
}

bool may_be_sent(const http::Headers::Field& field, bool from_handler) {
  const auto& [name, value] = field;
  if (is_framing(name) || !is_name(name) || !is_value(value)) return false;
  return !from_handler || !starts_with_ignoring_case(name, "Access-Control-");
}

void append_number(std::string& out, std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_length(std::string& out, const http::Response& answer, bool to_head) {
  if (has_no_body(answer.status)) return;
  if (to_head && answer.body.empty()) {
    const auto given = answer.headers.find("Content-Length");
    if (given && is_number(*given)) append_line(out, "Content-Length", *given);
    return;
  }
  out += "Content-Length: ";
  append_number(out, answer.body.size());
  out += "\r\n";
}

void append_framing(std::string& out, const http::Response& answer, const AnswerContext& context) {
  if (!context.streams) {
    append_length(out, answer, context.to_head);
  } else if (!context.http_1_0) {
    // To HTTP/1.0 the connection's end is the answer's.
    out += "Transfer-Encoding: chunked\r\n";
  }
}

void append_connection(std::string& out, const AnswerContext& context) {
  if (!context.keep_alive) {
    out += "Connection: close\r\n";
  } else if (context.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
}

void append_cors(std::string& out, const AnswerContext& context) {
  if (!context.origin.empty()) {
    append_cors_lines(out, context.origin);
  } else if (context.varies_by_origin) {
    out += "Vary: Origin\r\n";
  }
}

}  // namespace

bool sends_body(const http::Response& answer, bool to_head) {
  return !to_head && !has_no_body(answer.status);
}

void append_head(std::string& out, const http::Response& answer, const AnswerContext& context) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(answer.status));
  out += ' ';
  out += http::reason_phrase(answer.status);
  out += "\r\n";
  bool has_date = false;
  bool has_server = false;
  for (const auto& field : answer.headers) {
    if (!may_be_sent(field, context.from_handler)) continue;
    append_line(out, field.first, field.second);
    has_date = has_date || http::equals_ignoring_case(field.first, "Date");
    has_server = has_server || http::equals_ignoring_case(field.first, "Server");
  }
  // A forwarded answer keeps its origin's.
  if (!has_date) append_line(out, "Date", context.date);
  if (!has_server) append_line(out, "Server", "holdfast");
  append_framing(out, answer, context);
  append_connection(out, context);
  append_cors(out, context);
  out += "\r\n";
}

std::string chunk_of(std::string_view piece) {
  if (piece.empty()) return {};
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), piece.size(), 16).ptr;
  std::string chunk(digits, end);
  chunk += "\r\n";
  chunk += piece;
  return chunk += "\r\n";
}

std::string_view DateLine::now() {
  const auto second = std::time(nullptr);
  if (second != second_) {
    second_ = second;
    std::tm parts{};
    gmtime_r(&second, &parts);
    char text[40];
    // The process never leaves the C locale, so the names are the English ones.
    text_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return text_;
}

}  // namespace holdfast::server
