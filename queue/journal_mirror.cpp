#include "queue/journal_mirror.h"

#include <nlohmann/json.hpp>

#include "gateway/base/ids.h"
#include "gateway/http/json.h"
#include "queue/companion.h"
#include "queue/entry.h"

namespace holdfast::queue {

using json = nlohmann::json;

Mirrored mirror_head(upstream::Upstream& upstream, const upstream::Credentials& credentials,
                     const std::string& device, const JournalHead& head) {
  const json event = {{"key", idempotency_key(new_uuid())},
                      {"op", "head"},
                      {"device", device},
                      {"number", head.number},
                      {"mac", head.mac}};
  const auto outcome = upstream.call(push_call("[" + event.dump() + "]", credentials));
  Mirrored mirrored;
  if (!outcome.answered() || outcome.answer().status != 200) return mirrored;
  const auto body = http::parse_json(outcome.answer().body);
  if (!body.is_object() || !body.contains("results") || body["results"].size() != 1) {
    return mirrored;
  }
  const json& result = body["results"][0];
  const json value = result.value("value", json());
  if (result.value("status", 0) != 200 || !value.is_object()) return mirrored;
  mirrored.kept = true;
  const JournalHead there{value.value("number", std::int64_t{0}), value.value("mac", "")};
  const bool same = there.number == head.number && there.mac == head.mac;
  if (!same) mirrored.ahead = there;
  return mirrored;
}

}  // namespace holdfast::queue
