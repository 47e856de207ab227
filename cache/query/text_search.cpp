#include "cache/query/text_search.h"

#include "cache/fulltext/query.h"
#include "cache/query/function_arguments.h"
#include "cache/values/json.h"

namespace holdfast::cache::query {

// What hf_text_search() is given. Immutable after planning.
struct TextSearch {
  std::string configuration;
  fulltext::TextQuery query;
};

namespace {

using fulltext::Configuration;
using fulltext::Vector;

fulltext::Syntax syntax_of(Operator op) {
  switch (op) {
    case Operator::kPlfts:
      return fulltext::Syntax::kPlain;
    case Operator::kPhfts:
      return fulltext::Syntax::kPhrase;
    case Operator::kWfts:
      return fulltext::Syntax::kWeb;
    default:
      return fulltext::Syntax::kStandard;
  }
}

bool is_vector(const Type& type) { return type.base == "tsvector"; }
bool is_document(const Type& type) {
  return type.kind == TypeKind::kJson || type.kind == TypeKind::kJsonb;
}

// The strings of a document that are no member names, in its order.
bool add_strings(std::string_view json, fulltext::WordCollector& collector) {
  for (std::size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
    std::size_t end = at + 1;
    while (json[end] != '"') end += json[end] == '\\' ? 2 : 1;
    ++end;
    const auto next = json.find_first_not_of(" \t\r\n", end);
    const bool name = next != std::string_view::npos && json[next] == ':';
    if (!name) {
      const std::size_t before = collector.words().size();
      if (!collector.add(decode_json_string(json.substr(at, end - at)))) return false;
      if (collector.words().size() > before) collector.leave_gap();
    }
    at = end;
  }
  return true;
}

std::optional<Vector> vector_of(const Type& type, const std::string& configuration,
                                std::string_view value) {
  if (is_vector(type)) return fulltext::read_vector(value);
  const Configuration* words = fulltext::configuration_of(configuration);
  if (words == nullptr) return std::nullopt;
  fulltext::WordCollector collector(*words);
  const bool known = is_document(type) ? add_strings(value, collector) : collector.add(value);
  if (!known) return std::nullopt;
  return fulltext::vector_of_words(std::move(collector.words()));
}

// hf_text_search(shape, value)
void search(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1)) return context.null();
  const TextSearch& wanted = *shape_of(arguments).search;
  const auto vector = vector_of(type_of(arguments), wanted.configuration, text_of(arguments, 1));
  if (!vector) return fail(context, forward("text whose words are not surely known"));
  context.boolean(fulltext::matches(*vector, wanted.query));
}

}  // namespace

Result<std::string> text_search(const Operand& operand, const Filter& filter,
                                const PlanOptions& options, Parameters& parameters) {
  const Type& type = *operand.type;
  if (!is_vector(type) && !is_document(type) && type.kind != TypeKind::kText) {
    return forward("text search in " + type.name);
  }
  auto wanted = std::make_shared<TextSearch>();
  wanted->configuration = filter.language.empty() ? options.text_search : filter.language;
  const Configuration* configuration = fulltext::configuration_of(wanted->configuration);
  if (configuration == nullptr) {
    return forward("the text search configuration " + wanted->configuration);
  }
  if (filter.value.find('\0') != std::string::npos) return forward("a NUL character");
  HF_TRY(wanted->query, fulltext::parse_query(syntax_of(filter.op), *configuration, filter.value));
  auto shape = std::make_unique<RowShape>();
  shape->members.push_back({{}, {}, operand.type, Member::Kind::kValue});
  shape->search = std::move(wanted);
  return "hf_text_search(" + parameters.shape(std::move(shape)) + "," + operand.sql + ")";
}

void register_text_search(Database& database) {
  database.define(ScalarFunction{"hf_text_search", 2, search});
}

}  // namespace holdfast::cache::query
