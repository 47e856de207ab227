#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/upstream/credentials.h"
#include "queue/entry.h"

namespace holdfast::queue {

// How the reason of an entry begins that is held because claims have changed.
inline constexpr const char* kClaimsChanged = "claims changed: ";

// The claims that a column's default expression reads, by their paths: of auth.jwt(), auth.email()
// and current_setting('request.jwt.claims'); "": any of the token's, as where it calls a function
// of the schema's own. What auth.uid() and auth.role() read is part of every entry.
std::vector<std::string> claims_in(std::string_view expression);

// The claims at `paths` ("app_metadata.tenant") of a token's claims, as a JSON object by path; ""
// stands for the texts that say who writes for whom, and app_metadata.
std::string write_claims(const std::string& claims, const std::vector<std::string>& paths);

// Why the entry may not be sent under these credentials (hard case 1): its role, or a claim that
// decided what it says, is another one now. nullopt: it may, or a person has let it go.
std::optional<std::string> claims_changed(const Entry& entry,
                                          const upstream::Credentials& credentials);

}  // namespace holdfast::queue
