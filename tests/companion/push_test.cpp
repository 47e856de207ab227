#include <algorithm>

#include "tests/companion/fixture.h"

namespace holdfast::companion {
namespace {

class PushTest : public CompanionTest {
 protected:
  // The same event twice at a time: the first ends by `end` while the second is under way. Whether
  // the second waited, and its status.
  static std::string race(const std::string& end) {
    const std::string server =
        "'host=127.0.0.1 user=postgres port=" + std::to_string(cluster_->port()) +
        " dbname=" + database_ + "'";
    const std::string push = "$q$select public.holdfast_push($e$[" + insertion(1, "raced") +
                             "]$e$)->'results'->0->>'status'$q$";
    std::string sql = "create extension dblink;";
    for (const std::string name : {"'first'", "'second'"}) {
      sql +=
          "do $do$ begin perform dblink_connect(" + name + ", " + server +
          "); perform dblink_exec(" + name +
          ", $q$set role authenticated$q$); perform dblink_exec(" + name +
          R"(, $q$set request.jwt.claims = '{"sub":"ann","role":"authenticated"}'$q$); end $do$;)";
    }
    sql +=
        "do $do$ begin perform dblink_exec('first', 'begin');"
        " perform * from dblink('first', " +
        push + ") as t(status text); perform dblink_send_query('second', " + push +
        "); perform pg_sleep(0.2); end $do$;"
        "create temporary table seen as select dblink_is_busy('second') as busy;"
        "do $do$ begin perform dblink_exec('first', '" +
        end +
        "'); end $do$;"
        "select busy, t.status from seen, dblink_get_result('second') as t(status text)";
    std::string answer = query(sql);
    std::replace(answer.begin(), answer.end(), '|', ' ');
    return answer;
  }
};

TEST_F(PushTest, PoisonAmongGoodOnesFailsAlone) {
  EXPECT_EQ(push("ann",
                 insertion(1, "one") + "," + insertion(2, "one") + "," + insertion(3, "three") +
                     "," + event(4, "insert", "items", R"("rows":[{"name":null}])") + "," +
                     insertion(5, "five"),
                 "concat_ws(' ', r->>'status', r->>'code')"),
            "201\n409 23505\n201\n400 23502\n201");
  EXPECT_EQ(query("select count(*) from items"), "3");
  // What failed left no key behind: the same key may try again.
  run("delete from items where name = 'one'");
  EXPECT_EQ(push("ann", insertion(2, "one")), "201");
}

// Rows that refer to a refused one are not to meet the row of somebody else that is there instead.
TEST_F(PushTest, WhatDependsOnARefusedEventIsNotTried) {
  const auto depending = [](int number, const std::string& name) {
    return event(number, "insert", "items", R"("depends":true,"rows":[{"name":")" + name + "\"}]");
  };
  const std::string events = insertion(1, "one") + "," + depending(2, "two") + "," +
                             insertion(3, "one") + "," + depending(4, "four") + "," +
                             insertion(5, "five") + "," +
                             event(6, "update", "items",
                                   R"("depends":true,"set":{"note":"x"},)"
                                   R"("match":[{"key":{"id":1}}])");
  EXPECT_EQ(push("ann", events, "concat_ws(' ', r->>'status', r->>'code')"),
            "201\n201\n409 23505\n400 HF424\n201\n400 HF424");
  EXPECT_EQ(query("select string_agg(name, ' ' order by name) from items"), "five one two");
  // It left no key behind.
  EXPECT_EQ(push("ann", depending(4, "four")), "201");
}

// Where every row has the key that was given for it, nothing more than the event tells it again.
TEST_F(PushTest, ARepeatedInsertWithItsOwnKeysIsAnsweredWithItsRows) {
  run("create table keyed (id uuid primary key, name text); grant all on keyed to authenticated");
  const auto id = [](int number) { return key(number).substr(4); };
  const auto keyed = [&](int number) {
    return event(
        number, "insert", "keyed",
        R"("rows":[{"id":")" + id(number) + R"(","name":"n)" + std::to_string(number) + "\"}]");
  };
  EXPECT_EQ(push("ann", keyed(1) + "," + keyed(2)), "201\n201");
  EXPECT_EQ(query("select count(*) from holdfast.applied where result is null"), "2");
  EXPECT_EQ(push("ann", keyed(1) + "," + keyed(2),
                 "concat_ws(' ', r->>'replayed', r->'rows'->0->>'name')"),
            "true n1\ntrue n2");
  run("delete from keyed where name = 'n1'");
  EXPECT_EQ(push("ann", keyed(1), "concat_ws(' ', r->>'replayed', r->>'rows')"), "true");
}

