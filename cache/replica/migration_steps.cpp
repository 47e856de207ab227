#include "cache/replica/migration_steps.h"

namespace holdfast::cache {

const std::array<const char*, kPrincipalFileVersion> kMigrationSteps = {
    R"sql(
CREATE TABLE hf_meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- One row for each replicated relation, "schema.table".
CREATE TABLE hf_tables(
  relation TEXT PRIMARY KEY,
  signature TEXT NOT NULL,        -- of the columns that its replica table was made for
  complete INTEGER NOT NULL,      -- 1: the initial sync is done
  denied TEXT,                    -- the upstream's error body when the principal may not read it
  denied_status INTEGER,
  initial_key TEXT,               -- the last key that the initial sync has read
  cursor INTEGER,                 -- largest updated_at seen, microseconds since 2000-01-01
  pulls INTEGER NOT NULL DEFAULT 0,
  pulled_at INTEGER               -- Unix microseconds of the start of the last finished pull
) WITHOUT ROWID;

-- The upstream's image of each row with a pending write; NULL = the row is not there.
CREATE TABLE hf_pending_base(
  relation TEXT NOT NULL, key TEXT NOT NULL, image TEXT,
  PRIMARY KEY(relation, key)
) WITHOUT ROWID;

-- What the entries of the outbox do to rows, in order of (entry, ordinal).
CREATE TABLE hf_effects(
  entry INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  relation TEXT NOT NULL,
  key TEXT NOT NULL,
  kind INTEGER NOT NULL,
  changes TEXT NOT NULL,          -- JSON object of the columns that the request names
  row TEXT,                       -- inserts: the whole row as computed here
  base TEXT,                      -- the upstream's image when the entry was made
  consequence INTEGER NOT NULL,   -- 1: the upstream does it by itself
  active INTEGER NOT NULL,        -- 1 until the entry ends
  PRIMARY KEY(entry, ordinal)
) WITHOUT ROWID;
CREATE INDEX hf_effects_by_row ON hf_effects(relation, key, entry) WHERE active = 1;

-- The rows that an entry refers to by foreign key; its own rows are in hf_effects.
CREATE TABLE hf_references(
  entry INTEGER NOT NULL,
  relation TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY(relation, key, entry)
) WITHOUT ROWID;
CREATE INDEX hf_references_by_entry ON hf_references(entry);

-- Rows changed by an acknowledgement, for pages that were asked for before it.
CREATE TABLE hf_acknowledged_rows(
  relation TEXT NOT NULL,
  key TEXT NOT NULL,
  acknowledgement INTEGER NOT NULL,
  PRIMARY KEY(relation, key)
) WITHOUT ROWID;

-- Rows to read again by key.
CREATE TABLE hf_rereads(
  relation TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY(relation, key)
) WITHOUT ROWID;

CREATE TABLE hf_outbox(
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  relation TEXT NOT NULL,
  operation TEXT NOT NULL,
  method TEXT NOT NULL,
  target TEXT NOT NULL,
  headers TEXT NOT NULL,          -- JSON object; never Authorization or apikey
  body TEXT NOT NULL,
  role TEXT NOT NULL,
  claims TEXT NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE,
  app_key TEXT UNIQUE,            -- the Idempotency-Key that the app itself sent
  answer TEXT,                    -- what the app was answered, to be replayed for app_key
  created_at INTEGER NOT NULL,    -- Unix microseconds
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER,        -- Unix microseconds
  lost_answer INTEGER NOT NULL DEFAULT 0,
  minted_key INTEGER NOT NULL DEFAULT 0,
  last_status INTEGER,
  last_error TEXT,
  ended_at INTEGER
);
CREATE INDEX hf_outbox_open ON hf_outbox(sequence)
  WHERE state NOT IN ('acknowledged', 'resolved', 'dead', 'discarded');
CREATE INDEX hf_outbox_ended ON hf_outbox(state, ended_at);
)sql",
    R"sql(
-- The upstream's answers to reads that the replica cannot give.
CREATE TABLE hf_responses(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,       -- of the request and the caller's claims
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,          -- JSON array of [name, value]
  relations TEXT,                 -- JSON array of what it shows; NULL = not known
  own_writes INTEGER NOT NULL,    -- all entries up to this one were delivered when it was asked for
  run TEXT NOT NULL,              -- the process that forwarded_writes were counted in
  forwarded_writes INTEGER NOT NULL,
  kept_at INTEGER NOT NULL,       -- Unix microseconds
  used_at INTEGER NOT NULL,       -- Unix microseconds
  size INTEGER NOT NULL,          -- bytes of headers and body
  body TEXT NOT NULL
);
)sql",
    R"sql(
