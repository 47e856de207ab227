#include "routes/write_through.h"

#include <algorithm>

#include "cache/replica/constraints.h"
#include "cache/replica/key.h"
#include "gateway/http/uri.h"
#include "queue/own_columns.h"
#include "routes/forwarder.h"

namespace holdfast::routes {
namespace {

using cache::Mutation;
using cache::Operation;

// Postgres asks for UPDATE too where an insert may change rows that are there.
std::vector<std::string> privileges_for(const Mutation& mutation) {
  switch (mutation.operation) {
    case Operation::kUpdate:
      return {"update"};
    case Operation::kDelete:
      return {"delete"};
    case Operation::kInsert:
      break;
  }
  const bool merges = mutation.resolution == cache::Resolution::kMergeDuplicates;
  if (merges || mutation.single) return {"insert", "update"};
  return {"insert"};
}

template <typename Column>
bool for_each_named(const Mutation& mutation, const Column& holds) {
  const auto& columns = mutation.query.columns();
  if (!columns.empty()) return std::ranges::all_of(columns, holds);
  return std::ranges::all_of(mutation.body.rows, [&](const cache::RawObject& row) {
    return std::ranges::all_of(row, [&](const auto& member) { return holds(member.first); });
  });
}

// Whether the privilege, which the role has, covers the columns that the mutation names.
bool covers(const Mutation& mutation, const std::string& role, const std::string& privilege) {
  const cache::Table& table = *mutation.table;
  const auto found = table.column_privileges.find(role);
  if (found == table.column_privileges.end()) return true;
  const auto some = found->second.find(privilege);
  if (some == found->second.end()) return true;
  return for_each_named(mutation, [&](const std::string& name) {
    return !table.find_column(name) || std::ranges::find(some->second, name) != some->second.end();
  });
}

bool may_refuse_unseen(const cache::Table& table) {
  const auto unseen = [&](const cache::Key& key) {
    return !cache::compare_exactly(table, key.columns);
  };
  return table.more_constraints || (table.primary_key && unseen(*table.primary_key)) ||
         std::ranges::any_of(table.unique, unseen);
}

std::string every_column(const cache::Table& table) {
  std::string list;
  for (const auto& column : table.columns) {
    list += (list.empty() ? "" : ",") + cache::quoted_name(column.name);
  }
  return http::percent_encode(list);
}

// The query's parameters but those of which `left_out` names one, as they came.
template <typename LeftOut>
std::string parameters_of(std::string_view query, const LeftOut& left_out) {
  std::string kept;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const std::string name = http::query_decode(parameter.substr(0, parameter.find('=')));
    if (!parameter.empty() && !left_out(name)) {
      kept.append(kept.empty() ? "" : "&").append(parameter);
    }
  }
  return kept;
}

void append_parameters(std::string& target, const std::string& parameters) {
  if (parameters.empty()) return;
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += parameters;
}

// Ours, not PostgREST's, which would refuse them under handling=strict.
bool is_gateway_preference(std::string_view member) {
  return http::equals_ignoring_case(member, "respond-async") || member.starts_with("wait=");
}

bool is_return_preference(std::string_view member) { return member.starts_with("return="); }

// What was asked beside the app's own request was not asked by it.
void set_applied(http::Response& response, const upstream::Answer& answer,
                 const Preferences& preferences) {
  const bool minimal = preferences.representation == Return::kMinimal;
  std::string applied;
  for (const std::string_view member : answer.headers.list("Preference-Applied")) {
    const bool about_rows = is_return_preference(member);
    if (about_rows && !minimal) continue;
    applied.append(applied.empty() ? "" : ", ").append(about_rows ? "return=minimal" : member);
  }
  response.headers.remove("Preference-Applied");
  if (!applied.empty()) response.headers.set("Preference-Applied", applied);
}

void set_preferences(http::Headers& headers, const std::string& preferences) {
  headers.remove("Prefer");
  if (!preferences.empty()) headers.set("Prefer", preferences);
}

// So that a row of which a part is asked back is known whole here too.
std::optional<queue::WiderSelect> wider_select(const http::Request& request,
                                               const std::string& target,
                                               const cache::Table& table) {
  const std::string accept(request.headers.find("Accept").value_or(""));
  if (accept.find("nulls=stripped") != accept.npos) return std::nullopt;
  const bool single = accept.find("pgrst.object") != accept.npos;
  return queue::with_own_columns(target, table, single ? queue::Rows::kSingle : queue::Rows::kMany);
}

}  // namespace