TEST_F(PushTest, RepeatIsAnsweredWithWhatItDid) {
  const std::string reading = event(1, "insert", "readings", R"("rows":[{"value":1.50}])");
  EXPECT_EQ(push("ann", reading, "r->'rows'->0->>'id'"), "1");
  EXPECT_EQ(push("ann", reading, "concat_ws(' ', r->>'replayed', r->'rows'->0->>'id')"), "true 1");
  EXPECT_EQ(query("select count(*) from readings"), "1");
}

TEST_F(PushTest, NeighbouringInsertsAreOneStatementWithAnOutcomeForEach) {
  const std::string events = event(1, "insert", "readings", R"("rows":[{"value":1}])") + "," +
                             event(2, "insert", "readings", R"("rows":[{"value":2},{"value":3}])") +
                             "," + event(3, "insert", "readings", R"("rows":[{"value":4}])");
  const std::string values =
      "(select string_agg(w->>'value', ' ') from json_array_elements(r->'rows') w)";
  EXPECT_EQ(push("ann", events, values), "1\n2 3\n4");
  EXPECT_EQ(query("select count(distinct cmin::text) from readings"), "1");
  EXPECT_EQ(push("ann", events, "concat_ws(' ', r->>'replayed', " + values + ")"),
            "true 1\ntrue 2 3\ntrue 4");
}

TEST_F(PushTest, TriggerForEachStatementRunsForEachEvent) {
  run("create function count_statement() returns trigger language plpgsql security definer as"
      " $$ begin insert into public.effects(name) values ('statement'); return null; end $$;"
      "create trigger counted after insert on readings for each statement"
      " execute function count_statement()");
  push("ann", event(1, "insert", "readings", R"("rows":[{"value":1}])") + "," +
                  event(2, "insert", "readings", R"("rows":[{"value":2}])"));
  EXPECT_EQ(query("select count(*) from effects where name = 'statement'"), "2");
}

TEST_F(PushTest, ConcurrentDuplicateWaitsAndTakesNoEffect) {
  EXPECT_EQ(race("commit"), "1 200");
  EXPECT_EQ(effects("raced"), "INSERT");
}

TEST_F(PushTest, DuplicateOfAnAbortedFirstGoesThrough) {
  EXPECT_EQ(race("rollback"), "1 201");
  EXPECT_EQ(effects("raced"), "INSERT");
}

TEST_F(PushTest, KeyIsGoodForOneRequest) {
  push("ann", insertion(1, "first"));
  EXPECT_EQ(push("ann", insertion(1, "second"), "concat_ws(' ', r->>'status', r->>'code')"),
            "422 PT422");
  EXPECT_EQ(effects("second"), "");
}

TEST_F(PushTest, OtherUsersKeyIsAnotherKey) {
  EXPECT_EQ(push("ann", insertion(1, "ann's")), "201");
  EXPECT_EQ(push("bob", insertion(1, "bob's")), "201");
  EXPECT_EQ(query("select string_agg(owner, ' ' order by owner) from items"), "ann bob");
}