ALTER TABLE hf_outbox ADD COLUMN parent TEXT;  -- the id of the entry that it was split off from
CREATE INDEX hf_outbox_by_parent ON hf_outbox(parent) WHERE parent IS NOT NULL;
CREATE INDEX hf_outbox_by_state ON hf_outbox(state, sequence)
  WHERE state NOT IN ('acknowledged', 'resolved', 'dead', 'discarded');

-- Columns that were changed on both sides, rows that went, and what became of it.
CREATE TABLE hf_conflicts(
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,            -- open, resolved, reported
  entry TEXT,                     -- the outbox entry's id; NULL: no write of ours
  relation TEXT NOT NULL,
  key TEXT NOT NULL,
  operation TEXT NOT NULL,        -- insert, update, delete: ours
  strategy TEXT NOT NULL,
  columns TEXT NOT NULL,          -- JSON array of the columns that collided
  base TEXT,                      -- the images as JSON objects; NULL = the row is not there
  local TEXT,
  remote TEXT,
  reason TEXT NOT NULL,
  role TEXT NOT NULL,             -- whom ours was written as
  local_at INTEGER,               -- Unix microseconds
  remote_at INTEGER,              -- Unix microseconds, where the row says so
  detected_at INTEGER NOT NULL,   -- Unix microseconds
  choice TEXT,                    -- local, remote, merged
  resolved_by TEXT,               -- policy, person
  resolved_at INTEGER             -- Unix microseconds
);
CREATE INDEX hf_conflicts_by_entry ON hf_conflicts(entry);
CREATE INDEX hf_conflicts_open ON hf_conflicts(sequence) WHERE state = 'open';

-- Its effect, if there is one, left its key with the upstream's companion.
ALTER TABLE hf_outbox ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0;
)sql",
    R"sql(
-- Every change of an entry's or a conflict's state, chained: each record's mac covers the one
-- before. Made by the triggers below in the transaction of the change, sealed before its commit.
CREATE TABLE hf_journal(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER,                     -- Unix microseconds; NULL until it is sealed
  event TEXT NOT NULL,            -- created, state, changed, forgotten, conflict, decided, note
  subject TEXT NOT NULL,          -- the entry's or conflict's id
  was TEXT,
  became TEXT,
  content TEXT,                   -- SHA-256 of what the entry sends, hexadecimal
  mac TEXT                        -- HMAC-SHA-256, hexadecimal
);
CREATE INDEX hf_journal_unsealed ON hf_journal(number) WHERE mac IS NULL;
CREATE INDEX hf_journal_by_subject ON hf_journal(subject, number);

-- What was cut off the beginning of the journal.
CREATE TABLE hf_journal_segments(
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  count INTEGER NOT NULL,
  head TEXT NOT NULL,             -- the mac of its last record
  mac TEXT NOT NULL               -- over all of this and the segment before
);

CREATE TRIGGER hf_journal_created AFTER INSERT ON hf_outbox BEGIN
  INSERT INTO hf_journal(event, subject, became) VALUES('created', new.id, new.state);
END;
CREATE TRIGGER hf_journal_state AFTER UPDATE OF state ON hf_outbox
    WHEN old.state IS NOT new.state BEGIN
  INSERT INTO hf_journal(event, subject, was, became)
    VALUES('state', new.id, old.state, new.state);
