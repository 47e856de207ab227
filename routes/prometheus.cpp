#include "routes/prometheus.h"

#include <charconv>

namespace holdfast::routes {

void Prometheus::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = "holdfast_";
  name_ += name;
  out_.append("# HELP ").append(name_).append(" ").append(help).append("\n# TYPE ");
  out_.append(name_).append(" ").append(type).append("\n");
}

void Prometheus::sample(std::string_view suffix, const Labels& labels, double value) {
  out_.append(name_).append(suffix);
  char separator = '{';
  for (const auto& [name, text] : labels) {
    out_ += separator;
    out_.append(name).append("=\"");
    for (const char c : text) {
      if (c == '\n') {
        out_ += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
    separator = ',';
  }
  if (!labels.empty()) out_ += '}';
  out_.append(" ").append(number(value)).append("\n");
}

void Prometheus::single(std::string_view name, std::string_view type, std::string_view help,
                        double value) {
  family(name, type, help);
  sample({}, value);
}

std::string Prometheus::number(double value) {
  char digits[40];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  return {digits, end};
}

}  // namespace holdfast::routes
