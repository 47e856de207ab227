#include "routes/opaque_write.h"

#include <nlohmann/json.hpp>

#include "gateway/base/ids.h"
#include "gateway/http/uri.h"
#include "queue/outbox.h"
#include "routes/profile.h"
#include "routes/write_answer.h"

namespace holdfast::routes {
namespace {

// Of what the app prefers, what decides the write.
bool is_about_the_answer(std::string_view member) {
  return member.starts_with("return=") || member.starts_with("count=") ||
         member.starts_with("wait=") || http::equals_ignoring_case(member, "respond-async");
}

// The target without the key that some clients put into it.
std::string target_of(const http::Request& request) {
  std::string target(request.path());
  std::string_view query = request.query();
  char separator = '?';
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (parameter.starts_with("apikey=")) continue;
    target += separator;
    target += parameter;
    separator = '&';
  }
  return target;
}

std::string headers_of(const OpaqueRequest& request) {
  nlohmann::json headers = {
      {"Content-Type", "application/json"},
      {"Content-Profile", request.relation.substr(0, request.relation.find('.'))}};
  const auto prefer = join_preferences(request.rest.request.headers, is_about_the_answer);
  if (!prefer.empty()) headers["Prefer"] = prefer;
  return headers.dump();
}

queue::Entry entry_of(const OpaqueRequest& request, Timestamp now) {
  const http::Principal& principal = request.rest.caller.principal;
  queue::Entry entry;
  entry.id = new_ordered_uuid(now);
  entry.relation = request.relation;
  entry.operation = request.operation;
  entry.method = request.rest.request.method;
  entry.target = target_of(request.rest.request);
  entry.headers = headers_of(request);
  entry.body = request.rest.request.body;
  entry.role = principal.role;
  entry.claims = principal.claims;
  entry.idempotency_key = "hf1:" + new_uuid();
  entry.created_at = now;
  if (const auto key = request.rest.request.headers.find("Idempotency-Key")) {
    entry.app_key = std::string(*key);
  }
  return entry;
}

queue::AskedRequest asked_of(const OpaqueRequest& request) {
  queue::AskedRequest asked;
  asked.method = request.rest.request.method;
  asked.target = target_of(request.rest.request);
  asked.body = request.rest.request.body;
  asked.headers = call_for(request.rest.request).headers;
  for (const char* own : {"apikey", "Authorization", "Idempotency-Key"}) asked.headers.remove(own);
  return asked;
}

http::Response queued_answer(const OpaqueRequest& request, const std::string& entry) {
  http::Response response;
  const bool inserts = request.operation == "request" && request.rest.request.method == "POST";
  response.status = inserts ? 201 : 204;
  response.headers.add("Cache-Status", "holdfast; detail=queued");
  response.headers.add("Holdfast-Outbox-Id", entry);
  if (request.preferences.respond_async) {
    response.headers.add("Preference-Applied", "respond-async");
  }
  return response;
}

}  // namespace

struct OpaqueWrite::Work {
  OpaqueRequest request;
  http::Respond respond;
  std::string entry;
  http::Response queued;  // or the answer of before, for the same Idempotency-Key
  bool replayed = false;
  bool awaited = false;
};

void OpaqueWrite::handle(OpaqueRequest request, http::Respond respond) const {
  auto work = std::make_shared<Work>(Work{std::move(request), std::move(respond), {}, {}});
  auto& writer = work->request.rest.store->writer();
  writer.submit(
      cache::Writer::Priority::kClient,
      [self = *this, work](cache::Transaction& transaction) { self.write(transaction, work); },
      [self = *this, work](const std::exception_ptr& fault) { self.finish(work, fault); });
}

void OpaqueWrite::write(cache::Transaction& transaction, const std::shared_ptr<Work>& work) const {
  cache::Store& store = *work->request.rest.store;
  queue::Outbox outbox(store.overlay());
  queue::Entry entry = entry_of(work->request, context_.clock.now());
  if (entry.app_key) {
    if (const auto earlier = outbox.answer_for(transaction.database(), *entry.app_key)) {
      work->queued = read_answer(*earlier);
      work->replayed = true;
      return;
    }
  }
  work->awaited = is_awaited(*work, transaction.database());
  outbox.append(transaction, entry, {}, {});
  work->entry = entry.id;
  work->queued = queued_answer(work->request, entry.id);
  if (entry.app_key) outbox.keep_answer(transaction, entry.sequence, print_answer(work->queued));
  if (!work->awaited) return;
  context_.synchronizer.awaited().add(
      entry.id, store.principal().id,
      queue::Waiter(asked_of(work->request),
                    [self = *this, work](const queue::Told& told) { self.tell(*work, told); }));
}

bool OpaqueWrite::is_awaited(const Work& work, cache::Database& database) const {
  if (context_.connectivity.offline() || work.request.preferences.respond_async) return false;
  return context_.rest.write_wait.count() > 0 &&
         context_.synchronizer.flows(*work.request.rest.store, database);
}

void OpaqueWrite::finish(const std::shared_ptr<Work>& work, const std::exception_ptr& fault) const {
  queue::Synchronizer& synchronizer = context_.synchronizer;
  if (fault) {
    if (work->awaited) synchronizer.awaited().cancel(work->entry);
    return work->respond(fault_response(fault, *context_.logger));
  }
  if (work->awaited) {
    const auto& asked = work->request.preferences.wait;
    synchronizer.awaited().arm(
        work->entry, asked ? std::chrono::milliseconds(*asked) : context_.rest.write_wait);
    return context_.workers.post(
        [&synchronizer, store = work->request.rest.store] { synchronizer.send_now(*store); });
  }
  if (!work->replayed) synchronizer.wake_dispatcher();
  work->respond(std::move(work->queued));
}

void OpaqueWrite::tell(const Work& work, const queue::Told& told) const {
  if (!told.answer) {
    context_.synchronizer.wake_dispatcher();
    return work.respond(work.queued);
  }
  const auto answer = response_for(*told.answer, work.request.reason);
  const auto& store = work.request.rest.store;
  if (answer.status < 300 && work.request.rest.request.headers.contains("Idempotency-Key")) {
    store->writer().submit(
        cache::Writer::Priority::kClient,
        [store, id = work.entry, text = print_answer(answer)](cache::Transaction& transaction) {
          queue::Outbox outbox(store->overlay());
          const auto entry = outbox.find(transaction.database(), id);
          if (entry) outbox.keep_answer(transaction, entry->sequence, text);
        },
        [](const std::exception_ptr&) {});
  }
  context_.synchronizer.wake_puller(store->principal().id);
  work.respond(answer);
}

}  // namespace holdfast::routes