END;
CREATE TRIGGER hf_journal_changed
    AFTER UPDATE OF method, target, headers, body, role, claims, idempotency_key ON hf_outbox
    WHEN old.idempotency_key IS NOT new.idempotency_key OR old.body IS NOT new.body
      OR old.target IS NOT new.target OR old.method IS NOT new.method
      OR old.headers IS NOT new.headers OR old.role IS NOT new.role
      OR old.claims IS NOT new.claims BEGIN
  INSERT INTO hf_journal(event, subject) VALUES('changed', new.id);
END;
CREATE TRIGGER hf_journal_forgotten AFTER DELETE ON hf_outbox BEGIN
  INSERT INTO hf_journal(event, subject, was) VALUES('forgotten', old.id, old.state);
END;
CREATE TRIGGER hf_journal_conflict AFTER INSERT ON hf_conflicts BEGIN
  INSERT INTO hf_journal(event, subject, became) VALUES('conflict', new.id, new.state);
END;
CREATE TRIGGER hf_journal_decided AFTER UPDATE OF state ON hf_conflicts
    WHEN old.state IS NOT new.state BEGIN
  INSERT INTO hf_journal(event, subject, was, became)
    VALUES('decided', new.id, old.state, new.state || ' ' || ifnull(new.choice, ''));
END;
)sql",
    R"sql(
-- Negative ids that stand for keys which only the upstream makes; kept for ever, so that an app
-- that has one still finds the row.
CREATE TABLE hf_temporary_ids(
  relation TEXT NOT NULL,
  temporary INTEGER NOT NULL,
  entry INTEGER NOT NULL,         -- the outbox entry that inserts the row
  position INTEGER NOT NULL,      -- of the row in its request
  real INTEGER,                   -- NULL until the upstream has told it
  PRIMARY KEY(relation, temporary)
) WITHOUT ROWID;
CREATE INDEX hf_temporary_ids_by_entry ON hf_temporary_ids(entry) WHERE real IS NULL;
)sql",
    R"sql(
-- The largest key that was there before an insert was sent whose keys the upstream makes; empty:
-- there was no row; '-': its rows may not be seen; NULL: it was not sent like this yet.
ALTER TABLE hf_outbox ADD COLUMN noted_key TEXT;
-- The claims of its writer that decide what it says, JSON object; '' = none but the role.
ALTER TABLE hf_outbox ADD COLUMN write_claims TEXT NOT NULL DEFAULT '';
-- 1: a person has let it go although claims have changed.
ALTER TABLE hf_outbox ADD COLUMN released INTEGER NOT NULL DEFAULT 0;
-- What a delivered call gave back, JSON.
ALTER TABLE hf_outbox ADD COLUMN result TEXT;

-- The rows that this device has sent to append-only tables, chained: each hash covers the one
-- before of the same table.
CREATE TABLE hf_row_chains(
  relation TEXT NOT NULL,
  number INTEGER NOT NULL,
  entry TEXT NOT NULL,            -- the id of the entry that sent it
  content TEXT NOT NULL,          -- the row as it was sent, JSON object
  at INTEGER NOT NULL,            -- Unix microseconds of the write
  hash TEXT NOT NULL,             -- SHA-256, hexadecimal
  PRIMARY KEY(relation, number)
) WITHOUT ROWID;
)sql",
    R"sql(
ALTER TABLE hf_tables ADD COLUMN recheck INTEGER NOT NULL DEFAULT 0;  -- 1: to be compared soon
ALTER TABLE hf_tables ADD COLUMN scrubbed_at INTEGER;  -- Unix microseconds: every row was compared
ALTER TABLE hf_tables ADD COLUMN expected INTEGER;     -- rows upstream as the initial sync began
ALTER TABLE hf_tables ADD COLUMN synced INTEGER;       -- rows that the initial sync has read
ALTER TABLE hf_tables ADD COLUMN last_error TEXT;      -- of the last pull
ALTER TABLE hf_tables ADD COLUMN added TEXT;           -- JSON array: columns still to be filled in

-- Parts of tables in which the upstream's log shows a change, to be compared.
CREATE TABLE hf_blocks(
  relation TEXT NOT NULL,
  block TEXT NOT NULL,
  PRIMARY KEY(relation, block)
) WITHOUT ROWID;

