#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::cache {

// A value inside a JSON document that may be wrong, with its place in it.
//
// The first thing that is not as asked for is noted in the document's Problem, and an empty value
// stands in for it: whoever reads a document looks at the Problem once, at the end. A missing
// member reads as null. The document and the Problem must outlive the Node.
// One thread at a time: whoever reads the document.
class Node {
 public:
  using Problem = std::optional<std::string>;

  Node(const nlohmann::json& value, std::string place, Problem& problem)
      : value_(&value), place_(std::move(place)), problem_(&problem) {}

  bool is_null() const { return value_->is_null(); }
  bool is_array() const { return value_->is_array(); }
  bool is_string() const { return value_->is_string(); }
  Node member(const char* key) const;

  std::string text() const;
  std::string text_or_empty() const;  // null is ""
  std::optional<std::string> optional_text() const;
  bool flag_or(bool fallback) const;
  int number_or(int fallback) const;
  // Of an array or an object; null has none.
  std::vector<Node> items() const;
  std::vector<std::pair<std::string, Node>> members() const;
  std::vector<std::string> texts() const;

  void note(const std::string& what) const;

 private:
  const nlohmann::json* value_;
  std::string place_;
  Problem* problem_;
};

}  // namespace holdfast::cache
