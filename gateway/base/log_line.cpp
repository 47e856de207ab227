#include "gateway/base/log_line.h"

#include <set>

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>

namespace holdfast {
namespace {

constexpr const char* kTime = "%Y-%m-%dT%H:%M:%S.%eZ";

void append_escaped(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
  }
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (is_control(c)) {
      append_escaped(out, c);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

bool is_key_character(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// The '=' of a key that begins at `from`; npos when none does.
std::size_t end_of_key(std::string_view message, std::size_t from) {
  std::size_t end = from;
  while (end < message.size() && is_key_character(message[end])) ++end;
  return end > from && end < message.size() && message[end] == '=' ? end : message.npos;
}

// Where the next " key=" begins, at or after `from`.
std::size_t next_key(std::string_view message, std::size_t from) {
  for (auto space = message.find(' ', from); space != message.npos;
       space = message.find(' ', space + 1)) {
    if (end_of_key(message, space + 1) != message.npos) return space;
  }
  return message.size();
}

// Gives the pattern's formatter another message.
class LineFormatter final : public spdlog::formatter {
 public:
  enum class Form { kText, kJson };

  explicit LineFormatter(Form form)
      : form_(form),
        pattern_(form == Form::kText ? std::string(kTime) + " %^%l%$ %v"
                                     : std::string(R"({"time":")") + kTime + R"(","level":"%l"%v})",
                 spdlog::pattern_time_type::utc) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string_view said(message.payload.data(), message.payload.size());
    const std::string text = form_ == Form::kText ? on_one_line(said) : json_members(said);
    spdlog::details::log_msg line(message);
    line.payload = spdlog::string_view_t(text.data(), text.size());
    pattern_.format(line, out);
    message.color_range_start = line.color_range_start;
    message.color_range_end = line.color_range_end;
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(form_);
  }

 private:
  const Form form_;
  spdlog::pattern_formatter pattern_;
};

}  // namespace

std::string on_one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_control(c)) {
      append_escaped(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string json_members(std::string_view message) {
  std::size_t at = next_key(message, 0);
  std::string out = ",\"event\":" + json_text(message.substr(0, at));
  std::set<std::string_view> known = {"time", "level", "event"};
  while (at < message.size()) {
    const std::size_t equals = end_of_key(message, at + 1);
    const auto key = message.substr(at + 1, equals - at - 1);
    at = next_key(message, equals + 1);
    if (!known.insert(key).second) continue;
    out += ',' + json_text(key) + ':' + json_text(message.substr(equals + 1, at - equals - 1));
  }
  return out;
}

std::unique_ptr<spdlog::formatter> text_lines() {
  return std::make_unique<LineFormatter>(LineFormatter::Form::kText);
}

std::unique_ptr<spdlog::formatter> json_lines() {
  return std::make_unique<LineFormatter>(LineFormatter::Form::kJson);
}

}  // namespace holdfast
