#include "gateway/tray/event_parser.h"

namespace holdfast::tray {
namespace {

// What follows "field:", without one leading space.
std::string_view value_of(std::string_view line, std::size_t colon) {
  line.remove_prefix(colon + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

void EventParser::feed(std::string_view bytes) {
  rest_ += bytes;
  std::size_t begin = 0;
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    std::string_view line(rest_.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(line);
    begin = end + 1;
  }
  rest_.erase(0, begin);
}

void EventParser::take_line(std::string_view line) {
  if (line.empty()) {
    if (!data_.empty()) tell_(name_, data_);
    name_.clear();
    data_.clear();
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view field = line.substr(0, colon);
  if (field == "event") name_ = value_of(line, colon);
  if (field != "data") return;
  if (!data_.empty()) data_ += '\n';
  data_ += value_of(line, colon);
}

}  // namespace holdfast::tray
