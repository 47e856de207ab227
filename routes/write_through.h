#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cache/replica/mutation.h"
#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "queue/awaited.h"
#include "queue/entry.h"
#include "routes/preferences.h"

namespace holdfast::routes {

// Why the upstream's own answer to a mutation is worth waiting for (hard case 15): what it may make
// of it, or refuse, cannot be known here. Empty when what is answered here is what it will be.
std::string upstream_knows_better(const cache::Mutation& mutation, const cache::Changes& changes,
                                  const Preferences& preferences, const std::string& role);

// Whether the role may insert, update or delete there what the mutation names, as far as grants are
// known.
bool is_granted(const cache::Mutation& mutation, const std::string& role);

// Whether triggers may do more at the upstream than what is shown here.
bool has_side_effects(const cache::Mutation& mutation);

// The app's request as it is to be sent at once for `entry`: as it came, but with the keys that
// were minted here, and asking for the rows also where the app does not, so that they are known.
queue::AskedRequest asked_request(const http::Request& request, const cache::Mutation& mutation,
                                  const Preferences& preferences, const queue::Entry& entry);

// The upstream's answer to it as the answer to what the app asked. Only with an answer.
http::Response awaited_answer(const queue::Told& told, const queue::AskedRequest& asked,
                              const cache::Mutation& mutation, const Preferences& preferences,
                              const std::string& reason);

}  // namespace holdfast::routes
