#include "cache/catalog/type.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace holdfast::cache {
namespace {

struct Alias {
  std::string_view name;
  std::string_view base;
  TypeKind kind;
};

// Every spelling that the type parser of Postgres takes for the types stored natively here.
constexpr std::array kAliases = {
    Alias{"smallint", "smallint", TypeKind::kInt2},
    Alias{"int2", "smallint", TypeKind::kInt2},
    Alias{"integer", "integer", TypeKind::kInt4},
    Alias{"int", "integer", TypeKind::kInt4},
    Alias{"int4", "integer", TypeKind::kInt4},
    Alias{"bigint", "bigint", TypeKind::kInt8},
    Alias{"int8", "bigint", TypeKind::kInt8},
    Alias{"oid", "oid", TypeKind::kInt8},
    Alias{"real", "real", TypeKind::kFloat4},
    Alias{"float4", "real", TypeKind::kFloat4},
    Alias{"double precision", "double precision", TypeKind::kFloat8},
    Alias{"float8", "double precision", TypeKind::kFloat8},
    Alias{"float", "double precision", TypeKind::kFloat8},
    Alias{"numeric", "numeric", TypeKind::kNumeric},
    Alias{"decimal", "numeric", TypeKind::kNumeric},
    Alias{"dec", "numeric", TypeKind::kNumeric},
    Alias{"boolean", "boolean", TypeKind::kBool},
    Alias{"bool", "boolean", TypeKind::kBool},
    Alias{"text", "text", TypeKind::kText},
    Alias{"character varying", "character varying", TypeKind::kText},
    Alias{"char varying", "character varying", TypeKind::kText},
    Alias{"varchar", "character varying", TypeKind::kText},
    Alias{"character", "character", TypeKind::kText},
    Alias{"char", "character", TypeKind::kText},
    Alias{"bpchar", "bpchar", TypeKind::kText},
    Alias{"name", "name", TypeKind::kText},
    Alias{"uuid", "uuid", TypeKind::kUuid},
    Alias{"date", "date", TypeKind::kDate},
    Alias{"timestamp", "timestamp without time zone", TypeKind::kTimestamp},
    Alias{"timestamp without time zone", "timestamp without time zone", TypeKind::kTimestamp},
    Alias{"timestamp with time zone", "timestamp with time zone", TypeKind::kTimestamptz},
    Alias{"timestamptz", "timestamp with time zone", TypeKind::kTimestamptz},
    Alias{"time", "time without time zone", TypeKind::kTime},
    Alias{"time without time zone", "time without time zone", TypeKind::kTime},
    Alias{"time with time zone", "time with time zone", TypeKind::kTimetz},
    Alias{"timetz", "time with time zone", TypeKind::kTimetz},
    Alias{"interval", "interval", TypeKind::kInterval},
    Alias{"json", "json", TypeKind::kJson},
    Alias{"jsonb", "jsonb", TypeKind::kJsonb},
    Alias{"bytea", "bytea", TypeKind::kBytea},
};

// Lower case and single spaces, as the parser of Postgres reads a name without quotes.
std::string normalize(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const bool space = c == ' ' || c == '\t' || c == '\n';
    if (space) {
      if (!result.empty() && result.back() != ' ') result += ' ';
    } else {
      result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  constexpr std::string_view kSystemSchema = "pg_catalog.";
  if (result.starts_with(kSystemSchema)) result.erase(0, kSystemSchema.size());
  return result;
}

std::optional<int> parse_int(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "numeric(10,2)" -> "numeric" and {10, 2}; "timestamp(3) with time zone" likewise.
struct Split {
  std::string bare;
  std::vector<int> modifiers;
};

std::optional<Split> split_modifiers(const std::string& name) {
  const auto open = name.find('(');
  if (open == std::string::npos) return Split{name, {}};
  const auto close = name.find(')', open);
  if (close == std::string::npos) return std::nullopt;
  Split split{normalize(name.substr(0, open) + " " + name.substr(close + 1)), {}};
  std::string_view inside = std::string_view(name).substr(open + 1, close - open - 1);
  while (true) {
    const auto comma = inside.find(',');
    const auto number = parse_int(inside.substr(0, comma));
    if (!number) return std::nullopt;
    split.modifiers.push_back(*number);
    if (comma == std::string_view::npos) return split;
    inside.remove_prefix(comma + 1);
  }
}

void apply_modifiers(Type& type, const std::vector<int>& modifiers) {
  if (modifiers.empty()) {
    // The SQL standard's CHARACTER without a length is one character.
    if (type.base == "character") type.length = 1;
    return;
  }
  switch (type.kind) {
    case TypeKind::kText:
      type.length = modifiers[0];
      break;
    case TypeKind::kNumeric:
      type.precision = modifiers[0];
      type.scale = modifiers.size() > 1 ? modifiers[1] : 0;
      break;
    case TypeKind::kFloat8:  // float(1…24) is real
      if (modifiers[0] <= 24) {
        type.kind = TypeKind::kFloat4;
        type.base = type.name = "real";
      }
      break;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
    case TypeKind::kTime:
    case TypeKind::kTimetz:
    case TypeKind::kInterval:
      type.precision = std::min(modifiers[0], 6);
      break;
    default:
      break;
  }
}

// The name with its modifiers, as format_type() prints it.
std::string printed_name(const Type& type) {
  const auto in_place = [&](std::string_view word) {
    return std::string(word) + "(" + std::to_string(type.precision) + ")" +
           type.base.substr(word.size());
  };
  if (type.kind == TypeKind::kText && type.length >= 0) {
    const std::string& base = type.base == "bpchar" ? "character" : type.base;
    return base + "(" + std::to_string(type.length) + ")";
  }
  if (type.precision < 0) return type.base;
  switch (type.kind) {
    case TypeKind::kNumeric:
      return "numeric(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      return in_place("timestamp");
    case TypeKind::kTime:
    case TypeKind::kTimetz:
      return in_place("time");
    case TypeKind::kInterval:
      return in_place("interval");
    default:
      return type.base;
  }
}

Type opaque(std::string_view name) {
  Type type;
  type.name = type.base = std::string(name);
  const auto split = split_modifiers(normalize(name));
  if (!split || split->modifiers.empty()) return type;
  type.base = split->bare;
  if (type.base == "bit" || type.base == "bit varying") type.length = split->modifiers[0];
  return type;
}

Type scalar(std::string_view name) {
  const auto split = split_modifiers(normalize(name));
  if (!split) return opaque(name);
  const auto* found = std::find_if(kAliases.begin(), kAliases.end(),
                                   [&](const Alias& alias) { return alias.name == split->bare; });
  if (found == kAliases.end()) return opaque(name);
  Type type;
  type.kind = found->kind;
  type.name = type.base = std::string(found->base);
  apply_modifiers(type, split->modifiers);
  type.name = printed_name(type);
  return type;
}

Type array_of(Type element) {
  Type type;
  type.kind = TypeKind::kArray;
  type.name = element.name + "[]";
  type.base = element.base + "[]";
  type.element = std::make_shared<const Type>(std::move(element));
  return type;
}

// "integer[]", "integer[3][]", "_int4": the name of the element, else nullopt.
std::optional<std::string_view> element_name(std::string_view name) {
  if (name.ends_with(']')) {
    while (name.ends_with(']')) {
      const auto open = name.rfind('[');
      if (open == std::string_view::npos || open == 0) return std::nullopt;
      name = name.substr(0, open);
    }
    return name;
  }
  if (name.size() > 1 && name[0] == '_') return name.substr(1);
  return std::nullopt;
}

}  // namespace

bool is_float(const Type& type) {
  return type.kind == TypeKind::kFloat4 || type.kind == TypeKind::kFloat8;
}

bool is_padded(const Type& type) {
  return type.kind == TypeKind::kText && (type.base == "character" || type.base == "bpchar");
}

Type make_type(std::string_view name, std::vector<std::string> labels) {
  if (name.starts_with('_') && labels.empty() && scalar(name.substr(1)).kind == TypeKind::kOther) {
    return opaque(name);  // a type of the user's whose name happens to begin so
  }
  const bool underscore_enum = name.starts_with('_') && !labels.empty();
  if (const auto element = element_name(name); element && !underscore_enum) {
    return array_of(make_type(*element, std::move(labels)));
  }
  if (labels.empty()) return scalar(name);
  Type type = opaque(name);
  type.base = type.name;
  type.kind = TypeKind::kEnum;
  type.labels = std::move(labels);
  return type;
}

}  // namespace holdfast::cache
