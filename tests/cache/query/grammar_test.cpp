#include "cache/query/grammar.h"

#include <gtest/gtest.h>

#include "cache/query/query.h"
#include "cache/query/syntax.h"

namespace holdfast::cache::query {
namespace {

QueryTree tree(std::string_view raw) {
  auto query = Query::parse(raw);
  EXPECT_TRUE(query.has_value()) << raw << ": " << (query ? "" : *query.error().details);
  return query ? query->tree() : QueryTree{};
}

Error error(std::string_view raw) {
  auto query = Query::parse(raw);
  EXPECT_FALSE(query.has_value()) << raw;
  return query ? Error{} : query.error();
}

const SelectField& field_at(const QueryTree& tree, std::size_t index) {
  return std::get<SelectField>(tree.select.at(index));
}

const SelectEmbed& embed_at(const std::vector<SelectItem>& items, std::size_t index) {
  return std::get<SelectEmbed>(items.at(index));
}

void expect_trouble(std::string_view raw, const std::string& message, const std::string& details) {
  const Error found = error(raw);
  EXPECT_EQ(found.code, "PGRST100") << raw;
  EXPECT_EQ(found.message, message) << raw;
  EXPECT_EQ(found.details, details) << raw;
}

TEST(Grammar, NoSelectIsAllColumns) {
  EXPECT_EQ(field_at(tree(""), 0).field.name, "*");
  EXPECT_EQ(field_at(tree("select="), 0).field.name, "*");
  EXPECT_FALSE(tree("").has_select);
}

TEST(Grammar, SelectFieldHasAliasPathCastAndAggregate) {
  const auto parsed = tree("select=*,a:b->c->>-1::int,total:amount.sum()::text,count(),n:count()");
  EXPECT_EQ(field_at(parsed, 0).field.name, "*");
  const auto& path = field_at(parsed, 1);
  EXPECT_EQ(path.alias, "a");
  EXPECT_EQ(path.field.name, "b");
  ASSERT_EQ(path.field.path.size(), 2U);
  EXPECT_FALSE(path.field.path[0].as_text);
  EXPECT_EQ(std::get<std::string>(path.field.path[0].operand), "c");
  EXPECT_TRUE(path.field.path[1].as_text);
  EXPECT_EQ(std::get<std::int64_t>(path.field.path[1].operand), -1);
  EXPECT_EQ(path.cast, "int");
  EXPECT_EQ(field_at(parsed, 2).aggregate, Aggregate::kSum);
  EXPECT_EQ(field_at(parsed, 2).aggregate_cast, "text");
  EXPECT_EQ(field_at(parsed, 3).aggregate, Aggregate::kCount);
  EXPECT_EQ(field_at(parsed, 4).alias, "n");
}

TEST(Grammar, JsonKeyMayBeginWithDigitsAndHoldDashes) {
  const auto parsed = tree("select=data->0->0xy1->23-xy-45->xy-6->>0::int");
  const auto& path = field_at(parsed, 0).field.path;
  ASSERT_EQ(path.size(), 5U);
  EXPECT_EQ(std::get<std::int64_t>(path[0].operand), 0);
  EXPECT_EQ(std::get<std::string>(path[1].operand), "0xy1");
  EXPECT_EQ(std::get<std::string>(path[2].operand), "23-xy-45");
  EXPECT_EQ(std::get<std::string>(path[3].operand), "xy-6");
}

TEST(Grammar, EmbedsNestWithHintsJoinsAndSpreads) {
  const auto parsed = tree("select=id,boss:person!boss_fk!inner(name,...club!left(town),pets()),x");
  const auto& boss = embed_at(parsed.select, 1);
  EXPECT_EQ(boss.alias, "boss");
  EXPECT_EQ(boss.name, "person");
  EXPECT_EQ(boss.hint, "boss_fk");
  EXPECT_EQ(boss.join, JoinKind::kInner);
  const auto& club = embed_at(boss.items, 1);
  EXPECT_TRUE(club.spread);
  EXPECT_EQ(club.join, JoinKind::kLeft);
  EXPECT_TRUE(embed_at(boss.items, 2).items.empty());
  EXPECT_EQ(field_at(parsed, 2).field.name, "x");
}

// PostgREST reads digits as an index only where it looks for the end of one, which is not there.
TEST(Grammar, DigitsBeforeAClosingParenthesisAreAKey) {
  const auto parsed = tree("select=b(doc->0)&order=b(doc->0)");
  const auto& selected = std::get<SelectField>(embed_at(parsed.select, 0).items.at(0));
  EXPECT_EQ(std::get<std::string>(selected.field.path.at(0).operand), "0");
  const auto& ordered = parsed.order.at(0).second.at(0);
  EXPECT_EQ(std::get<std::string>(ordered.field.path.at(0).operand), "0");
}

TEST(Grammar, QuotedNamesKeepReservedCharacters) {
  const auto parsed = tree("select=%22:a-%3Eb::c%22,%22(in,side)%22,%22say%20%5C%22x%5C%22%22");
  EXPECT_EQ(field_at(parsed, 0).field.name, ":a->b::c");
  EXPECT_EQ(field_at(parsed, 1).field.name, "(in,side)");
  EXPECT_EQ(field_at(parsed, 2).field.name, "say \"x\"");
}

TEST(Grammar, NamesMayHoldBlanksDashesDollarsAndLetters) {
  const auto parsed = tree("select=%20Just%20A%20Model%20,field-with_sep,$a,na%C3%AFve,%E8%A1%A8");
  EXPECT_EQ(field_at(parsed, 0).field.name, "Just A Model");
  EXPECT_EQ(field_at(parsed, 1).field.name, "field-with_sep");
  EXPECT_EQ(field_at(parsed, 2).field.name, "$a");
  EXPECT_EQ(field_at(parsed, 3).field.name, "na\xC3\xAFve");
  EXPECT_EQ(field_at(parsed, 4).field.name, "\xE8\xA1\xA8");
}

TEST(Grammar, EveryOperatorIsKnown) {
  const std::pair<const char*, Operator> all[] = {{"eq", Operator::kEq},
                                                  {"neq", Operator::kNeq},
                                                  {"gt", Operator::kGt},
                                                  {"gte", Operator::kGte},
                                                  {"lt", Operator::kLt},
                                                  {"lte", Operator::kLte},
                                                  {"like", Operator::kLike},
                                                  {"ilike", Operator::kIlike},
                                                  {"match", Operator::kMatch},
                                                  {"imatch", Operator::kImatch},
                                                  {"cs", Operator::kCs},
                                                  {"cd", Operator::kCd},
                                                  {"ov", Operator::kOv},
                                                  {"sl", Operator::kSl},
                                                  {"sr", Operator::kSr},
                                                  {"nxr", Operator::kNxr},
                                                  {"nxl", Operator::kNxl},
                                                  {"adj", Operator::kAdj},
                                                  {"fts", Operator::kFts},
                                                  {"plfts", Operator::kPlfts},
                                                  {"phfts", Operator::kPhfts},
                                                  {"wfts", Operator::kWfts},
                                                  {"isdistinct", Operator::kIsDistinct}};
  for (const auto& [name, op] : all) {
    for (const bool negated : {false, true}) {
      const auto raw = std::string("a.b->c=") + (negated ? "not." : "") + name + ".v,(w).x";
      const auto parsed = tree(raw);
      ASSERT_EQ(parsed.filters.size(), 1U) << raw;
      EXPECT_EQ(parsed.filters[0].first, EmbedPath{"a"});
      const Filter& filter = parsed.filters[0].second.filter;
      EXPECT_EQ(filter.op, op) << raw;
      EXPECT_EQ(filter.negated, negated);
      EXPECT_EQ(filter.field.path.size(), 1U);
      EXPECT_EQ(filter.value, "v,(w).x");
    }
  }
}

TEST(Grammar, QuantifiersAndLanguages) {
  EXPECT_EQ(tree("a=eq(any).{1,2}").filters[0].second.filter.quantifier, Quantifier::kAny);
  EXPECT_EQ(tree("a=like(all).{1}").filters[0].second.filter.quantifier, Quantifier::kAll);
  EXPECT_EQ(tree("a=not.fts(english).x").filters[0].second.filter.language, "english");
  EXPECT_EQ(error("a=neq(any).{1}").code, "PGRST100");
}

TEST(Grammar, IsIgnoresCase) {
  EXPECT_EQ(tree("a=is.NULL").filters[0].second.filter.is, IsValue::kNull);
  EXPECT_EQ(tree("a=is.NoT_NuLl").filters[0].second.filter.is, IsValue::kNotNull);
  EXPECT_EQ(tree("a=not.is.TRUE").filters[0].second.filter.is, IsValue::kTrue);
  EXPECT_EQ(tree("a=is.UnKnOwN").filters[0].second.filter.is, IsValue::kUnknown);
}

TEST(Grammar, ListsTakeQuotedElements) {
  const auto values = [](std::string_view raw) {
    return tree(raw).filters[0].second.filter.values;
  };
  EXPECT_EQ(values("a=in.(1,2)"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(values("a=in.(x y,%22Hebdon, John%22)"),
            (std::vector<std::string>{"x y", "Hebdon, John"}));
  EXPECT_EQ(values("a=in.(%22a%5C%22b%5C%5C%22)"), (std::vector<std::string>{"a\"b\\"}));
  EXPECT_EQ(values("a=in.(%22a%22b)"), (std::vector<std::string>{"\"a\"b"}));
  EXPECT_EQ(values("a=in.()"), (std::vector<std::string>{""}));
  EXPECT_EQ(values("a=in.(   )"), (std::vector<std::string>{""}));
}

TEST(Grammar, LogicTreesNestAndNegate) {
  const auto parsed = tree(
      "kids.or=(id.eq.1, not.and(a.not.is.null,b.in.(1,2)),name.eq.%22(x,y)%22,c.cs.{1,2})"
      "&not.and=(a.eq.1,b.eq.2))");
  ASSERT_EQ(parsed.logic.size(), 2U);
  EXPECT_EQ(parsed.logic[0].first, EmbedPath{"kids"});
  const Condition& any = parsed.logic[0].second;
  EXPECT_EQ(any.kind, Condition::Kind::kOr);
  ASSERT_EQ(any.operands.size(), 4U);
  EXPECT_TRUE(any.operands[1].negated);
  EXPECT_EQ(any.operands[1].operands[1].filter.values.size(), 2U);
  EXPECT_EQ(any.operands[2].filter.value, "(x,y)");
  EXPECT_EQ(any.operands[3].filter.value, "{1,2}");
  EXPECT_TRUE(parsed.logic[1].second.negated);
}

TEST(Grammar, OrderTermsHaveDirectionNullsPathsAndEmbeds) {
  const auto parsed = tree("order=a,b.desc.nullslast,c->>d.asc.nullsfirst,e(f->g).desc&k.order=z");
  ASSERT_EQ(parsed.order.size(), 2U);
  const auto& terms = parsed.order[0].second;
  ASSERT_EQ(terms.size(), 4U);
  EXPECT_FALSE(terms[0].descending);
  EXPECT_TRUE(terms[1].descending);
  EXPECT_EQ(terms[1].nulls, NullsOrder::kLast);
  EXPECT_EQ(terms[2].nulls, NullsOrder::kFirst);
  EXPECT_EQ(terms[3].embed, "e");
  EXPECT_TRUE(terms[3].descending);
  EXPECT_EQ(parsed.order[1].first, EmbedPath{"k"});
}

TEST(Grammar, RangesBelongToTheirEmbedAndIgnoreWords) {
  const auto query = Query::parse("limit=3&offset=7&kids.limit=2&kids.offset=x");
  EXPECT_EQ(query->limit(), 3);
  EXPECT_EQ(query->offset(), 7);
  EXPECT_EQ(query->tree().ranges.at(1).second.limit, 2);
  EXPECT_EQ(query->tree().ranges.at(1).second.offset, 0);
  EXPECT_FALSE(Query::parse("limit=all")->limit().has_value());
}

TEST(Grammar, MutationParameters) {
  const auto query = Query::parse("columns=id,%22a,b%22&on_conflict=x,%20y&apikey=k&id=eq.1");
  EXPECT_EQ(query->columns(), (std::vector<std::string>{"id", "a,b"}));
  EXPECT_EQ(query->on_conflict(), (std::vector<std::string>{"x", "y"}));
}

TEST(Grammar, PartsWithoutValueAndBothSeparators) {
  const auto parsed = tree("select&a=eq.1;b=eq.2");
  EXPECT_FALSE(parsed.has_select);
  EXPECT_EQ(parsed.filters.size(), 2U);
}

TEST(GrammarErrors, AreWordedAndPlacedAsPostgrestDoes) {
  expect_trouble("select=data-%3E%3E--34",
                 "\"failed to parse select parameter (data->>--34)\" (line 1, column 9)",
                 "unexpected \"-\" expecting digit");
  expect_trouble("order=id.asc.nullslasttt",
                 "\"failed to parse order (id.asc.nullslasttt)\" (line 1, column 17)",
                 "unexpected 't' expecting \",\" or end of input");
  expect_trouble("id=0", "\"failed to parse filter (0)\" (line 1, column 1)",
                 "unexpected \"0\" expecting \"not\" or operator (eq, gt, ...)");
  expect_trouble(
      "or=()", "\"failed to parse logic tree (())\" (line 1, column 4)",
      "unexpected \")\" expecting field name (* or [a..z0..9_$]), negation operator (not) "
      "or logic operator (and, or)");
  expect_trouble("or=(id.in.1,2,id.eq.3)",
                 "\"failed to parse logic tree ((id.in.1,2,id.eq.3))\" (line 1, column 10)",
                 "unexpected \"1\" expecting \"(\"");
  expect_trouble("or=)(", "\"failed to parse logic tree ()()\" (line 1, column 3)",
                 "unexpected \")\" expecting \"(\"");
  expect_trouble(
      "and=(ord(id.eq.1,id.eq.1),id.eq.2)",
      "\"failed to parse logic tree ((ord(id.eq.1,id.eq.1),id.eq.2))\" (line 1, column 7)",
      "unexpected \"d\" expecting \"(\"");
  expect_trouble(
      "or=(id.eq.1,not.xor(id.eq.2,id.eq.3))",
      "\"failed to parse logic tree ((id.eq.1,not.xor(id.eq.2,id.eq.3)))\" (line 1, column 16)",
      "unexpected \"x\" expecting logic operator (and, or)");
  expect_trouble("order=id.ac", "\"failed to parse order (id.ac)\" (line 1, column 4)",
                 "unexpected \"c\" expecting \"asc\", \"desc\", \"nullsfirst\" or \"nullslast\"");
  expect_trouble("order=id.descc", "\"failed to parse order (id.descc)\" (line 1, column 8)",
                 "unexpected 'c' expecting delimiter (.), \",\" or end of input");
  expect_trouble("order=id.asc.nlsfst",
                 "\"failed to parse order (id.asc.nlsfst)\" (line 1, column 8)",
                 "unexpected \"l\" expecting \"nullsfirst\" or \"nullslast\"");
  expect_trouble("select=data-%3E%3E-78xy",
                 "\"failed to parse select parameter (data->>-78xy)\" (line 1, column 11)",
                 "unexpected 'x' expecting digit, \"->\", \"::\", \".\", \",\" or end of input");
  expect_trouble("a=is.nil", "\"failed to parse filter (is.nil)\" (line 1, column 5)",
                 "unexpected \"i\" expecting isVal: (null, not_null, true, false, unknown)");
}

// Behind the first element of a list all is named that could have gone on in it, behind a later one
// only what goes on with the list; nothing is named twice.
TEST(GrammarErrors, NameWhatCouldHaveFollowed) {
  expect_trouble("select=a,b(c", "\"failed to parse select parameter (a,b(c)\" (line 1, column 6)",
                 "unexpected end of input expecting letter, digit, \"-\", \"->>\", \"->\", \"::\", "
                 "\".\", \")\", \",\" or end of input");
  expect_trouble("select=a,b(c,d",
                 "\"failed to parse select parameter (a,b(c,d)\" (line 1, column 8)",
                 "unexpected end of input expecting \",\" or \")\"");
  expect_trouble("id=in.(1,2", "\"failed to parse filter (in.(1,2)\" (line 1, column 8)",
                 "unexpected end of input expecting \",\" or \")\"");
  expect_trouble("or=(a.eq.1,b.eq.2",
                 "\"failed to parse logic tree ((a.eq.1,b.eq.2)\" (line 1, column 17)",
                 "unexpected end of input expecting \",\" or \")\"");
  expect_trouble(
      "select=name-%3E-1:", "\"failed to parse select parameter (name->-1:)\" (line 1, column 9)",
      "unexpected ':' expecting digit, \"->\", \"::\", \".\", \",\" or end of input");
}

// It is then taken for a column, behind whose name no "!" can follow.
TEST(GrammarErrors, AHintDoesNotBeginWithAKindOfJoin) {
  const std::string after_a_name =
      "unexpected '!' expecting letter, digit, \"-\", \"->>\", \"->\", \"::\", \".\", \")\", "
      "\",\" or end of input";
  expect_trouble("select=a,b!left_fk(c)",
                 "\"failed to parse select parameter (a,b!left_fk(c))\" (line 1, column 4)",
                 after_a_name);
  expect_trouble("select=a!fk!innermost(c)",
                 "\"failed to parse select parameter (a!fk!innermost(c))\" (line 1, column 2)",
                 after_a_name);
}

TEST(GrammarErrors, ShowCharactersThatCannotBeSeen) {
  const auto starts = [](const char* raw) { return error(raw).details->substr(0, 18); };
  EXPECT_EQ(starts("order=a%00"), "unexpected '\\NUL' ");
  EXPECT_EQ(starts("order=a%1B"), "unexpected '\\ESC' ");
  EXPECT_EQ(starts("order=a%7F"), "unexpected '\\DEL' ");
  EXPECT_EQ(starts("order=a%C2%80"), "unexpected '\\128' ");
}

TEST(GrammarErrors, ANameDoesNotEndInADash) {
  expect_trouble("select=a-", "\"failed to parse select parameter (a-)\" (line 1, column 3)",
                 "unexpected end of input expecting \">\", letter or digit");
  expect_trouble("order=a--b", "\"failed to parse order (a--b)\" (line 1, column 3)",
                 "unexpected \"-\" expecting \">\", letter or digit");
}

TEST(GrammarErrors, AnAggregatesNameIsReadBeforeItsParentheses) {
  expect_trouble("select=x.some()",
                 "\"failed to parse select parameter (x.some())\" (line 1, column 3)",
                 "unexpected \"o\" expecting \"sum\"");
  expect_trouble("select=x.sum", "\"failed to parse select parameter (x.sum)\" (line 1, column 6)",
                 "unexpected end of input expecting \"()\"");
  expect_trouble("select=x.mid()",
                 "\"failed to parse select parameter (x.mid())\" (line 1, column 3)",
                 "unexpected \"m\" expecting \"sum\", \"avg\", \"count\", \"max\" or \"min\"");
}

TEST(GrammarErrors, ColumnsCountCharactersNotBytes) {
  expect_trouble(
      "order=na%C3%AFve!", "\"failed to parse order (na\xC3\xAFve!)\" (line 1, column 6)",
      "unexpected '!' expecting letter, digit, \"-\", \"->>\", \"->\", delimiter (.), \",\" "
      "or end of input");
}

TEST(GrammarErrors, NestingIsBounded) {
  std::string select = "select=";
  std::string logic = "and=(";
  for (int i = 0; i < 101; ++i) select += "a(";
  for (int i = 0; i < 101; ++i) logic += "or(";
  EXPECT_EQ(error(select).details, "nested deeper than 100 levels");
  EXPECT_EQ(error(logic).details, "nested deeper than 100 levels");
  std::string deep = "select=";
  for (int i = 0; i < 100; ++i) deep += "a(";
  EXPECT_TRUE(Query::parse(deep + "id" + std::string(100, ')')).has_value());
}

TEST(Grammar, LongTargetsAreReadInLinearTime) {
  std::string raw = "or=(id.eq.1";
  while (raw.size() < 65000) raw += ",id.eq.123";
  EXPECT_EQ(tree(raw + ")").logic[0].second.operands.size(), (raw.size() - 11) / 10 + 1);
  std::string list = "select=id";
  while (list.size() < 65000) list += ",name";
  EXPECT_GT(tree(list).select.size(), 12000U);
}

TEST(Grammar, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  const auto query = Query::parse("id=eq.a%FFb%C3&n=eq.%C3%A9%00");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->tree().filters[0].second.filter.value,
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(query->tree().filters[1].second.filter.value, std::string("\xC3\xA9\0", 3));
  EXPECT_EQ(Query::parse("\xF2oss_id=is.unknown").error().message.find('\xF2'), std::string::npos);
}

}  // namespace
}  // namespace holdfast::cache::query