TEST_F(PushTest, RowSecurityDecidesForEachEvent) {
  EXPECT_EQ(push("ann",
                 event(1, "insert", "items", R"("rows":[{"name":"a","owner":"bob"}])") + "," +
                     insertion(2, "b"),
                 "concat_ws(' ', r->>'status', r->>'code')"),
            "403 42501\n201");
  push("bob", insertion(3, "c"));
  const std::string id = query("select id from items where name = 'c'");
  EXPECT_EQ(push("ann",
                 event(4, "update", "items",
                       R"("set":{"name":"taken"},"match":[{"key":{"id":")" + id + "\"}}]"),
                 "concat_ws(' ', r->>'status', r->>'code', r->>'rows')"),
            "409 HF409 []");
  EXPECT_EQ(effects("taken"), "");
}

TEST_F(PushTest, TablesOutsideTheServedSchemasAndGrantsAreRefused) {
  EXPECT_EQ(
      push("ann",
           event(1, "insert", "secrets", R"("rows":[{"id":1}])") + "," + R"({"key":")" + key(2) +
               R"(","op":"insert","schema":"holdfast","table":"settings","rows":[{"name":"x"}]})",
           "r->>'code'"),
      "42501\n42P01");
}

// Whoever has the public key may call it: what it keeps of a call is short, and of something.
TEST_F(PushTest, WhatACallerLeavesBehindIsBounded) {
  const auto code = [&](const std::string& event) {
    return push("ann", event, "concat_ws(' ', r->>'status', r->>'code')");
  };
  EXPECT_EQ(code(event(1, "update", "items", R"("set":{},"match":[])")), "400 PT400");
  EXPECT_EQ(code(event(1, "delete", "items", R"("match":{})")), "400 PT400");
  EXPECT_EQ(query("select count(*) from holdfast.applied"), "0");
  std::string long_print = insertion(2, "x");
  long_print.insert(1, R"("fingerprint":")" + std::string(5000, 'f') + "\",");
  EXPECT_EQ(code(long_print), "201");
  EXPECT_EQ(query("select max(length(fingerprint)) from holdfast.applied"), "128");
}

// SET CONSTRAINTS names only what the caller may reach.
TEST_F(PushTest, ADeferredConstraintOfAClosedSchemaIsNoneOfItsConcern) {
  run("create schema closed; create table closed.a (id int primary key deferrable initially "
      "deferred)");
  EXPECT_EQ(push("ann", insertion(1, "x") + "," + insertion(2, "y"), "r->>'status'"), "201\n201");
}

TEST_F(PushTest, UpdateTakesEffectOnlyOnTheRowAsItWas) {
  push("ann", event(1, "insert", "items",
                    R"("rows":[{"name":"v","price":12.50,"details":{"b":1,"a":2}}])"));
  const std::string id = query("select id from items");
  const auto update = [&](int number, const std::string& set, const std::string& base) {
    return event(
        number, "update", "items",
        "\"set\":" + set + R"(,"match":[{"key":{"id":")" + id + R"("},"base":)" + base + "}]");
  };
  EXPECT_EQ(push("ann",
                 update(2, R"({"price":13,"version":2})",
                        R"({"version":1,"price":12.50,"details":{"b":1,"a":2}})") +
                     "," + update(3, R"({"price":14})", R"({"version":1})"),
                 "concat_ws(' ', r->>'status', r->>'code', r->'rows'->0->>'price')"),
            "200 13.00\n409 HF409 13.00");
}

