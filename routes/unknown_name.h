#pragma once

#include "gateway/base/error.h"
#include "routes/context.h"

namespace holdfast::routes {

// Why a request is the upstream's that names what the catalog does not have: it may be there since.
inline constexpr const char* kUnknownName = "the catalog does not know a name in it";

// Whether the error is of that kind: an unknown table, column, relationship, type or enum label.
bool names_unknown(const Error& error);

// After the upstream's answer to such a request.
void note_unknown_name(const Context& context, int status);

}  // namespace holdfast::routes
