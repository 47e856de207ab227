#include "cache/query/grammar.h"

namespace holdfast::cache::query::grammar {
namespace {

bool term_end(Reader& reader) {
  return reader.attempt([&] { return reader.ahead([&] { return reader.character(','); }); }) ||
         reader.attempt([&] { return reader.end(); });
}

bool dotted_word(Reader& reader, const char* word) {
  return reader.attempt([&] { return delimiter(reader) && reader.text(word); });
}

bool directions(Reader& reader, OrderTerm& out) {
  if (!dotted_word(reader, "asc") && dotted_word(reader, "desc")) out.descending = true;
  if (dotted_word(reader, "nullsfirst")) {
    out.nulls = NullsOrder::kFirst;
  } else if (dotted_word(reader, "nullslast")) {
    out.nulls = NullsOrder::kLast;
  }
  return term_end(reader);
}

bool embed_term(Reader& reader, OrderTerm& out) {
  out = {};
  return field_name(reader, out.embed) && reader.character('(') && field(reader, out.field) &&
         reader.character(')') && directions(reader, out);
}

bool order_term(Reader& reader, OrderTerm& out) {
  reader.blanks();
  if (!reader.attempt([&] { return embed_term(reader, out); })) {
    out = {};
    if (!field(reader, out.field) || !directions(reader, out)) return false;
  }
  reader.blanks();
  return true;
}

}  // namespace

bool order_terms(Reader& reader, std::vector<OrderTerm>& out) {
  if (!order_term(reader, out.emplace_back())) return false;
  while (reader.character(',')) {
    if (!order_term(reader, out.emplace_back())) return false;
    reader.forget_expected();
  }
  return true;
}

}  // namespace holdfast::cache::query::grammar
