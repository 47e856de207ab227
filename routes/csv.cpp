#include "routes/csv.h"

namespace holdfast::routes {
namespace {

Error invalid_csv(const char* what) {
  return invalid_request("PGRST102", std::string("Failed to parse the CSV body: ") + what);
}

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  Result<std::vector<std::string>> line() {
    std::vector<std::string> fields;
    for (;;) {
      HF_TRY(std::string value, field());
      fields.push_back(std::move(value));
      if (!rest_.starts_with(',')) break;
      rest_.remove_prefix(1);
    }
    if (rest_.starts_with('\r')) rest_.remove_prefix(1);
    if (rest_.starts_with('\n')) rest_.remove_prefix(1);
    return fields;
  }

 private:
  Result<std::string> field() {
    if (rest_.starts_with('"')) return quoted();
    const auto end = rest_.find_first_of(",\r\n");
    const std::string_view value = rest_.substr(0, end);
    if (value.find('"') != std::string_view::npos) return invalid_csv("a quote within a field");
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end);
    return std::string(value);
  }

  Result<std::string> quoted() {
    std::string value;
    rest_.remove_prefix(1);
    for (;;) {
      const auto quote = rest_.find('"');
      if (quote == std::string_view::npos) return invalid_csv("a quote is not closed");
      value += rest_.substr(0, quote);
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) break;
      value += '"';
      rest_.remove_prefix(1);
    }
    if (!rest_.empty() && std::string_view(",\r\n").find(rest_.front()) == std::string_view::npos) {
      return invalid_csv("text behind a quoted field");
    }
    return value;
  }

  std::string_view rest_;
};

}  // namespace

Result<std::vector<std::vector<std::string>>> parse_csv(std::string_view text) {
  std::vector<std::vector<std::string>> lines;
  CsvReader reader(text);
  while (!reader.at_end()) {
    HF_TRY(auto fields, reader.line());
    const bool blank = fields.size() == 1 && fields[0].empty();
    if (!blank) lines.push_back(std::move(fields));
  }
  if (lines.empty()) return invalid_csv("there is no header line");
  return lines;
}

}  // namespace holdfast::routes
