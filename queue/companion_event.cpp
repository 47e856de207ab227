#include "queue/companion_event.h"

#include <algorithm>

#include "cache/query/query.h"
#include "cache/values/codec.h"
#include "gateway/crypto/digest.h"
#include "queue/row_version.h"
#include "queue/three_way.h"

namespace holdfast::queue {
namespace {

using cache::Effect;

void add_member(std::string& object, const char* name, const std::string& token) {
  object += object.size() > 1 ? ",\"" : "\"";
  object += name;
  object += "\":" + token;
}

// Longer values are not sent again with every change of another column.
bool is_short(const cache::Value& value) {
  constexpr std::size_t kLongest = 1'000;
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr || text->size() <= kLongest;
}

std::string quoted(const std::string& text) {
  std::string token;
  cache::append_json_string(text, token);
  return token;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list = "[";
  for (const auto& name : names) list += (list.size() > 1 ? "," : "") + quoted(name);
  return list + "]";
}

bool prefers(const Entry& entry, const char* preference) {
  return entry.headers.find(preference) != std::string::npos;
}

void add_rows(std::string& event, const Entry& entry) {
  const bool array = !entry.body.empty() && entry.body.front() == '[';
  const auto query = query_of(entry);
  if (!query.columns().empty()) add_member(event, "columns", list_of(query.columns()));
  if (!query.on_conflict().empty()) add_member(event, "on_conflict", list_of(query.on_conflict()));
  if (prefers(entry, "resolution=ignore-duplicates")) add_member(event, "resolution", "\"ignore\"");
  if (prefers(entry, "missing=default")) add_member(event, "missing", "\"default\"");
  add_member(event, "rows", array ? entry.body : "[" + entry.body + "]");
}

std::string match_of(const cache::Table& table, const cache::TableOptions& options,
                     const RowWrite& write, Reach reach, EventForm form) {
  std::string match = "{";
  add_member(match, "key", write.old_key);
  if (form == EventForm::kByKey) return match + "}";
  const auto columns = compared_columns(table, options, write, reach);
  const auto base = stored_row(table, write.base);
  if (base && !columns.empty()) {
    add_member(match, "base", cache::print_columns(table, *base, columns));
  }
  return match + "}";
}

// What an upsert knew of the rows that it overwrites, the same columns of all.
void add_known_rows(std::string& event, const Parcel& parcel, const cache::Table& table) {
  const auto writes = overwritten_rows(parcel.entry, parcel.effects);
  if (writes.empty()) return;
  std::vector<std::size_t> columns;
  for (const RowWrite& write : writes) {
    for (const std::size_t column : overwritten_columns(table, write.changes)) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
        columns.push_back(column);
      }
    }
  }
  std::string matches = "[";
  for (const RowWrite& write : writes) {
    std::string match = "{";
    add_member(match, "key", write.old_key);
    add_member(match, "base", cache::print_columns(table, *stored_row(table, write.base), columns));
    matches += (matches.size() > 1 ? "," : "") + match + "}";
  }
  add_member(event, "match", matches + "]");
}

}  // namespace

std::vector<RowWrite> row_writes(const Entry& entry, std::span<const Effect> effects) {
  std::vector<RowWrite> writes;
  auto starts = row_starts(entry, effects);
  starts.push_back(effects.size());
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const auto part = effects.subspan(starts[i], starts[i + 1] - starts[i]);
    auto write = single_row(entry, part);
    if (!write || !write->base) return {};
    writes.push_back(*std::move(write));
  }
  return writes;
}

bool is_event(const Entry& entry, std::span<const Effect> effects) {
  if (makes_rows(entry)) return !entry.body.empty();
  const auto writes = row_writes(entry, effects);
  return !writes.empty() && std::all_of(writes.begin(), writes.end(), [&](const RowWrite& write) {
    return write.deletion || write.changes == writes.front().changes;
  });
}

Reach reach_of(std::span<const RowWrite> writes) {
  return writes.size() == 1 ? Reach::kOneRow : Reach::kSeveralRows;
}

std::vector<std::size_t> compared_columns(const cache::Table& table,
                                          const cache::TableOptions& options, const RowWrite& write,
                                          Reach reach) {
  const VersionColumns versions = version_columns(table, options);
  std::vector<std::size_t> columns;
  const auto add = [&](std::optional<std::size_t> column) {
    if (!column || table.is_key(*column) || !table.columns[*column].kept) return;
    if (std::find(columns.begin(), columns.end(), *column) != columns.end()) return;
    columns.push_back(*column);
  };
  add(versions.version);
  add(versions.stamp);
  if (write.deletion) {
    add(versions.created);
    for (const std::size_t column : plain_columns(table)) add(column);
  } else {
    const auto base = stored_row(table, write.base);
    const bool versioned = versions.version || versions.stamp;
    if (reach == Reach::kOneRow && !versioned && base) {
      for (const std::size_t column : plain_columns(table)) {
        if (is_short((*base)[column])) add(column);
      }
    }
    // Also those that have the value already: others may have changed them, and the upstream
    // compares the same columns of all rows.
    for (const std::size_t column : changed_columns(table, write.changes, std::nullopt)) {
      add(column);
    }
  }
  return columns;
}

std::string event_of(const Parcel& parcel, const cache::Table& table,
                     const cache::TableOptions& options, EventForm form) {
  const Entry& entry = parcel.entry;
  std::string event = "{";
  add_member(event, "key", quoted(entry.idempotency_key));
  add_member(event, "fingerprint", quoted(fingerprint_of(entry)));
  add_member(event, "op", quoted(entry.operation));
  add_member(event, "schema", quoted(table.schema));
  add_member(event, "table", quoted(table.name));
  if (form == EventForm::kOnlyIfKnown) add_member(event, "only_if_known", "true");
  if (parcel.depends) add_member(event, "depends", "true");
  if (!parcel.watched.empty()) add_member(event, "watch", watch_of(parcel.watched));
  if (makes_rows(entry)) {
    add_rows(event, entry);
    if (form == EventForm::kUsual) add_known_rows(event, parcel, table);
    return event + "}";
  }
  const auto writes = row_writes(entry, parcel.effects);
  if (entry.operation == "update") add_member(event, "set", writes.front().changes);
  std::string matches = "[";
  for (const RowWrite& write : writes) {
    matches +=
        (matches.size() > 1 ? "," : "") + match_of(table, options, write, reach_of(writes), form);
  }
  add_member(event, "match", matches + "]");
  return event + "}";
}

std::string call_event_of(const Parcel& parcel) {
  const Entry& entry = parcel.entry;
  const auto dot = entry.relation.find('.');
  std::string event = "{";
  add_member(event, "key", quoted(entry.idempotency_key));
  add_member(event, "fingerprint", quoted(fingerprint_of(entry)));
  add_member(event, "op", "\"call\"");
  add_member(event, "schema", quoted(entry.relation.substr(0, dot)));
  add_member(event, "function", quoted(entry.relation.substr(dot + 1)));
  add_member(event, "args", entry.body.empty() ? "{}" : entry.body);
  if (!parcel.watched.empty()) add_member(event, "watch", watch_of(parcel.watched));
  return event + "}";
}

std::string fingerprint_of(const Entry& entry) {
  return crypto::sha256_hex(entry.method + "\n" + entry.target + "\n" + entry.body);
}

}  // namespace holdfast::queue
