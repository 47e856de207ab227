#include "cache/query/grammar.h"

#include <algorithm>

namespace holdfast::cache::query::grammar {
namespace {

std::string subject(std::string_view what, std::string_view value) {
  return "failed to parse " + std::string(what) + " (" + std::string(value) + ")";
}

// Runs `rule` over all of `text`. Most parameters may go on behind what the rule reads, as in
// PostgREST: "select=id)" is "select=id".
template <typename Rule>
Result<void> run(std::string_view what, std::string_view shown, std::string_view text, Rule rule) {
  Reader quick(text, Reader::Errors::kForgotten);
  if (rule(quick)) return {};
  // What the rule has written is dropped with the error.
  Reader reader(text);
  rule(reader);
  return reader.error(subject(what, shown));
}

struct TreePath {
  EmbedPath embeds;
  Field field;
};

Result<TreePath> parse_tree_path(std::string_view name) {
  TreePath path;
  HF_TRY_VOID(run("tree path", name, name, [&](Reader& reader) {
    return dotted_names(reader, path.embeds) && json_path(reader, path.field.path);
  }));
  path.field.name = std::move(path.embeds.back());
  path.embeds.pop_back();
  return path;
}

}  // namespace

Result<std::vector<SelectItem>> parse_select(std::string_view value) {
  std::vector<SelectItem> items;
  HF_TRY_VOID(run("select parameter", value, value,
                  [&](Reader& reader) { return select_items(reader, items); }));
  return items;
}

Result<std::pair<EmbedPath, Condition>> parse_filter(std::string_view name,
                                                     std::string_view value) {
  HF_TRY(TreePath path, parse_tree_path(name));
  Condition condition;
  HF_TRY_VOID(run("filter", value, value, [&](Reader& reader) {
    return operation(reader, ValueEnd::kAtEnd, condition.filter);
  }));
  condition.filter.field = std::move(path.field);
  return std::pair(std::move(path.embeds), std::move(condition));
}

Result<std::pair<EmbedPath, Condition>> parse_logic(std::string_view name, std::string_view value) {
  EmbedPath path;
  HF_TRY_VOID(
      run("logic path", name, name, [&](Reader& reader) { return dotted_names(reader, path); }));
  const bool negated = std::find(path.begin(), path.end(), "not") != path.end();
  // The operator is read with its operands, so that positions count from it.
  const std::string text = (negated ? "not." : "") + path.back() + std::string(value);
  path.pop_back();
  std::erase(path, "not");
  Condition condition;
  HF_TRY_VOID(run("logic tree", value, text,
                  [&](Reader& reader) { return logic_tree(reader, condition); }));
  return std::pair(std::move(path), std::move(condition));
}

Result<std::pair<EmbedPath, std::vector<OrderTerm>>> parse_order(std::string_view name,
                                                                 std::string_view value) {
  HF_TRY(TreePath path, parse_tree_path(name));
  std::vector<OrderTerm> terms;
  HF_TRY_VOID(
      run("order", value, value, [&](Reader& reader) { return order_terms(reader, terms); }));
  return std::pair(std::move(path.embeds), std::move(terms));
}

Result<std::vector<std::string>> parse_names(std::string_view parameter, std::string_view value) {
  std::vector<std::string> all;
  HF_TRY_VOID(run(std::string(parameter) + " parameter", value, value,
                  [&](Reader& reader) { return names(reader, all); }));
  return all;
}

Result<EmbedPath> parse_embed_path(std::string_view name) {
  HF_TRY(TreePath path, parse_tree_path(name));
  return std::move(path.embeds);
}

}  // namespace holdfast::cache::query::grammar
