#pragma once

#include <string_view>

#include "cache/replica/mutation.h"

namespace holdfast::cache {

// Writes the moments of the body that name no zone as Prefer: timezone means them, so that they are
// the same whenever and however they are sent. Errors: those of TimeZone::find(); kForwardCode
// where they are in ranges or arrays.
Result<void> put_in_zone(Mutation& mutation, std::string_view zone);

// Whether the body names a moment at all.
bool names_moments(const Mutation& mutation);

}  // namespace holdfast::cache