std::string upstream_knows_better(const Mutation& mutation, const cache::Changes& changes,
                                  const Preferences& preferences, const std::string& role) {
  const cache::Table& table = *mutation.table;
  if (!changes.doubt.empty()) return changes.doubt;
  if (table.row_security) return "row-level security";
  if (has_side_effects(mutation)) return "triggers";
  if (mutation.operation != Operation::kDelete) {
    if (!table.checks.empty()) return "checks";
    if (may_refuse_unseen(table)) return "constraints that are not known here";
    if (changes.refers_elsewhere) return "references to rows that are not kept here";
  }
  if (!changes.provisional.empty() || !changes.reshaped.empty())
    return "values that the upstream makes";
  if (!is_granted(mutation, role)) return "grants";
  if (preferences.representation == Return::kRepresentation) return "rows asked back";
  return "";
}

// Where nothing is known of grants nothing is known of policies and triggers either.
bool is_granted(const Mutation& mutation, const std::string& role) {
  const auto& privileges = mutation.table->privileges;
  const auto granted = privileges.find(role);
  if (granted == privileges.end()) return false;
  return std::ranges::all_of(privileges_for(mutation), [&](const std::string& privilege) {
    return std::ranges::find(granted->second, privilege) != granted->second.end() &&
           covers(mutation, role, privilege);
  });
}

bool has_side_effects(const Mutation& mutation) {
  const auto& triggers = mutation.table->triggers;
  return std::any_of(triggers.begin(), triggers.end(), [&](const cache::Trigger& trigger) {
    return cache::fires(mutation, trigger);
  });
}

queue::AskedRequest asked_request(const http::Request& request, const Mutation& mutation,
                                  const Preferences& preferences, const queue::Entry& entry) {
  queue::AskedRequest asked;
  asked.method = request.method;
  asked.target = request.target;
  asked.body = request.body;
  asked.headers = call_for(request).headers;
  for (const char* own : {"apikey", "Authorization", "Idempotency-Key"}) asked.headers.remove(own);
  const bool minted = mutation.operation == Operation::kInsert && entry.body != request.body;
  if (minted && !mutation.single) {
    asked.target = entry.target;
    asked.body = entry.body;
    asked.headers.set("Content-Type", "application/json");
    append_parameters(asked.target, parameters_of(request.query(), [](const std::string& name) {
                        return name == "columns" || name == "on_conflict";
                      }));
  }
  const std::string prefer = join_preferences(request.headers, is_gateway_preference);
  set_preferences(asked.headers, prefer);
  const bool has_select = mutation.query.has_select();
  if (preferences.representation == Return::kRepresentation) {
    const auto selected =
        parameters_of(request.query(), [](const std::string& name) { return name != "select"; });
    asked.complete_rows = !has_select || selected == "select=*";
    if (!asked.complete_rows) asked.wider = wider_select(request, asked.target, *mutation.table);
  } else if (preferences.representation != Return::kHeadersOnly && !has_select) {
    asked.without_rows = asked.headers;
    const std::string others = join_preferences(request.headers, [](std::string_view member) {
      return is_gateway_preference(member) || is_return_preference(member);
    });
    set_preferences(asked.headers, others + (others.empty() ? "" : ", ") + "return=representation");
    append_parameters(asked.target, "select=" + every_column(*mutation.table));
    asked.complete_rows = true;
  }
  return asked;
}

http::Response awaited_answer(const queue::Told& told, const queue::AskedRequest& asked,
                              const Mutation& mutation, const Preferences& preferences,
                              const std::string& reason) {
  http::Response response = response_for(*told.answer, reason);
  const bool rows_unasked = asked.without_rows.has_value() && told.with_rows;
  if (!rows_unasked || response.status >= 300) return response;
  response.body.clear();
  response.headers.remove("Content-Type");
  if (mutation.operation != Operation::kInsert || mutation.single) response.status = 204;
  set_applied(response, *told.answer, preferences);
  return response;
}

}  // namespace holdfast::routes