-- Upstream rows that cannot be stored here; while there is one, its table's reads are forwarded.
CREATE TABLE hf_unreadable(
  relation TEXT NOT NULL,
  key TEXT NOT NULL,              -- '' where the key cannot be read either
  reason TEXT NOT NULL,
  PRIMARY KEY(relation, key)
) WITHOUT ROWID;
)sql",
    R"sql(
-- The conditions that its rows were read under, as in a request's query; '' = none.
ALTER TABLE hf_tables ADD COLUMN scope TEXT NOT NULL DEFAULT '';
-- 1: the image is what our own acknowledged write should have made; it is still to be read.
ALTER TABLE hf_pending_base ADD COLUMN presumed INTEGER NOT NULL DEFAULT 0;
)sql",
    R"sql(
-- What limits its rows beside the scope (print_limits() in store.cpp).
ALTER TABLE hf_tables ADD COLUMN limits TEXT NOT NULL DEFAULT '';
-- 1: rows that are marked as deleted are upstream and not here.
ALTER TABLE hf_tables ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
)sql",
    R"sql(
-- Each write pays for every index: what is still open is in none that only ended entries need.
DROP INDEX hf_outbox_ended;
CREATE INDEX hf_outbox_ended ON hf_outbox(state, ended_at) WHERE ended_at IS NOT NULL;
DROP INDEX hf_journal_unsealed;
)sql",
    R"sql(
-- active = 2: of a dead letter. Every later write looks whether one of them would have made a row
-- that it needs.
CREATE INDEX hf_effects_of_dead ON hf_effects(relation, key) WHERE active = 2;
UPDATE hf_effects SET active=2 WHERE entry IN (
  SELECT sequence FROM hf_outbox WHERE state='dead' AND ended_at IS NOT NULL);
)sql",
    R"sql(
-- Each write pays for every index: what few entries are looked for by is in none that all are in.
-- SQLite takes no UNIQUE back, so the table is made anew.
CREATE TABLE hf_outbox_again(
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  relation TEXT NOT NULL,
  operation TEXT NOT NULL,
  method TEXT NOT NULL,
  target TEXT NOT NULL,
  headers TEXT NOT NULL,          -- JSON object; never Authorization or apikey
  body TEXT NOT NULL,
  role TEXT NOT NULL,
  claims TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,  -- first_key() of the id, unless the app or a new content gave one
  app_key TEXT,                   -- the Idempotency-Key that the app itself sent
  answer TEXT,                    -- what the app was answered, to be replayed for app_key
  created_at INTEGER NOT NULL,    -- Unix microseconds
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER,        -- Unix microseconds
  lost_answer INTEGER NOT NULL DEFAULT 0,
  minted_key INTEGER NOT NULL DEFAULT 0,
  last_status INTEGER,
  last_error TEXT,
  ended_at INTEGER,
  parent TEXT,
  keyed INTEGER NOT NULL DEFAULT 0,
  noted_key TEXT,
  write_claims TEXT NOT NULL DEFAULT '',
  released INTEGER NOT NULL DEFAULT 0,
  result TEXT
);
INSERT INTO sqlite_sequence(name, seq)
  SELECT 'hf_outbox_again', seq FROM sqlite_sequence WHERE name='hf_outbox';
INSERT INTO hf_outbox_again SELECT sequence, id, relation, operation, method, target, headers, body,
  role, claims, idempotency_key, app_key, answer, created_at, state, attempts, next_attempt_at,
  lost_answer, minted_key, last_status, last_error, ended_at, parent, keyed, noted_key, write_claims,
  released, result FROM hf_outbox ORDER BY sequence;
DROP TABLE hf_outbox;
ALTER TABLE hf_outbox_again RENAME TO hf_outbox;
CREATE UNIQUE INDEX hf_outbox_by_key ON hf_outbox(idempotency_key)
  WHERE idempotency_key<>'hf1:' || id;
