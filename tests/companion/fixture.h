#pragma once

#include <gtest/gtest.h>

#include <string>

#include "gateway/cli/companion_sql.h"
#include "tests/support/postgres.h"

namespace holdfast::companion {

// A database with the companion, two users and a few tables. One server for all tests.
class CompanionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new test::PostgresCluster();
    cluster_->run(
        "create role anon nologin; create role authenticated nologin;"
        "create role service_role nologin bypassrls; create role authenticator nologin");
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }

  void SetUp() override {
    database_ = "test_" + std::to_string(++databases_);
    cluster_->create_database(database_);
    run(R"sql(
      create table items(id uuid primary key default gen_random_uuid(), name text not null unique,
                         owner text not null default current_setting('request.jwt.claims')::json->>'sub',
                         price numeric(10,2), details json, version integer not null default 1);
      create table readings(id bigint generated always as identity primary key, value numeric);
      create table effects(id bigint generated always as identity, name text, operation text);
      create table secrets(id integer primary key);
      create function note() returns trigger language plpgsql security definer as
        $$ begin insert into public.effects(name, operation) values (coalesce(new.name, old.name), tg_op);
           return null; end $$;
      create trigger note after insert or update or delete on items
        for each row execute function note();
      grant all on items, readings to authenticated, anon;
      alter table items enable row level security;
      create policy own on items for all to authenticated
        using (owner = current_setting('request.jwt.claims')::json->>'sub')
        with check (owner = current_setting('request.jwt.claims')::json->>'sub');
    )sql");
    install();
  }

  void install() { run(std::string(cli::companion_sql())); }
  static std::string run(const std::string& sql) { return cluster_->run(sql, database_); }

  // As the API runs a request of `subject`.
  static std::string as(const std::string& subject, const std::string& sql) {
    return "set local role authenticated; set local request.jwt.claims = '{\"sub\":\"" + subject +
           R"(","role":"authenticated"}'; )" + sql;
  }
  static std::string key(int number) {
    const std::string digits = std::to_string(number);
    return "hf1:00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
  }
  // An event of key(number): `rest` are its further members.
  static std::string event(int number, const std::string& operation, const std::string& table,
                           const std::string& rest) {
    return R"({"key":")" + key(number) + R"(","op":")" + operation +
           R"(","schema":"public","table":")" + table + "\"," + rest + "}";
  }
  static std::string insertion(int number, const std::string& name) {
    return event(number, "insert", "items", R"("rows":[{"name":")" + name + "\"}]");
  }
  static std::string push_sql(const std::string& events) {
    return "select public.holdfast_push($events$[" + events + "]$events$)->'results'";
  }
  // The results of a push as `subject`, with the query `what` over each result `r`, by line.
  static std::string push(const std::string& subject, const std::string& events,
                          const std::string& what = "r->>'status'") {
    return trimmed(
        run("begin; " + as(subject, "select " + what +
                                        " from json_array_elements((public.holdfast_push("
                                        "$events$[" +
                                        events + "]$events$))->'results') r; commit")));
  }
  static std::string trimmed(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  static std::string query(const std::string& sql) { return trimmed(run(sql)); }
  // What happened to the items of that name, in order.
  static std::string effects(const std::string& name) {
    return query("select string_agg(operation, ' ' order by id) from effects where name = '" +
                 name + "'");
  }

  inline static test::PostgresCluster* cluster_ = nullptr;
  inline static std::string database_;
  inline static int databases_ = 0;
};

}  // namespace holdfast::companion
