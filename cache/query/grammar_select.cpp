#include "cache/query/grammar.h"

namespace holdfast::cache::query::grammar {
namespace {

bool keyword(Reader& reader, const char* word) {
  return reader.attempt([&] { return reader.text(word); });
}

// "!inner", "!left" or "!hint"; a keyword that goes on ("!left_fk") is no hint either.
bool embed_parameter(Reader& reader, SelectEmbed& out) {
  const std::size_t start = reader.position();
  if (!reader.character('!')) return reader.position() == start;
  JoinKind join = JoinKind::kNone;
  if (keyword(reader, "left")) {
    join = JoinKind::kLeft;
  } else if (keyword(reader, "inner")) {
    join = JoinKind::kInner;
  }
  if (join != JoinKind::kNone) {
    if (out.join == JoinKind::kNone) out.join = join;
    return true;
  }
  std::string hint;
  if (!reader.attempt([&] { return field_name(reader, hint); })) return false;
  if (out.hint.empty()) out.hint = std::move(hint);
  return true;
}

bool embed_head(Reader& reader, SelectEmbed& out) {
  return embed_parameter(reader, out) && embed_parameter(reader, out) &&
         reader.attempt([&] { return reader.ahead([&] { return reader.text("("); }); });
}

bool optional_alias(Reader& reader, std::string& out) {
  std::string alias;
  if (reader.attempt([&] { return field_name(reader, alias) && alias_separator(reader); })) {
    out = std::move(alias);
  }
  return true;
}

bool spread_head(Reader& reader, SelectEmbed& out) {
  reader.blanks();
  if (!reader.text("...") || !field_name(reader, out.name)) return false;
  out.spread = true;
  if (!embed_head(reader, out)) return false;
  reader.blanks();
  return true;
}

bool relation_head(Reader& reader, SelectEmbed& out) {
  reader.blanks();
  optional_alias(reader, out.alias);
  if (!field_name(reader, out.name)) return false;
  if (out.name == "count") return reader.refuse();
  if (!embed_head(reader, out)) return false;
  reader.blanks();
  return true;
}

bool field_end(Reader& reader) {
  for (const char* next : {")", ","}) {
    if (reader.attempt([&] { return reader.ahead([&] { return reader.text(next); }); })) {
      return true;
    }
  }
  return reader.attempt([&] { return reader.end(); });
}

bool optional_cast(Reader& reader, std::string& out) {
  const std::size_t start = reader.position();
  if (!reader.text("::")) return reader.position() == start;
  return identifier(reader, out);
}

bool aggregation(Reader& reader, Aggregate& out) {
  static constexpr std::pair<const char*, Aggregate> kAll[] = {{"sum", Aggregate::kSum},
                                                               {"avg", Aggregate::kAvg},
                                                               {"count", Aggregate::kCount},
                                                               {"max", Aggregate::kMax},
                                                               {"min", Aggregate::kMin}};
  if (!reader.character('.')) return false;
  const std::size_t start = reader.position();
  for (const auto& [text, aggregate] : kAll) {
    // Only max and min begin alike, and are taken back to try the other.
    const bool read = *text == 'm' ? reader.attempt([&, word = text] { return reader.text(word); })
                                   : reader.text(text);
    if (read) return out = aggregate, reader.text("()");
    if (reader.position() != start) return false;
  }
  return false;
}

bool star(Reader& reader, SelectField& out) {
  out = {};
  out.field.name = "*";
  return reader.text("*") && field_end(reader);
}

bool count_all(Reader& reader, SelectField& out) {
  out = {};
  out.field.name = "*";
  out.aggregate = Aggregate::kCount;
  optional_alias(reader, out.alias);
  return reader.text("count()") && optional_cast(reader, out.aggregate_cast) && field_end(reader);
}

bool column(Reader& reader, SelectField& out) {
  out = {};
  optional_alias(reader, out.alias);
  if (!field(reader, out.field) || !optional_cast(reader, out.cast)) return false;
  Aggregate aggregate{};
  if (reader.attempt([&] { return aggregation(reader, aggregate); })) out.aggregate = aggregate;
  return optional_cast(reader, out.aggregate_cast) && field_end(reader);
}

bool select_field(Reader& reader, SelectField& out) {
  reader.blanks();
  if (!reader.attempt([&] { return star(reader, out); }) &&
      !reader.attempt([&] { return count_all(reader, out); }) && !column(reader, out)) {
    return false;
  }
  reader.blanks();
  return true;
}

bool embed_items(Reader& reader, SelectEmbed& out) {
  if (!reader.enter()) return false;
  const bool complete =
      reader.character('(') && select_items(reader, out.items) && reader.character(')');
  reader.leave();
  return complete;
}

// Whether an embed stands here is decided by its head alone, so that a nested list is read once.
bool select_item(Reader& reader, std::vector<SelectItem>& out) {
  SelectEmbed spread;
  if (reader.attempt([&] { return spread_head(reader, spread); })) {
    if (!embed_items(reader, spread)) return false;
    out.emplace_back(std::move(spread));
    return true;
  }
  SelectEmbed embed;
  if (reader.attempt([&] { return relation_head(reader, embed); })) {
    if (!embed_items(reader, embed)) return false;
    out.emplace_back(std::move(embed));
    return true;
  }
  SelectField selected;
  if (!select_field(reader, selected)) return false;
  out.emplace_back(std::move(selected));
  return true;
}

}  // namespace

// An embed may select nothing: "clients()".
bool select_items(Reader& reader, std::vector<SelectItem>& out) {
  std::size_t start = reader.position();
  if (!select_item(reader, out)) return reader.position() == start;
  for (;;) {
    start = reader.position();
    if (!mark(reader, ',')) return reader.position() == start;
    if (!select_item(reader, out)) return false;
    reader.forget_expected();
  }
}

}  // namespace holdfast::cache::query::grammar