TEST_F(PushTest, AnUpsertLeavesWhatOthersHaveChangedOfARowThatItKnew) {
  push("ann", insertion(1, "x") + "," + insertion(2, "y"));
  const std::string x = query("select id from items where name = 'x'");
  const std::string y = query("select id from items where name = 'y'");
  const auto upsert = [&](int number, const std::string& base_of_y) {
    const auto row = [](const std::string& id, const char* price) {
      return R"({"id":")" + id + R"(","name":")" + (price[0] == '1' ? "x" : "y") + R"(","price":)" +
             price + "}";
    };
    const auto match = [](const std::string& id, const std::string& base) {
      return R"({"key":{"id":")" + id + R"("},"base":)" + base + "}";
    };
    return event(number, "upsert", "items",
                 "\"rows\":[" + row(x, "1") + "," + row(y, "2") + R"(],"match":[)" +
                     match(x, R"({"price":null})") + "," + match(y, base_of_y) + "]");
  };
  const char* outcome = "concat_ws(' ', r->>'status', r->>'code', json_array_length(r->'rows'))";
  EXPECT_EQ(push("ann", upsert(3, R"({"price":7})"), outcome), "409 HF409 2");
  EXPECT_EQ(query("select count(*) from items where price is null"), "2");
  // What it does not name, others may have changed.
  run("update items set version = 5");
  EXPECT_EQ(push("ann", upsert(4, R"({"price":null})"), outcome), "201 2");
  // A repetition is answered with what it did.
  EXPECT_EQ(push("ann", upsert(4, R"({"price":null})"), outcome), "200 2");
  // What others have deleted is told, too.
  run("delete from items where name = 'y'; update items set price = null where name = 'x'");
  EXPECT_EQ(push("ann", upsert(5, R"({"price":null})"), outcome), "409 HF409 1");
  EXPECT_EQ(query("select count(*), sum(price) from items"), "1|");
  const std::string link = R"("rows":[{"id":")" + y + R"(","name":"y"}],"match":[{"key":{"id":")" +
                           y + R"("},"base":{}}])";
  EXPECT_EQ(push("ann", event(6, "upsert", "items", link), outcome), "409 HF409 0");
}

TEST_F(PushTest, AnUpsertByAnotherColumnDoesNotMeetARowThatHasAnotherValueThereNow) {
  push("ann", insertion(1, "x"));
  const std::string id = query("select id from items");
  run("update items set name = 'renamed'");
  EXPECT_EQ(push("ann", event(2, "upsert", "items",
                              R"("on_conflict":["name"],"rows":[{"name":"x","price":5}],"match":)"
                              R"([{"key":{"id":")" +
                                  id + R"("},"base":{"name":"x","price":null}}])")),
            "201");
  EXPECT_EQ(query("select string_agg(name || coalesce(price::text, '-'), ' ' order by name)"
                  " from items"),
            "renamed- x5.00");
}

TEST_F(PushTest, RowsOfOneEventAreAllOrNothing) {
  push("ann", insertion(1, "x") + "," + insertion(2, "y"));
  const std::string x = query("select id from items where name = 'x'");
  const std::string y = query("select id from items where name = 'y'");
  const std::string matches = R"("match":[{"key":{"id":")" + x + R"("},"base":{"version":1}},)" +
                              R"({"key":{"id":")" + y + R"("},"base":{"version":9}}])";
  EXPECT_EQ(push("ann", event(3, "update", "items", "\"set\":{\"price\":1}," + matches)), "409");
  EXPECT_EQ(push("ann", event(4, "delete", "items", matches)), "409");
  EXPECT_EQ(query("select count(*) from items where price is null"), "2");
}

TEST_F(PushTest, DeletionOfARowThatIsGoneIsDone) {
  EXPECT_EQ(push("ann", event(1, "delete", "items",
                              R"("match":[{"key":{"id":"00000000-0000-4000-8000-000000000000"},)"
                              R"("base":{"version":1}}])")),
            "200");
}

TEST_F(PushTest, DeletionOfAChangedRowThatIsReadInPartIsAConflict) {
  run("create table wages(id integer primary key, name text, amount integer);"
      "grant select (id, name), delete on wages to authenticated;"
      "insert into wages values (1, 'ann', 5)");
  const auto removal = [](int key, const std::string& name) {
    return event(key, "delete", "wages",
                 R"("match":[{"key":{"id":1},"base":{"name":")" + name + R"("}}])");
  };
  EXPECT_EQ(push("ann", removal(1, "bob"), "concat_ws(' ', r->>'status', r->>'code')"),
            "409 HF409");
  EXPECT_EQ(push("ann", removal(2, "ann")), "200");
  EXPECT_EQ(query("select count(*) from wages"), "0");
}

