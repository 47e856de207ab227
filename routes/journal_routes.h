#pragma once

#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "routes/context.h"

namespace holdfast::routes {

// GET /journal[?principal=anon][&before=N][&subject=ID][&limit=50]: records of a principal's
// journal, newest first, as {"principal","principals":[…],"records":[…],"next":N or null}. Waits
// for the disk.
http::Response list_journal(const Context& context, const http::Request& request);

// POST /journal with {"principal","subject"}: notes there what was done beside the queue, such as
// an export; 404 where nothing is kept for the principal. Waits for the disk.
http::Response note_in_journal(const Context& context, const http::Request& request);

}  // namespace holdfast::routes
