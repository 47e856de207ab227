#include "routes/opaque_write.h"

#include <nlohmann/json.hpp>

#include "cache/replica/temporary_ids.h"
#include "gateway/base/ids.h"
#include "queue/outbox.h"
#include "routes/error_response.h"
#include "routes/forwarder.h"
#include "routes/kept_answer.h"
#include "routes/old_ids.h"
#include "routes/profile.h"
#include "routes/table_rules.h"
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
  const auto type = request.rest.request.headers.find("Content-Type");
  nlohmann::json headers = {
      {"Content-Type", std::string(type.value_or("application/json"))},
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
  entry.idempotency_key = queue::idempotency_key(entry.id);
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
  http::Response queued;
  bool awaited = false;
  // Instead of an entry of its own: the answer, or the entry that the same Idempotency-Key has made
  // and whose app is not answered yet.
  std::optional<http::Response> answer = std::nullopt;
  std::string repeats = {};
};

void OpaqueWrite::handle(OpaqueRequest request, http::Respond respond) const {
  submit(std::make_shared<Work>(Work{std::move(request), std::move(respond), {}, {}}));
}

void OpaqueWrite::submit(const std::shared_ptr<Work>& work) const {
  auto& writer = work->request.rest.store->writer();
  writer.submit(
      cache::Writer::Priority::kClient,
      [self = *this, work](cache::Transaction& transaction) { self.write(transaction, work); },
      [self = *this, work](const std::exception_ptr& fault) { self.finish(work, fault); });
}

void OpaqueWrite::write(cache::Transaction& transaction, const std::shared_ptr<Work>& work) const {
  work->answer.reset();
  work->repeats.clear();
  cache::Store& store = *work->request.rest.store;
  queue::Outbox outbox(store.overlay());
  queue::Entry entry = entry_of(work->request, context_.clock.now());
  const http::Request& request = work->request.rest.request;
  if (auto earlier = find_repetition(context_, transaction.database(), request)) {
    work->answer = std::move(earlier->answer);
    work->repeats = std::move(earlier->awaited);
    return;
  }
  if (auto error = refuse_full_queue(transaction.database(), context_.rest.queue_limit)) {
    work->answer = error_response(*error);
    return;
  }
  cache::TemporaryIds::Named named;
  const cache::TemporaryIds ids(store.overlay());
  if (auto body = ids.resolve(transaction.database(), entry.body, named)) {
    entry.body = *std::move(body);
  }
  if (auto target = with_real_ids(transaction.database(), ids, entry.target, named)) {
    entry.target = *std::move(target);
  }
  if (auto refused = refuse_ids(context_, store, named)) {
    work->answer = error_response(*refused);
    return;
  }
  // As it came it names ids that only this gateway knows.
  work->awaited = !named.any && is_awaited(*work, transaction.database());
  outbox.append(transaction, entry, {}, named.rows);
  work->entry = entry.id;
  work->queued = queued_answer(work->request, entry.id);
  if (entry.app_key) {
    outbox.keep_answer(transaction, entry.sequence, print_answer(work->queued, request));
  }
  if (!work->awaited) return;
  context_.synchronizer.awaited().add(
      entry.id, store.principal().id,
      queue::Waiter(asked_of(work->request),
                    [self = *this, work](const queue::Told& told) { self.tell(work, told); }));
}

bool OpaqueWrite::is_awaited(const Work& work, cache::Database& database) const {
  if (context_.connectivity.offline() || work.request.preferences.respond_async) return false;
  if (context_.rest.write_wait.count() == 0) return false;
  cache::Store& store = *work.request.rest.store;
  if (context_.synchronizer.flows(store, database)) return true;
  // Nor does it wait for what is there for a person.
  return context_.synchronizer.rests(store, database) &&
         !queue::Outbox(store.overlay()).any_in(database, queue::State::kBlocked);
}

void OpaqueWrite::finish(const std::shared_ptr<Work>& work, const std::exception_ptr& fault) const {
  queue::Synchronizer& synchronizer = context_.synchronizer;
  if (fault) {
    if (work->awaited) synchronizer.awaited().cancel(work->entry);
    return work->respond(fault_response(fault, *context_.logger));
  }
  if (work->answer) return work->respond(*std::move(work->answer));
  if (!work->repeats.empty()) {
    const std::string entry = work->repeats;
    const auto again = [self = *this, work] { self.submit(work); };
    if (!synchronizer.awaited().follow(entry, again)) again();
    return;
  }
  if (work->awaited) {
    const auto& asked = work->request.preferences.wait;
    synchronizer.awaited().arm(
        work->entry, asked ? std::chrono::milliseconds(*asked) : context_.rest.write_wait);
    return context_.workers.post(
        [&synchronizer, store = work->request.rest.store] { synchronizer.send_now(*store); });
  }
  synchronizer.wake_dispatcher();
  work->respond(std::move(work->queued));
}

void OpaqueWrite::tell(const std::shared_ptr<Work>& work, const queue::Told& told) const {
  if (!told.answer) {
    context_.synchronizer.wake_dispatcher();
    return work->respond(work->queued);
  }
  const auto answer = response_for(*told.answer, work->request.reason);
  const auto& store = work->request.rest.store;
  context_.synchronizer.wake_puller(store->principal().id);
  if (answer.status >= 300) return work->respond(answer);
  keep_upstream_answer(store, work->entry, answer, work->request.rest.request,
                       [work, answer] { work->respond(answer); });
}

}  // namespace holdfast::routes
