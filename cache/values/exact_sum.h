#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cache {

// Adds numbers in decimal digits without loss, as sum() and avg() of integers and numerics do.
// One thread at a time: its owner.
class DecimalSum {
 public:
  // Digits as parse_numeric() prints them, NaN and the infinities included.
  void add(std::string_view digits);
  void add(std::int64_t number);

  // With the largest scale among the summands.
  std::string sum() const;
  // With the scale that Postgres chooses for a quotient; nullopt for one whose scale it would cut.
  std::optional<std::string> average() const;

 private:
  struct Total {
    bool negative = false;
    std::string digits;  // of which the last scale_ stand behind the point
  };

  void add_finite(std::string_view digits, std::int64_t sign);
  std::optional<std::string> special() const;
  Total total() const;

  // Groups of nine digits with sign, least significant first, and those behind the point.
  std::vector<std::int64_t> whole_;
  std::vector<std::int64_t> fraction_;
  std::int64_t scale_ = 0;
  std::int64_t count_ = 0;
  bool nan_ = false;
  bool infinity_ = false;
  bool minus_infinity_ = false;
};

// Adds binary floating point numbers, as long as the sum cannot depend on the order in which they
// come.
// One thread at a time: its owner.
class FloatSum {
 public:
  // `bits`: of the significand in which Postgres adds: 24 for real, 53 for double precision.
  explicit FloatSum(int bits) : bits_(bits) {}

  void add(double value);
  // nullopt when another order of additions might give another sum.
  std::optional<double> sum() const;
  std::int64_t count() const { return count_; }
  // Whether the squares of their differences surely are finite. Postgres' avg() adds those too, and
  // fails where they are not.
  bool squares_are_finite() const { return count_ < 2 || magnitude_ < 1e150; }

 private:
  int bits_;
  double sum_ = 0;
  double magnitude_ = 0;  // of all summands
  int last_bit_ = std::numeric_limits<int>::max();
  bool finite_ = true;
  std::int64_t count_ = 0;
};

}  // namespace holdfast::cache
