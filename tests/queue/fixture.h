#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "cache/replica/temporary_ids.h"
#include "gateway/base/ids.h"
#include "queue/bare_delivery.h"
#include "queue/dispatcher.h"
#include "queue/outbox.h"
#include "tests/cache/replica/sample.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace holdfast::queue {

// Tokens that a test gives and takes.
class FakeCredentials final : public upstream::CredentialSource {
 public:
  std::optional<upstream::Credentials> credentials_for(const http::Principal&) override {
    return current;
  }
  void refuse(const http::Principal&, const upstream::Credentials&) override {
    ++refused;
    current.reset();
  }

  std::optional<upstream::Credentials> current = upstream::Credentials{"sb_publishable_test", ""};
  int refused = 0;
};

// One principal's store and queue before a scripted upstream.
class QueueTest : public ::testing::Test {
 protected:
  // Whatever a test does: an entry has the time of its end when it has ended, and only then.
  void TearDown() override {
    auto reader = sample_.store().reader();
    cache::Statement statement(*reader,
                               "SELECT count(*) FROM hf_outbox WHERE (ended_at IS NOT NULL)"
                               " <> (state IN ('acknowledged', 'resolved', 'dead', 'discarded'))");
    statement.step();
    EXPECT_EQ(statement.integer(0), 0);
  }

  static std::string key(int id) { return "{\"id\":" + std::to_string(id) + "}"; }
  static http::Headers json() { return {{"Content-Type", "application/json; charset=utf-8"}}; }
  static std::string error(const std::string& code, const std::string& message = "no") {
    return R"({"code":")" + code + R"(","details":null,"hint":null,"message":")" + message + "\"}";
  }
  // What PostgREST gives back of a row of todos.
  static std::string todo(int id, const std::string& title, const std::string& done = "false",
                          const std::string& list = "null") {
    return "{\"id\":" + std::to_string(id) + ",\"list_id\":" + list + ",\"title\":\"" + title +
           "\",\"done\":" + done + ",\"price\":null,\"updated_at\":\"2026-11-21T12:00:00+00:00\"}";
  }
  void answer(int status, const std::string& body) { upstream_.push(status, body, json()); }

  // Computes and queues one write as the routes do; its sequence.
  std::int64_t enqueue(const cache::sample::Request& request) {
    auto computed = cache::sample::compute(sample_, request);
    if (!std::holds_alternative<cache::Changes>(computed)) {
      ADD_FAILURE() << "the write cannot be queued";
      return 0;
    }
    auto& changes = std::get<cache::Changes>(computed);
    Entry entry = entry_for(request, changes);
    sample_.write([&](cache::Transaction& transaction) {
      outbox().append(transaction, entry, changes.effects, changes.references,
                      changes.former_references);
      cache::TemporaryIds::remember(transaction, entry.sequence, sample_.table(request.table),
                                    changes.temporary_ids);
    });
    return entry.sequence;
  }
  std::int64_t insert(const std::string& table, const std::string& row) {
    return enqueue({cache::Operation::kInsert, table, "", row});
  }
  // Of a row whose key the upstream makes.
  std::int64_t insert_keyless(const std::string& table, const std::string& rows) {
    cache::sample::Request request{cache::Operation::kInsert, table, "", rows};
    request.temporary_ids = true;
    return enqueue(request);
  }
  std::int64_t update(const std::string& table, int id, const std::string& changes) {
    return enqueue({cache::Operation::kUpdate, table, "id=eq." + std::to_string(id), changes});
  }
  std::int64_t erase(const std::string& table, int id) {
    return enqueue({cache::Operation::kDelete, table, "id=eq." + std::to_string(id)});
  }

  // A call of a function that [rpc] queue lists; its sequence.
  std::int64_t enqueue_call(const std::string& name, const std::string& arguments = "{}") {
    Entry call;
    call.id = new_ordered_uuid(clock_.now());
    call.relation = "public." + name;
    call.operation = "call";
    call.method = "POST";
    call.target = "/rest/v1/rpc/" + name;
    call.headers = "{}";
    call.body = arguments;
    call.idempotency_key = "hf1:" + new_uuid();
    call.created_at = clock_.now();
    sample_.write(
        [&](cache::Transaction& transaction) { outbox().append(transaction, call, {}, {}); });
    return call.sequence;
  }

  Outbox outbox() { return Outbox(sample_.overlay()); }
  Entry entry(std::int64_t sequence) {
    auto reader = sample_.store().reader();
    cache::Statement statement(*reader, "SELECT id FROM hf_outbox WHERE sequence=?1");
    statement.bind(1, sequence).step();
    return outbox().find(*reader, std::string(statement.text(0))).value();
  }
  std::string state(std::int64_t sequence) { return name_of(entry(sequence).state); }
  void expect_state(std::int64_t sequence, const std::string& expected) {
    EXPECT_EQ(state(sequence), expected) << entry(sequence).last_error;
  }

  Dispatcher dispatcher() {
    return {delivery_,      credentials_, options_, tables_, clock_, [this] { return random_; },
            silent_logger()};
  }
  DrainOutcome drain(bool force = false) { return dispatcher().drain(sample_.store(), force); }
  // "POST /rest/v1/todos" of each call, without its query.
  std::vector<std::string> calls() {
    std::vector<std::string> lines;
    for (const auto& call : upstream_.calls()) {
      lines.push_back(call.method + " " + call.target.substr(0, call.target.find('?')));
    }
    return lines;
  }

  cache::sample::Sample sample_;
  support::FakeUpstream upstream_;
  cache::ReplicaOptions tables_;
  BareDelivery delivery_{upstream_, tables_};
  support::ManualClock clock_{cache::sample::noon()};
  FakeCredentials credentials_;
  DispatcherOptions options_;
  double random_ = 1.0;

 private:
  Entry entry_for(const cache::sample::Request& request, const cache::Changes& changes) {
    const cache::Table& table = sample_.table(request.table);
    Entry entry;
    entry.id = new_ordered_uuid(clock_.now());
    entry.relation = cache::relation_of(table);
    entry.headers = R"({"Content-Type":"application/json","Content-Profile":"public"})";
    entry.role = "anon";
    entry.claims = "{}";
    entry.idempotency_key = "hf1:" + new_uuid();
    entry.created_at = clock_.now();
    entry.minted_key = changes.minted_key;
    entry.target = "/rest/v1/" + request.table;
    if (request.operation == cache::Operation::kInsert) {
      entry.operation = request.resolution == cache::Resolution::kNone ? "insert" : "upsert";
      entry.method = "POST";
      entry.body = changes.body;
      if (request.resolution == cache::Resolution::kMergeDuplicates) {
        entry.headers.pop_back();
        entry.headers += R"(,"Prefer":"resolution=merge-duplicates"})";
      }
      return entry;
    }
    const bool deletion = request.operation == cache::Operation::kDelete;
    entry.operation = deletion ? "delete" : "update";
    entry.method = deletion ? "DELETE" : "PATCH";
    if (!deletion) entry.body = request.body;
    std::vector<std::string> keys;
    for (const auto& effect : changes.effects) {
      if (!effect.consequence && effect.kind != cache::EffectKind::kInsert) {
        keys.push_back(effect.key);
      }
    }
    entry.target += "?" + cache::key_filter(table, keys);
    return entry;
  }
};

}  // namespace holdfast::queue
