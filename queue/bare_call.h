#pragma once

#include <string>
#include <variant>
#include <vector>

#include "gateway/upstream/upstream.h"
#include "queue/answer_class.h"
#include "queue/delivery.h"

namespace holdfast::queue {

// What a write is to give back.
enum class Representation { kRows, kNone };

// A request for `target` (with its filters) that carries the entry's headers and key, and the
// sender's credentials. With kRows every column of `table` that is kept is asked back.
upstream::Call entry_call(const Sender& sender, const Entry& entry, const cache::Table& table,
                          std::string target, std::string body, Representation representation);

// A read of the table by whoever sends: `parameters` are of the query.
upstream::Call question(const Sender& sender, const cache::Table& table, const std::string& select,
                        const std::string& parameters);

// Names the entry to the companion's hook, where there is one.
void add_key(const Entry& entry, http::Headers& headers);

// The verdict of a send without an answer.
TryAgain no_answer(const upstream::Failure& failure);

// The verdict of an answer that neither applied the write nor left anything to look at.
Verdict judge_refusal(const upstream::Answer& answer, const ClassifiedAnswer& classified);

// The upstream's words, on one line.
std::string words_of(const ClassifiedAnswer& answer);

// The rows that a write's answer gives back; nullopt where it is no list of rows of the table: a
// portal's or a proxy's JSON says nothing of the write.
std::optional<std::vector<cache::Row>> rows_given_back(const cache::Table& table,
                                                       const std::string& body);

// Whether the answer can be PostgREST's own to a write that asks for no rows: it has no body.
bool gives_nothing_back(const upstream::Answer& answer);

// The same of one that asks for rows under names of its own: an array, or one object by its type.
bool gives_some_back(const upstream::Answer& answer);

// The table of the entry; nullptr when the catalog has it no more.
const cache::Table* table_of(const cache::Store& store, const Entry& entry);

// A row that is as it was known was not written. No conflict where a trigger may have done
// something else instead.
Superseded withheld(const Entry& entry, const cache::Table& table,
                    std::vector<cache::UpstreamImage> images);

// Rows as the principal sees them now.
struct SeenRows {
  std::vector<cache::UpstreamImage> images;  // one for each key; one without a row is not visible
  std::chrono::microseconds clock_offset{0};
  bool denied = false;  // the table may not be read: of some rows nothing is known
};

// Reads the rows of `keys`. A verdict when they cannot be read now, or (after a lost answer) must
// not be, so that nothing shows whether the entry took effect.
std::variant<SeenRows, Verdict> read_rows(upstream::Upstream& upstream, const Sender& sender,
                                          const Entry& entry, const cache::Table& table,
                                          const std::vector<std::string>& keys);

// Images of rows that were read some time after the write.
std::vector<cache::UpstreamImage> seen_later(std::vector<cache::UpstreamImage> images);

}  // namespace holdfast::queue
