#include "cache/query/relationship_words.h"

#include "cache/values/codec.h"

namespace holdfast::cache::query {
namespace {

std::string column_names(const Table& table, const ColumnPairs& pairs,
                         std::size_t std::pair<std::size_t, std::size_t>::*side) {
  std::string out = "(";
  for (const auto& pair : pairs) {
    if (out.size() > 1) out += ", ";
    out += table.columns[pair.*side].name;
  }
  return out + ")";
}

constexpr auto kFirst = &std::pair<std::size_t, std::size_t>::first;
constexpr auto kSecond = &std::pair<std::size_t, std::size_t>::second;

std::string cardinality(const Relationship& relationship) {
  switch (relationship.kind) {
    case Relationship::Kind::kOneToMany:
      return "one-to-many";
    case Relationship::Kind::kManyToOne:
      return "many-to-one";
    case Relationship::Kind::kOneToOne:
      return "one-to-one";
    case Relationship::Kind::kManyToMany:
      break;
  }
  return "many-to-many";
}

std::string candidate_json(const Relationship& relationship) {
  std::string out = R"({"cardinality":)";
  append_json_string(cardinality(relationship), out);
  out += R"(,"embedding":)";
  append_json_string(relationship.origin->name + " with " + relationship.target->name, out);
  out += R"(,"relationship":)";
  append_json_string(relationship_words(relationship), out);
  return out + '}';
}

}  // namespace

std::string relationship_words(const Relationship& relationship) {
  if (const Table* junction = relationship.junction) {
    return junction->name + " using " + relationship.constraint +
           column_names(*junction, relationship.columns, kSecond) + " and " +
           relationship.target_constraint +
           column_names(*junction, relationship.target_columns, kSecond);
  }
  return relationship.constraint + " using " + relationship.origin->name +
         column_names(*relationship.origin, relationship.columns, kFirst) + " and " +
         relationship.target->name +
         column_names(*relationship.target, relationship.columns, kSecond);
}

Error ambiguous_relationship(const Table& origin, std::string_view name,
                             const std::vector<Relationship>& candidates) {
  const std::string target(name);
  std::string details = "[";
  std::string hints;
  for (const auto& candidate : candidates) {
    if (details.size() > 1) details += ',';
    details += candidate_json(candidate);
    if (!hints.empty()) hints += ", ";
    hints += "'" + candidate.target->name + "!" +
             (candidate.junction != nullptr ? candidate.junction->name : candidate.constraint) +
             "'";
  }
  Error error =
      invalid_request("PGRST201",
                      "Could not embed because more than one relationship was found for '" +
                          origin.name + "' and '" + target + "'",
                      details + "]",
                      "Try changing '" + target + "' to one of the following: " + hints +
                          ". Find the desired relationship in the 'details' key.");
  error.details_are_json = true;
  return error;
}

Error no_relationship(const Table& origin, std::string_view name, std::string_view hint,
                      std::optional<std::string> suggestion) {
  const std::string between = "'" + origin.name + "' and '" + std::string(name) + "'";
  return invalid_request(
      "PGRST200", "Could not find a relationship between " + between + " in the schema cache",
      "Searched for a foreign key relationship between " + between +
          (hint.empty() ? "" : " using the hint '" + std::string(hint) + "'") + " in the schema '" +
          origin.schema + "', but no matches were found.",
      std::move(suggestion));
}

}  // namespace holdfast::cache::query
