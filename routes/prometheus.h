#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::routes {

// Appends metrics in Prometheus' text form (version 0.0.4), each name with "holdfast_" before it.
// One thread at a time.
class Prometheus {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  explicit Prometheus(std::string& out) : out_(out) {}

  // Begins a metric: its HELP and TYPE lines. Its samples follow.
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(const Labels& labels, double value) { sample("", labels, value); }
  void sample(std::string_view suffix, const Labels& labels, double value);
  // A metric with one sample.
  void single(std::string_view name, std::string_view type, std::string_view help, double value);

  // As short as it can be, without losing digits.
  static std::string number(double value);

 private:
  std::string& out_;
  std::string name_;
};

}  // namespace holdfast::routes
