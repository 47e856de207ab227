#include "queue/real_ids.h"

#include "cache/replica/temporary_id_text.h"
#include "cache/replica/temporary_ids.h"
#include "gateway/http/uri.h"

namespace holdfast::queue {
namespace {

using cache::TemporaryIds;

void rewrite_request(cache::Database& database, std::int64_t entry,
                     const TemporaryIds::Adoption& adoption) {
  cache::Statement& load = database.cached("SELECT target, body FROM hf_outbox WHERE sequence=?1");
  if (!load.bind(1, entry).step()) return;
  std::string target(load.text(0));
  const std::string body = cache::replace_ids(adoption.real, load.text(1));
  load.reset();
  if (const auto query = target.find('?'); query != std::string::npos) {
    const auto other = http::replace_values(target.substr(query + 1), [&](const auto& value) {
      auto known = cache::replace_ids(adoption.real, value);
      return known == value ? std::nullopt : std::optional(std::move(known));
    });
    if (other) target.replace(query + 1, std::string::npos, *other);
  }
  cache::Statement& update =
      database.cached("UPDATE hf_outbox SET target=?2, body=?3 WHERE sequence=?1");
  update.bind(1, entry).bind(2, std::string_view(target)).bind(3, std::string_view(body)).run();
}

}  // namespace

void put_real_ids(cache::Transaction& transaction, cache::Overlay& overlay, const Entry& entry,
                  std::vector<cache::UpstreamImage>& images) {
  cache::Database& database = transaction.database();
  if (TemporaryIds::unresolved(database, entry.sequence) == 0) return;
  const auto adoption = TemporaryIds(overlay).adopt(transaction, entry.sequence, images);
  for (const std::int64_t each : adoption.renamed) {
    if (each != entry.sequence) rewrite_request(database, each, adoption);
  }
}

}  // namespace holdfast::queue
