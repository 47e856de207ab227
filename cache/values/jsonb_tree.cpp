#include "cache/values/jsonb_tree.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "cache/values/json_lexer.h"
#include "cache/values/key_bytes.h"

namespace holdfast::cache {
namespace {

// In the order of Postgres' enum of value types.
enum class JsonbKind : std::uint8_t { kNull, kString, kNumber, kBool, kArray, kObject };

struct NodeMember;

struct Node {
  JsonbKind kind = JsonbKind::kNull;
  std::string scalar;  // its sort key
  std::vector<Node> elements;
  std::vector<NodeMember> members;

  bool is_scalar() const { return kind < JsonbKind::kArray; }
  const Node* find(std::string_view name) const;
};

struct NodeMember {
  std::string key;
  Node value;
};

const Node* Node::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

// The text is known to be well-formed; of another one the tree ends where the trouble is.
class TreeReader {
 public:
  explicit TreeReader(std::string_view text) : lexer_(text) {}

  Node run() { return value(next()); }

 private:
  JsonToken next() {
    const auto token = lexer_.next();
    return token ? *token : JsonToken{};
  }

  Node value(const JsonToken& token) {
    switch (token.kind) {
      case JsonKind::kString:
        return {JsonbKind::kString, string(token) + '\0', {}, {}};
      case JsonKind::kNumber: {
        Node node{JsonbKind::kNumber, {}, {}, {}};
        append_numeric_key(token.text, node.scalar);
        return node;
      }
      case JsonKind::kTrue:
        return {JsonbKind::kBool, "\x02", {}, {}};
      case JsonKind::kFalse:
        return {JsonbKind::kBool, "\x01", {}, {}};
      case JsonKind::kArrayStart:
        return array();
      case JsonKind::kObjectStart:
        return object();
      default:
        return {};
    }
  }

  static std::string string(const JsonToken& token) {
    const auto text = decode_string_token(token.text);
    return text ? *text : std::string();
  }

  Node array() {
    Node node{JsonbKind::kArray, {}, {}, {}};
    for (JsonToken token = next();; token = next()) {
      if (token.kind == JsonKind::kArrayEnd || token.kind == JsonKind::kEnd) return node;
      if (token.kind != JsonKind::kComma) node.elements.push_back(value(token));
    }
  }

  Node object() {
    Node node{JsonbKind::kObject, {}, {}, {}};
    for (JsonToken token = next();; token = next()) {
      if (token.kind == JsonKind::kObjectEnd || token.kind == JsonKind::kEnd) return node;
      if (token.kind == JsonKind::kComma) continue;
      std::string name = string(token);
      next();  // the colon
      node.members.push_back({std::move(name), value(next())});
    }
  }

  JsonLexer lexer_;
};

void append_key(const Node& node, std::string& out) {
  out += static_cast<char>(static_cast<int>(node.kind) + 1);
  if (node.is_scalar()) {
    out += node.scalar;
    return;
  }
  const bool array = node.kind == JsonbKind::kArray;
  append_integer_key(static_cast<std::int64_t>(array ? node.elements.size() : node.members.size()),
                     out);
  // Inside an array stands no scalar of its own, as at the top.
  if (array) out += '\x01';
  for (const Node& element : node.elements) append_key(element, out);
  for (const auto& [name, value] : node.members) {
    out += name + '\0';
    append_key(value, out);
  }
}

bool deep_contains(const Node& whole, const Node& part);

bool array_holds(const Node& array, const Node& part) {
  return std::any_of(array.elements.begin(), array.elements.end(), [&](const Node& element) {
    return element.kind == part.kind &&
           (part.is_scalar() ? element.scalar == part.scalar : deep_contains(element, part));
  });
}

bool object_contains(const Node& whole, const Node& part) {
  return std::all_of(part.members.begin(), part.members.end(), [&](const auto& member) {
    const Node* found = whole.find(member.key);
    if (found == nullptr || found->kind != member.value.kind) return false;
    return found->is_scalar() ? found->scalar == member.value.scalar
                              : deep_contains(*found, member.value);
  });
}

// Of two containers of one kind.
bool deep_contains(const Node& whole, const Node& part) {
  if (whole.kind == JsonbKind::kObject) return object_contains(whole, part);
  return std::all_of(part.elements.begin(), part.elements.end(),
                     [&](const Node& element) { return array_holds(whole, element); });
}

}  // namespace

std::string jsonb_sort_key(std::string_view jsonb) {
  const Node node = TreeReader(jsonb).run();
  std::string out;
  if (!node.is_scalar()) {
    append_key(node, out);
    return out;
  }
  // A scalar at the top counts as an array of one, before an array of the same size.
  out += static_cast<char>(static_cast<int>(JsonbKind::kArray) + 1);
  append_integer_key(1, out);
  out += '\0';
  append_key(node, out);
  return out;
}

bool jsonb_contains(std::string_view whole, std::string_view part) {
  const Node a = TreeReader(whole).run();
  const Node b = TreeReader(part).run();
  if (b.is_scalar()) {
    if (a.is_scalar()) return a.kind == b.kind && a.scalar == b.scalar;
    return a.kind == JsonbKind::kArray && array_holds(a, b);
  }
  return a.kind == b.kind && deep_contains(a, b);
}

}  // namespace holdfast::cache