TEST_F(PushTest, InsertIntoATableThatMayNotBeReadIsApplied) {
  run("create table inbox(id integer primary key, body text);"
      "alter table inbox enable row level security; grant insert on inbox to authenticated;"
      "create policy drop_in on inbox for insert to authenticated with check (true)");
  const std::string letter = event(1, "insert", "inbox", R"("rows":[{"id":1,"body":"b"}])");
  EXPECT_EQ(push("ann", letter, "concat_ws(' ', r->>'status', r->>'rows')"), "201");
  EXPECT_EQ(push("ann", letter, "r->>'replayed'"), "true");
  EXPECT_EQ(query("select count(*) from inbox"), "1");
}

TEST_F(PushTest, DeferredConstraintsFailTheirOwnEvent) {
  run("create table parents(id integer primary key);"
      "create table children(id integer primary key,"
      " parent integer references parents deferrable initially deferred);"
      "grant all on parents, children to authenticated");
  EXPECT_EQ(push("ann",
                 event(1, "insert", "children", R"("rows":[{"id":1,"parent":7}])") + "," +
                     event(2, "insert", "parents", R"("rows":[{"id":8}])") + "," +
                     event(3, "insert", "children", R"("rows":[{"id":2,"parent":8}])"),
                 "concat_ws(' ', r->>'status', r->>'code')"),
            "409 23503\n201\n201");
}

TEST_F(PushTest, RowsOfAWriteThatTheHookNotedAreFoundAgain) {
  run("begin; " +
      as("ann", "set local request.headers = '{\"idempotency-key\":\"" + key(1) +
                    "\",\"x-holdfast-fingerprint\":\"f\"}'; select holdfast.pre_request();"
                    "insert into readings(value) values (7); commit"));
  EXPECT_EQ(push("ann", event(1, "insert", "readings", R"("fingerprint":"f","rows":[{"value":7}])"),
                 "concat_ws(' ', r->>'replayed', r->'rows'->0->>'id')"),
            "true 1");
  EXPECT_EQ(query("select count(*) from readings"), "1");
}

TEST_F(PushTest, AskingWhetherAKeyIsKnownHasNoEffect) {
  const std::string asked = event(
      1, "insert", "items", R"("only_if_known":true,"fingerprint":"f","rows":[{"name":"q"}])");
  EXPECT_EQ(push("ann", asked, "r->>'code'"), "HF404");
  EXPECT_EQ(query("select count(*) from items"), "0");
  push("ann", event(1, "insert", "items", R"("fingerprint":"f","rows":[{"name":"q"}])"));
  EXPECT_EQ(push("ann", asked, "r->>'replayed'"), "true");
}

// Hard case 25: a journal's end, where nobody who has the device can change it.
TEST_F(PushTest, AJournalsHeadOnlyGoesForward) {
  const auto head = [](int number, const char* mac) {
    return R"({"key":")" + key(900 + number) + R"(","op":"head","device":"till","number":)" +
           std::to_string(number) + R"(,"mac":")" + mac + "\"}";
  };
  const char* kept = "(r->'value'->>'number') || ' ' || (r->'value'->>'mac')";
  EXPECT_EQ(push("ann", head(7, "a"), kept), "7 a");
  EXPECT_EQ(push("ann", head(9, "b"), kept), "9 b");
  EXPECT_EQ(push("ann", head(8, "c"), kept), "9 b");
  EXPECT_EQ(push("ann", head(9, "d"), kept), "9 b");
  EXPECT_EQ(push("bob", head(1, "e"), kept), "1 e") << "each has his own";
}

TEST_F(PushTest, NothingIsEverRaisedAsASerializationFailure) {
  run("create function clash() returns trigger language plpgsql as"
      " $$ begin raise sqlstate '40001'; end $$;"
      "create trigger clash before insert on readings for each row execute function clash()");
  EXPECT_EQ(
      push("ann",
           event(1, "insert", "readings", R"("rows":[{"value":1}])") + "," + insertion(2, "after"),
           "concat_ws(' ', r->>'status', r->>'code')"),
      "500 40001\n201");
}

}  // namespace
}  // namespace holdfast::companion
