#include "cache/catalog/node.h"

namespace holdfast::cache {
namespace {

const nlohmann::json kNull;

}  // namespace

Node Node::member(const char* key) const {
  const std::string place = place_.empty() ? key : place_ + "." + key;
  if (!value_->is_object()) {
    if (!value_->is_null()) note("an object is expected");
    return {kNull, place, *problem_};
  }
  const auto found = value_->find(key);
  return {found == value_->end() ? kNull : *found, place, *problem_};
}

std::string Node::text() const {
  if (value_->is_string()) return value_->get<std::string>();
  note("a string is expected");
  return {};
}

std::string Node::text_or_empty() const { return is_null() ? std::string() : text(); }

std::optional<std::string> Node::optional_text() const {
  if (is_null()) return std::nullopt;
  return text();
}

bool Node::flag_or(bool fallback) const {
  if (value_->is_boolean()) return value_->get<bool>();
  if (!is_null()) note("true or false is expected");
  return fallback;
}

int Node::number_or(int fallback) const {
  if (value_->is_number_integer()) return value_->get<int>();
  if (!is_null()) note("an integer is expected");
  return fallback;
}

std::vector<Node> Node::items() const {
  std::vector<Node> items;
  if (value_->is_null()) return items;
  if (!value_->is_array()) {
    note("an array is expected");
    return items;
  }
  for (const auto& item : *value_) {
    items.emplace_back(item, place_ + "[" + std::to_string(items.size()) + "]", *problem_);
  }
  return items;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  std::vector<std::pair<std::string, Node>> members;
  if (value_->is_null()) return members;
  if (!value_->is_object()) {
    note("an object is expected");
    return members;
  }
  for (const auto& [key, value] : value_->items()) {
    members.emplace_back(key, Node(value, place_ + "." + key, *problem_));
  }
  return members;
}

std::vector<std::string> Node::texts() const {
  std::vector<std::string> texts;
  for (const Node& item : items()) texts.push_back(item.text());
  return texts;
}

void Node::note(const std::string& what) const {
  if (!*problem_) *problem_ = (place_.empty() ? "the document" : place_) + ": " + what;
}

}  // namespace holdfast::cache