CREATE UNIQUE INDEX hf_outbox_by_app_key ON hf_outbox(app_key) WHERE app_key IS NOT NULL;
CREATE INDEX hf_outbox_by_parent ON hf_outbox(parent) WHERE parent IS NOT NULL;
CREATE INDEX hf_outbox_ended ON hf_outbox(state, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX hf_outbox_open ON hf_outbox(sequence, state)
  WHERE state NOT IN ('acknowledged', 'resolved', 'dead', 'discarded');
CREATE INDEX hf_outbox_apart ON hf_outbox(state, sequence)
  WHERE state NOT IN ('queued', 'acknowledged', 'resolved', 'dead', 'discarded');

CREATE TRIGGER hf_journal_created AFTER INSERT ON hf_outbox BEGIN
  INSERT INTO hf_journal(event, subject, became) VALUES('created', new.id, new.state);
END;
CREATE TRIGGER hf_journal_state AFTER UPDATE OF state ON hf_outbox
    WHEN old.state IS NOT new.state BEGIN
  INSERT INTO hf_journal(event, subject, was, became)
    VALUES('state', new.id, old.state, new.state);
END;
CREATE TRIGGER hf_journal_changed
    AFTER UPDATE OF method, target, headers, body, role, claims, idempotency_key ON hf_outbox
    WHEN old.idempotency_key IS NOT new.idempotency_key OR old.body IS NOT new.body
      OR old.target IS NOT new.target OR old.method IS NOT new.method
      OR old.headers IS NOT new.headers OR old.role IS NOT new.role
      OR old.claims IS NOT new.claims BEGIN
  INSERT INTO hf_journal(event, subject) VALUES('changed', new.id);
END;
CREATE TRIGGER hf_journal_forgotten AFTER DELETE ON hf_outbox BEGIN
  INSERT INTO hf_journal(event, subject, was) VALUES('forgotten', old.id, old.state);
END;
)sql",
    // A list of more than two constants is made into a table of its own each time that a statement
    // looks at it, and each insert looks at the conditions of all indexes. What has ended has the
    // time of its end.
    R"sql(
DROP INDEX hf_outbox_open;
DROP INDEX hf_outbox_apart;
UPDATE hf_outbox SET ended_at=NULL
  WHERE state NOT IN ('acknowledged', 'resolved', 'dead', 'discarded') AND ended_at IS NOT NULL;
UPDATE hf_outbox SET ended_at=created_at
  WHERE state IN ('acknowledged', 'resolved', 'dead', 'discarded') AND ended_at IS NULL;
CREATE INDEX hf_outbox_open ON hf_outbox(sequence, state) WHERE ended_at IS NULL;
CREATE INDEX hf_outbox_apart ON hf_outbox(state, sequence)
  WHERE ended_at IS NULL AND state<>'queued';
)sql",
    // Requests that were forwarded under a key of the app's; answer: NULL until one has come.
    R"sql(
CREATE TABLE hf_forwarded_keys(
  app_key TEXT NOT NULL PRIMARY KEY,
  request TEXT NOT NULL,
  at INTEGER NOT NULL,
  answer TEXT
) WITHOUT ROWID;
CREATE INDEX hf_forwarded_keys_by_age ON hf_forwarded_keys(at);
)sql",
    // The content of a record covers more of an entry than before, and both sides of a conflict.
    R"sql(
CREATE TRIGGER hf_journal_effect AFTER UPDATE OF key, kind, changes ON hf_effects BEGIN
  INSERT INTO hf_journal(event, subject) SELECT 'changed', id FROM hf_outbox WHERE sequence=new.entry;
END;
DROP TRIGGER hf_journal_conflict;
CREATE TRIGGER hf_journal_conflict AFTER INSERT ON hf_conflicts BEGIN
  INSERT INTO hf_journal(event, subject, became)
    VALUES('conflict', new.id, trim(new.state || ' ' || ifnull(new.choice, '')));
END;
INSERT INTO hf_journal(event, subject) SELECT 'changed', id FROM hf_outbox;
INSERT INTO hf_journal(event, subject, became)
  SELECT 'conflict', id, trim(state || ' ' || ifnull(choice, '')) FROM hf_conflicts;
)sql",
    // former: the entry's row refers to it no more.
    R"sql(
ALTER TABLE hf_references ADD COLUMN former INTEGER NOT NULL DEFAULT 0;
)sql"};

}  // namespace holdfast::cache
