-- Holdfast's companion: what a person may install in the upstream's database, so that every write
-- of a gateway takes effect exactly once and a full queue drains quickly. PostgreSQL 13 or newer,
-- as the owner of the database: psql -1 -f holdfast.sql, the SQL editor, or
-- `holdfast companion install`.
--
-- Run it again at any time: what is there already stays as it is. `select holdfast_uninstall()`
-- takes everything away. It makes the schema holdfast, five functions in the served schema
-- (holdfast_push(), holdfast_changes(), holdfast_digest(), holdfast_catalog() and
-- holdfast_uninstall()) and on each served table two triggers, which log what changed.

create schema if not exists holdfast;
-- Every role of the API runs the hook; the tables stay closed to all of them. Functions name
-- pg_temp in their search_path, last: left out, types of a session's own would be found first.
grant usage on schema holdfast to public;

create table if not exists holdfast.settings (
  name text primary key,
  value text not null
);

-- The idempotency keys whose writes took effect: a key commits with its write, or neither does.
create table if not exists holdfast.applied (
  subject text not null,     -- whose: one user can never probe another's keys
  key uuid not null,
  fingerprint text not null, -- of the request: a key is good for one
  result json,               -- what holdfast_push() answers to a repeat; null: noted by the hook
  transaction xid8 not null default pg_catalog.pg_current_xact_id(),
  at timestamptz not null default pg_catalog.now(),
  primary key (subject, key)
);
create index if not exists applied_at on holdfast.applied (at);

alter table holdfast.settings enable row level security;
alter table holdfast.applied enable row level security;

insert into holdfast.settings (name, value) values
  ('schemas', '{public}'),   -- served by the API, the default one first
  ('keep_keys', '90 days'),  -- longer than any device is offline
  ('keep_changes', '14 days'), -- a gateway that comes later compares its tables
  ('next_hook', ''),         -- the db_pre_request function that was there before
  ('lineage', pg_catalog.gen_random_uuid()::text)
on conflict (name) do nothing;
insert into holdfast.settings (name, value) values ('version', '12')
on conflict (name) do update set value = excluded.value where settings.value <> excluded.value;

create or replace function holdfast.setting(wanted text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (select value from holdfast.settings
          where name = wanted and wanted in ('schemas', 'version'));
end $$;

-- Whose request this is: the token's subject, else its role.
create or replace function holdfast.subject() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  claims constant json := nullif(pg_catalog.current_setting('request.jwt.claims', true), '');
begin
  return case when claims ->> 'sub' <> '' then 'sub:' || (claims ->> 'sub')
    else 'role:' || coalesce(claims ->> 'role', pg_catalog.current_setting('role')) end;
end $$;

-- Notes a key in the transaction of its write. Not fresh: it was noted before, with this result. A
-- second request with a key waits here until the first has committed or failed.
create or replace function holdfast.claim_key(
  wanted uuid, wanted_fingerprint text, out fresh boolean, out result json, out transaction xid8)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  owner constant text := holdfast.subject();
  -- As long as any digest, and no longer than what a caller may leave here.
  print constant text := pg_catalog.left(wanted_fingerprint, 128);
  noted holdfast.applied;
begin
  insert into holdfast.applied (subject, key, fingerprint)
    values (owner, wanted, print)
    on conflict (subject, key) do nothing;
  fresh := found;
  if fresh then return; end if;
  select * into noted from holdfast.applied where subject = owner and key = wanted;
  if noted.fingerprint <> print then
    raise sqlstate 'PT422' using message = 'this Idempotency-Key was used for another request',
      hint = 'holdfast: key reused';
  end if;
  result := noted.result;
  transaction := noted.transaction;
end $$;

-- Only for a key that this transaction has claimed.
create or replace function holdfast.keep_result(claimed uuid, outcome json) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update holdfast.applied set result = outcome
  where subject = holdfast.subject() and key = claimed
    and transaction = pg_catalog.pg_current_xact_id()
$$;

-- Forgets old keys, many at a time, now and then: on average as many as a call may bring.
create or replace function holdfast.sweep() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if pg_catalog.random() > 0.05 then return; end if;
  -- By their places: a join would read the whole table.
  delete from holdfast.applied where ctid = any (array(
    select ctid from holdfast.applied
    where at < pg_catalog.now() - (
      select value::interval from holdfast.settings where name = 'keep_keys')
    order by at limit 2000 for update skip locked));
end $$;

-- The hook's part: notes the key of a single write that a gateway sends as its app made it.
create or replace function holdfast.note_request() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  headers constant json := nullif(pg_catalog.current_setting('request.headers', true), '')::json;
  key constant text := headers ->> 'idempotency-key';
  claimed record;
begin
  if key is null or key !~ '^hf1:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then return; end if;
  claimed := holdfast.claim_key(pg_catalog.substr(key, 5)::uuid,
    coalesce(headers ->> 'x-holdfast-fingerprint', pg_catalog.md5(pg_catalog.concat_ws(' ',
      pg_catalog.current_setting('request.method', true),
      pg_catalog.current_setting('request.path', true)))));
  if claimed.fresh then
    perform holdfast.sweep();
    return;
  end if;
  raise sqlstate 'PT409' using message = 'already applied', hint = 'holdfast: already applied',
    detail = coalesce(claimed.result::text, '');
end $$;

-- The function that the API calls as this hook, quoted, if it is there: without arguments, and
-- where no schema is named in a served one, or where this session finds it.
create or replace function holdfast.hook_named(hook text) returns text
language sql stable as $$
  select pg_catalog.format('%I.%I', nspname, proname)
  from pg_catalog.pg_proc
  join pg_catalog.pg_namespace on pg_namespace.oid = pronamespace
  cross join (select pg_catalog.replace(hook, '"', '') as plain) as given
  cross join (
    select (select value from holdfast.settings where name = 'schemas')::text[] || 'public'::text
           || pg_catalog.current_schemas(false)::text[] as schemas) as path
  where prokind = 'f' and pronargs = pronargdefaults
    and case when plain like '%.%' then plain = pg_catalog.concat(nspname, '.', proname)
        else plain = proname and nspname = any (schemas) end
  order by pg_catalog.array_position(schemas, nspname::text) limit 1
$$;

-- The API has one db_pre_request function; one that was there before is called first, as it was.
do $install$
declare
  present text;
  earlier text;
  call text := '';
begin
  select pg_catalog.substr(setting, 22) into present
  from pg_catalog.pg_db_role_setting
  cross join lateral pg_catalog.unnest(setconfig) as setting
  where setrole = (select oid from pg_catalog.pg_roles where rolname = 'authenticator')
    and setdatabase in (0, (select oid from pg_catalog.pg_database
                            where datname = pg_catalog.current_database()))
    and setting like 'pgrst.db\_pre\_request=%'
  order by setdatabase desc limit 1;
  present := pg_catalog.btrim(coalesce(present, ''), ' "');
  if present not in ('', 'holdfast.pre_request') then
    update holdfast.settings set value = present where name = 'next_hook' and value <> present;
  end if;
  select value into earlier from holdfast.settings where name = 'next_hook';
  if earlier <> '' then
    call := '  perform ' || holdfast.hook_named(earlier) || E'();\n';
    if call is null and (present <> 'holdfast.pre_request' or exists (
         select from pg_catalog.pg_proc where proname = pg_catalog.regexp_replace(
           pg_catalog.replace(earlier, '"', ''), '.*\.', ''))) then
      raise exception 'the API''s hook % is not found', earlier
        using hint = 'It may check requests. Say its schema in pgrst.db_pre_request, or reset that; '
          'if this function is installed already, in holdfast.settings, "next_hook".';
    elsif call is null then
      raise warning 'the hook % is no longer there, and not called', earlier;
      call := '';
    else
      update holdfast.settings set value = holdfast.hook_named(earlier) where name = 'next_hook'
        and value not like '%.%';
    end if;
  end if;
  execute pg_catalog.format($create$
create or replace function holdfast.pre_request() returns void language plpgsql as $hook$
begin
%s  -- holdfast_push() says by this whether the API calls the hook.
  perform pg_catalog.set_config('holdfast.hook', 'on', true);
  if pg_catalog.current_setting('transaction_read_only') = 'on' then return; end if;
  if pg_catalog.strpos(pg_catalog.current_setting('request.headers', true), 'hf1:') > 0 then
    perform holdfast.note_request();
  end if;
end $hook$ $create$, call);
  if present = 'holdfast.pre_request' then return; end if;
  if not exists (select from pg_catalog.pg_roles where rolname = 'authenticator') then
    raise notice 'no role authenticator: set db-pre-request = holdfast.pre_request in PostgREST';
    return;
  end if;
  execute pg_catalog.format('alter role authenticator in database %I set pgrst.db_pre_request = %L',
    pg_catalog.current_database(), 'holdfast.pre_request');
exception when insufficient_privilege then
  raise warning 'may not set db_pre_request of the role authenticator: %', sqlerrm;
end $install$;

-- ---------------------------------------------------------------------------------------------
-- holdfast_push(): many writes in one request, each with its own savepoint, key and outcome. It
-- runs as its caller: grants, row security and triggers decide as for a single request.

create or replace function holdfast.http_status(code text) returns integer
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case
    when code = '42501' then case holdfast.subject() when 'role:anon' then 401 else 403 end
    when code ~ '^PT[0-9]{3}$' then pg_catalog.substr(code, 3)::integer
    when code in ('23503', '23505') then 409
    when code in ('42883', '42P01') then 404
    when code in ('42P17', '53400') then 500
    when code = '57P01' then 503
    when code = '25006' then 405
    when code = 'P0001' then 400
    when pg_catalog.left(code, 2) in ('08', '53') then 503
    when pg_catalog.left(code, 2) in ('0L', '0P', '28') then 403
    when pg_catalog.left(code, 2) in
      ('09', '25', '2D', '38', '39', '3B', '40', '54', '55', '57', '58', 'F0', 'HV', 'P0', 'XX')
      then 500
    else 400 end
$$;

-- A served table of the event, quoted; 42P01 for anything else.
create or replace function holdfast.table_of(event json) returns regclass
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  found_table regclass;
begin
  select relation.oid into found_table
  from pg_catalog.pg_class relation
  join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
  where namespace.nspname = event ->> 'schema' and relation.relname = event ->> 'table'
    and relation.relkind in ('r', 'p', 'f', 'v')
    and namespace.nspname = any (holdfast.setting('schemas')::text[]);
  if found_table is null then
    raise undefined_table using message = pg_catalog.format('%s.%s is no served table',
      event ->> 'schema', event ->> 'table');
  end if;
  return found_table;
end $$;

-- Pieces of statements over the columns `names` of a table: `pattern` is given the quoted column as
-- 1$ and its type as 2$.
create or replace function holdfast.column_list(relation regclass, names text[], pattern text,
                                                separator text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  list text;
  known integer;
begin
  select pg_catalog.string_agg(pg_catalog.format(pattern, pg_catalog.quote_ident(attname),
           pg_catalog.format_type(atttypid, atttypmod)), separator order by place),
         pg_catalog.count(*)
    into list, known
  from pg_catalog.unnest(names) with ordinality as wanted (name, place)
  join pg_catalog.pg_attribute
    on attrelid = relation and attname = wanted.name and attnum > 0 and not attisdropped;
  if known <> pg_catalog.cardinality(names) then
    raise undefined_column using message = pg_catalog.format(
      'one of the columns %s is not in %s', pg_catalog.array_to_string(names, ', '), relation);
  end if;
  return coalesce(list, '');
end $$;

-- What is called for each event is PL/pgSQL, which plans a query once and not for each call.
create or replace function holdfast.texts(list json) returns text[]
language plpgsql immutable as $$
begin
  return array(select pg_catalog.json_array_elements_text(list));
end $$;

create or replace function holdfast.members(object json) returns text[]
language plpgsql immutable as $$
begin
  return array(select distinct name from pg_catalog.json_object_keys(object) as name order by name);
end $$;

-- The columns that an insert names; without a list of them, those of its first row.
create or replace function holdfast.named_columns(event json) returns text[]
language plpgsql immutable as $$
begin
  return case when event -> 'columns' is null then holdfast.members(event -> 'rows' -> 0)
              else holdfast.texts(event -> 'columns') end;
end $$;

create or replace function holdfast.key_columns(relation regclass) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select pg_catalog.array_agg(attname::text order by place)
          from pg_catalog.pg_constraint
          cross join lateral pg_catalog.unnest(conkey) with ordinality as part (number, place)
          join pg_catalog.pg_attribute on attrelid = conrelid and attnum = part.number
          where conrelid = relation and contype = 'p');
end $$;

-- Runs a statement that changes rows; `rows` are those that it gave back.
create or replace function holdfast.write_rows(
  statement text, given json, matches json, returning_rows boolean,
  out changed bigint, out rows json)
language plpgsql as $$
begin
  if returning_rows then
    execute 'with hf_written as (' || statement || ' returning hf_row.*)'
      ' select pg_catalog.count(*),'
      ' coalesce(pg_catalog.json_agg(pg_catalog.row_to_json(hf_written.*)), ''[]'')'
      ' from hf_written' into changed, rows using given, matches;
  else
    execute statement using given, matches;
    get diagnostics changed = row_count;
  end if;
end $$;

create or replace function holdfast.conflict_clause(relation regclass, event json, names text[])
returns text language plpgsql stable as $$
declare
  target text[] := case when event -> 'on_conflict' is null then holdfast.key_columns(relation)
                        else holdfast.texts(event -> 'on_conflict') end;
begin
  if event ->> 'op' <> 'upsert' or coalesce(pg_catalog.cardinality(target), 0) = 0 then
    return '';
  end if;
  return ' on conflict (' || holdfast.column_list(relation, target, '%1$s', ', ') || ') do ' || case
    when event ->> 'resolution' = 'ignore' or pg_catalog.cardinality(names) = 0 then 'nothing'
    else 'update set ' || holdfast.column_list(relation, names, '%1$s = excluded.%1$s', ', ') end;
end $$;

create or replace function holdfast.insert_part(
  relation regclass, event json, names text[], part json, returning_rows boolean,
  out changed bigint, out rows json)
language plpgsql as $$
declare
  list constant text := holdfast.column_list(relation, names, '%1$s', ', ');
  source constant text := case when list = ''
    then 'select from pg_catalog.json_array_elements($1)'
    else 'select ' || list || ' from pg_catalog.json_to_recordset($1) as hf_new('
         || holdfast.column_list(relation, names, '%1$s %2$s', ', ') || ')' end;
begin
  select * into changed, rows from holdfast.write_rows(
    pg_catalog.format('insert into %s as hf_row ', relation)
    || case when list = '' then '' else '(' || list || ') ' end
    || case when list = '' and pg_catalog.json_array_length(part) = 1 then 'default values'
            else source end
    || holdfast.conflict_clause(relation, event, names), part, null, returning_rows);
end $$;

-- Rows with other members have other defaults where those of missing members are wanted. They are
-- inserted, and given back, in the order of the request: so are the keys counted.
create or replace function holdfast.insert_rows(
  relation regclass, event json, returning_rows boolean) returns json
language plpgsql as $$
declare
  names constant text[] := holdfast.named_columns(event);
  part record;
  written json;
  all_rows json[] := '{}';
  changed bigint;
begin
  if coalesce(event ->> 'missing', '') <> 'default' then
    select insert_part.rows into written
    from holdfast.insert_part(relation, event, names, event -> 'rows', returning_rows);
    return written;
  end if;
  for part in
    select present, pg_catalog.json_agg(item order by place) as rows
    from (select *, place - pg_catalog.row_number() over (partition by present order by place) as run
          from (select item, place,
                       (select coalesce(pg_catalog.array_agg(name order by name), '{}')
                        from pg_catalog.unnest(holdfast.members(item)) as name
                        where name = any (names)) as present
                from pg_catalog.json_array_elements(event -> 'rows')
                  with ordinality as one (item, place)) shaped) in_runs
    group by present, run order by pg_catalog.min(place)
  loop
    select insert_part.changed, insert_part.rows into changed, written
    from holdfast.insert_part(relation, event, part.present, part.rows, returning_rows);
    all_rows := all_rows || array(select pg_catalog.json_array_elements(written));
  end loop;
  return case when returning_rows then pg_catalog.array_to_json(all_rows) end;
end $$;

-- "from" and "where" over the event's matches $2: the rows with these keys that are still as they
-- were in `base`. Columns compare by their text, which all types have, once both have the type.
create or replace function holdfast.match_source(relation regclass, matches json) returns text
language plpgsql stable as $$
declare
  keys constant text[] := holdfast.members(matches -> 0 -> 'key');
begin
  -- The limit tells the planner how many there are: keys are looked up, not a table read for them.
  return '(select value from pg_catalog.json_array_elements($2)'
    || ' limit ' || pg_catalog.json_array_length(matches) || ') as hf_match'
    || ' cross join lateral pg_catalog.json_to_record(hf_match.value -> ''key'') as hf_key('
    || holdfast.column_list(relation, keys, '%1$s %2$s', ', ') || ')';
end $$;

create or replace function holdfast.match_condition(relation regclass, matches json) returns text
language plpgsql stable as $$
begin
  return holdfast.column_list(relation, holdfast.members(matches -> 0 -> 'key'),
                              'hf_row.%1$s = hf_key.%1$s', ' and ');
end $$;

create or replace function holdfast.same_condition(relation regclass, names text[]) returns text
language plpgsql stable as $$
begin
  if pg_catalog.cardinality(names) = 0 then return ''; end if;
  return ' and exists (select from pg_catalog.json_to_record(hf_match.value -> ''base'')'
    || ' as hf_base(' || holdfast.column_list(relation, names, '%1$s %2$s', ', ') || ') where '
    || holdfast.column_list(relation, names,
         'hf_row.%1$s::text is not distinct from hf_base.%1$s::text', ' and ') || ')';
end $$;

create or replace function holdfast.base_condition(relation regclass, matches json) returns text
language plpgsql stable as $$
begin
  return holdfast.same_condition(relation,
                                 holdfast.members(coalesce(matches -> 0 -> 'base', '{}')));
end $$;

-- The rows of the matches' keys as the caller sees them.
create or replace function holdfast.rows_at(relation regclass, matches json) returns json
language plpgsql stable as $$
declare
  rows json;
begin
  if coalesce(pg_catalog.json_array_length(matches), 0) = 0 then return '[]'; end if;
  execute pg_catalog.format(
    'select coalesce(pg_catalog.json_agg(pg_catalog.row_to_json(hf_row.*)), ''[]'')'
    ' from %s join %s as hf_row on %s', holdfast.match_source(relation, matches), relation,
    holdfast.match_condition(relation, matches)) into rows using null::json, matches;
  return rows;
end $$;

-- Keeps the rows that an upsert knew from others until it has written them; refuses it where others
-- have deleted one since, or changed it in what the upsert names. A row that has other values now in
-- the columns of the conflict it does not meet.
create or replace function holdfast.hold_rows(relation regclass, event json) returns void
language plpgsql as $$
declare
  matches constant json := event -> 'match';
  source constant text := pg_catalog.format('from %s join %s as hf_row on %s',
    holdfast.match_source(relation, matches), relation,
    holdfast.match_condition(relation, matches));
  met constant text := holdfast.same_condition(relation, array(
    select pg_catalog.json_array_elements_text(coalesce(event -> 'on_conflict', '[]'))
    intersect select pg_catalog.json_object_keys(matches -> 0 -> 'base')));
  overtaken boolean;
begin
  execute 'select ' || source || ' for no key update of hf_row' using null::json, matches;
  execute pg_catalog.format('select pg_catalog.count(*) <> pg_catalog.json_array_length($2)'
    ' or coalesce(pg_catalog.bool_or(true%s and not (true%s)), false) %s', met,
    holdfast.base_condition(relation, matches), source) into overtaken using null::json, matches;
  if overtaken then raise sqlstate 'HF409'; end if;
end $$;

-- Whether any of these rows is there, for a caller who may read its key and not all of it.
create or replace function holdfast.is_any_there(relation regclass, matches json) returns boolean
language plpgsql stable as $$
declare
  there boolean;
begin
  execute pg_catalog.format('select exists (select from %s join %s as hf_row on %s)',
    holdfast.match_source(relation, matches), relation,
    holdfast.match_condition(relation, matches)) into there using null::json, matches;
  return there;
end $$;

-- Whether rows of an event that compares them with nothing, and names rows that are there, were kept
-- from being written by a trigger, which then has done with them what it does.
create or replace function holdfast.were_withheld(relation regclass, op text, matches json)
returns boolean language plpgsql stable as $$
declare
  trigger_bits constant integer := 3 | case op when 'delete' then 8 else 16 end;
begin
  return matches -> 0 -> 'base' is null
    and exists (select from pg_catalog.pg_trigger
                where tgrelid = relation and not tgisinternal and tgenabled in ('O', 'A')
                  and tgtype & (trigger_bits | 64) = trigger_bits)
    and holdfast.is_any_there(relation, matches);
end $$;

create or replace function holdfast.update_rows(
  relation regclass, event json, returning_rows boolean) returns json
language plpgsql as $$
declare
  names constant text[] := case when event -> 'columns' is null
    then holdfast.members(event -> 'set') else holdfast.texts(event -> 'columns') end;
  matches constant json := event -> 'match';
  changed bigint;
  rows json;
begin
  if pg_catalog.cardinality(names) = 0 then return holdfast.rows_at(relation, matches); end if;
  select * into changed, rows from holdfast.write_rows(pg_catalog.format(
    'update %s as hf_row set %s from pg_catalog.json_to_record($1) as hf_new(%s), %s where %s%s',
    relation, holdfast.column_list(relation, names, '%1$s = hf_new.%1$s', ', '),
    holdfast.column_list(relation, names, '%1$s %2$s', ', '),
    holdfast.match_source(relation, matches), holdfast.match_condition(relation, matches),
    holdfast.base_condition(relation, matches)), event -> 'set', matches, returning_rows);
  if changed <> pg_catalog.json_array_length(matches)
     and not holdfast.were_withheld(relation, 'update', matches) then
    raise sqlstate 'HF409';
  end if;
  return rows;
end $$;

-- A row that is gone already is deleted as well.
create or replace function holdfast.delete_rows(
  relation regclass, event json, returning_rows boolean) returns json
language plpgsql as $$
declare
  matches constant json := event -> 'match';
  changed bigint;
  rows json;
begin
  select * into changed, rows from holdfast.write_rows(pg_catalog.format(
    'delete from %s as hf_row using %s where %s%s', relation,
    holdfast.match_source(relation, matches), holdfast.match_condition(relation, matches),
    holdfast.base_condition(relation, matches)),
    null, matches, returning_rows);
  if changed <> pg_catalog.json_array_length(matches)
     and holdfast.is_any_there(relation, matches)
     and not holdfast.were_withheld(relation, 'delete', matches) then
    raise sqlstate 'HF409';
  end if;
  return rows;
end $$;

-- Calls a served function by the names of its arguments, as the API does.
create or replace function holdfast.call_function(event json) returns json
language plpgsql as $$
declare
  names constant text[] := holdfast.members(coalesce(event -> 'args', '{}'));
  callee record;
  source text;
  answer json;
begin
  select function.oid, function.proretset, function.prorettype,
         pg_catalog.string_agg(pg_catalog.format('%I %s', parameter.name,
           pg_catalog.format_type(parameter.type, null)), ', ')
           filter (where parameter.name is not null) as types,
         pg_catalog.string_agg(
           pg_catalog.format('%1$I => hf_args.%1$I', parameter.name), ', ')
           filter (where parameter.name is not null) as list,
         pg_catalog.format('%I.%I', event ->> 'schema', function.proname) as name
    into callee
  from pg_catalog.pg_proc function
  left join lateral rows from (
      pg_catalog.unnest(function.proargnames),
      pg_catalog.unnest(coalesce(function.proallargtypes, function.proargtypes::oid[]))
    ) as parameter (name, type) on parameter.name = any (names)
  where function.pronamespace
        = pg_catalog.to_regnamespace(pg_catalog.quote_ident(event ->> 'schema'))
    and event ->> 'schema' = any (holdfast.setting('schemas')::text[])
    and function.proname = event ->> 'function' and function.prokind = 'f'
    and function.proname not like 'holdfast\_%'
    and names <@ coalesce(function.proargnames, '{}')
  group by function.oid
  order by function.pronargs limit 1;
  if callee.oid is null then
    raise undefined_function using message = pg_catalog.format(
      'there is no served function %s.%s with these arguments',
      event ->> 'schema', event ->> 'function');
  end if;
  source := case when callee.types is null then callee.name || '()' else
    'pg_catalog.json_to_record($1) as hf_args(' || callee.types || ') cross join lateral '
    || callee.name || '(' || callee.list || ')' end || ' as hf_row';
  execute case when callee.proretset
    then 'select coalesce(pg_catalog.json_agg(pg_catalog.to_json(hf_row)), ''[]'') from ' || source
    else 'select pg_catalog.to_json(hf_row) from ' || source end
    into answer using coalesce(event -> 'args', '{}');
  return case when callee.prorettype = 'void'::regtype then null else answer end;
end $$;

-- The keys of rows, to find them again: rows themselves would grow old.
create or replace function holdfast.keys_of(key_names text[], rows json) returns json
language sql immutable as $$
  select pg_catalog.json_agg(pg_catalog.json_build_object('key',
           (select pg_catalog.json_object_agg(name, item -> name)
            from pg_catalog.unnest(key_names) as name)))
  from pg_catalog.json_array_elements(rows) as item
  where key_names is not null
$$;

-- The rows that a transaction which the hook has noted inserted, unless they were changed since.
create or replace function holdfast.rows_of_transaction(relation regclass, wanted xid8) returns json
language plpgsql stable as $$
declare
  rows json;
begin
  execute pg_catalog.format(
    'select pg_catalog.json_agg(pg_catalog.row_to_json(hf_row.*)) from %s as hf_row'
    ' where hf_row.xmin = $1::xid', relation) into rows using wanted;
  return rows;
exception when others then
  return null;
end $$;

-- The rows of an insert whose result was not kept: at the keys that it gave.
create or replace function holdfast.rows_given(relation regclass, event json, noted xid8)
returns json language plpgsql stable as $$
declare
  key_names constant text[] := holdfast.key_columns(relation);
  rows json;
begin
  if key_names <@ holdfast.named_columns(event) then
    rows := holdfast.rows_at(relation, holdfast.keys_of(key_names, event -> 'rows'));
    if pg_catalog.json_array_length(rows) = pg_catalog.json_array_length(event -> 'rows') then
      return rows;
    end if;
  end if;
  return holdfast.rows_of_transaction(relation, noted);
end $$;

-- What a repeated event is answered: the outcome that was kept, with its rows as they are now.
create or replace function holdfast.replay(event json, kept json, noted xid8) returns json
language plpgsql stable as $$
declare
  relation regclass;
  rows json;
begin
  if event ->> 'op' = 'call' then
    return pg_catalog.json_build_object('key', event ->> 'key', 'status', 200, 'replayed', true,
                                        'value', kept -> 'value');
  end if;
  relation := holdfast.table_of(event);
  begin
    rows := case
      when event ->> 'op' = 'delete' then '[]'
      when event ->> 'op' = 'update' then holdfast.rows_at(relation, event -> 'match')
      when kept is null then holdfast.rows_given(relation, event, noted)
      when kept -> 'keys' is null or pg_catalog.json_typeof(kept -> 'keys') = 'null' then null
      else holdfast.rows_at(relation, kept -> 'keys') end;
  exception when insufficient_privilege then
    rows := null;
  end;
  return pg_catalog.json_build_object('key', event ->> 'key', 'status', 200, 'replayed', true,
                                      'rows', rows);
end $$;

-- The rows that an event watches, one for each, as they are: what it makes of them besides its own
-- rows lies between those before and those after it.
create or replace function holdfast.watched_rows(event json) returns json
language plpgsql stable as $$
declare
  watch json;
  rows json;
  seen json[] := '{}';
begin
  for watch in select value from pg_catalog.json_array_elements(event -> 'watch') loop
    begin
      rows := holdfast.rows_at(holdfast.table_of(watch), watch -> 'match');
    exception when insufficient_privilege or undefined_table then
      rows := '[]';
    end;
    seen := seen || pg_catalog.json_build_object('row', rows -> 0);
  end loop;
  return pg_catalog.array_to_json(seen);
end $$;

-- `deferred`: the constraints that wait for the transaction's end, where an event of its own would
-- have been checked at its end.
create or replace function holdfast.apply_event(event json, returning_rows boolean, deferred text)
returns json language plpgsql as $$
declare
  key constant uuid := pg_catalog.substr(event ->> 'key', 5)::uuid;
  op constant text := event ->> 'op';
  claimed record;
  relation regclass;
  rows json;
  before json;
begin
  claimed := holdfast.claim_key(key,
    coalesce(event ->> 'fingerprint', pg_catalog.md5(event::text)));
  if not claimed.fresh then
    return holdfast.replay(event, claimed.result, claimed.transaction);
  end if;
  if (event ->> 'only_if_known')::boolean then raise sqlstate 'HF404'; end if;
  if op = 'upsert' and event -> 'match' is not null then
    perform holdfast.hold_rows(holdfast.table_of(event), event);
  end if;
  if event -> 'watch' is not null then before := holdfast.watched_rows(event); end if;
  if op = 'call' then
    rows := holdfast.call_function(event);
    perform holdfast.keep_result(key, pg_catalog.json_build_object('value', rows));
  else
    relation := holdfast.table_of(event);
    rows := case op
      when 'insert' then holdfast.insert_rows(relation, event, returning_rows)
      when 'upsert' then holdfast.insert_rows(relation, event, returning_rows)
      when 'update' then holdfast.update_rows(relation, event, returning_rows)
      when 'delete' then holdfast.delete_rows(relation, event, returning_rows) end;
    if op in ('insert', 'upsert') then
      perform holdfast.keep_result(key,
        pg_catalog.json_build_object('keys', holdfast.keys_of(holdfast.key_columns(relation), rows)));
    end if;
  end if;
  if deferred <> '' then
    set constraints all immediate;
    execute 'set constraints ' || deferred || ' deferred';
  end if;
  if before is not null then
    return pg_catalog.json_build_object('key', event ->> 'key',
      'status', case when op in ('insert', 'upsert') then 201 else 200 end,
      case when op = 'call' then 'value' else 'rows' end, rows,
      'before', before, 'after', holdfast.watched_rows(event));
  end if;
  return pg_catalog.json_build_object('key', event ->> 'key',
    'status', case when op in ('insert', 'upsert') then 201 else 200 end,
    case when op = 'call' then 'value' else 'rows' end, rows);
end $$;

create or replace function holdfast.failure(
  event json, code text, message text, details text, hint text) returns json
language sql stable set search_path = pg_catalog, pg_temp as $$
  select pg_catalog.json_build_object('key', event ->> 'key', 'status', holdfast.http_status(code),
    'code', code, 'message', message, 'details', nullif(details, ''), 'hint', nullif(hint, ''))
$$;

-- The rows as they are, instead of as the event knew them.
create or replace function holdfast.mismatch(event json) returns json
language plpgsql stable as $$
declare
  rows json;
begin
  begin
    rows := holdfast.rows_at(holdfast.table_of(event), event -> 'match');
  exception when insufficient_privilege then
    rows := null;
  end;
  return pg_catalog.json_build_object('key', event ->> 'key', 'status', 409, 'code', 'HF409',
    'message', 'a row is not as it was', 'details', null, 'hint', null, 'rows', rows);
end $$;

-- The ends of devices' journals (hard to lose with the device): the latest that each has told.
create table if not exists holdfast.journal_heads (
  subject text not null,
  device text not null,
  number bigint not null,
  mac text not null,
  at timestamptz not null default pg_catalog.now(),
  primary key (subject, device)
);
alter table holdfast.journal_heads enable row level security;

-- What is kept afterwards: the given head, unless a later one, or another of its number, is there.
create or replace function holdfast.keep_head(of_device text, of_number bigint, of_mac text)
returns json language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  most_devices constant integer := 1000;
  kept holdfast.journal_heads;
begin
  if pg_catalog.length(of_device) > 128 or pg_catalog.length(of_mac) > 128 then
    raise sqlstate 'PT400' using message = 'a device''s name and its mac are short texts';
  end if;
  insert into holdfast.journal_heads as known (subject, device, number, mac)
    values (holdfast.subject(), of_device, of_number, of_mac)
    on conflict (subject, device) do update
      set number = excluded.number, mac = excluded.mac, at = pg_catalog.now()
      where known.number < excluded.number;
  delete from holdfast.journal_heads
    where subject = holdfast.subject() and device <> of_device and device in (
      select device from holdfast.journal_heads where subject = holdfast.subject()
      order by at desc offset most_devices);
  select * into kept from holdfast.journal_heads
    where subject = holdfast.subject() and device = of_device;
  return pg_catalog.json_build_object('number', kept.number, 'mac', kept.mac);
end $$;

-- Whether one of these outcomes is not of an event that is applied.
create or replace function holdfast.any_refused(outcomes json[]) returns boolean
language sql immutable as $$
  select exists (select from pg_catalog.unnest(outcomes) as outcome
                 where (outcome ->> 'status')::integer >= 400)
$$;

-- `refused`: an event before it in its call was, so that one that depends on those is not tried.
create or replace function holdfast.push_event(event json, deferred text, refused boolean)
returns json language plpgsql as $$
declare
  returning_rows boolean := true;
  code text;
  message text;
  details text;
  hint text;
begin
  if event ->> 'op' = 'head' and event ->> 'device' is not null then
    return pg_catalog.json_build_object('key', event ->> 'key', 'status', 200, 'value',
      holdfast.keep_head(event ->> 'device', (event ->> 'number')::bigint, event ->> 'mac'));
  end if;
  if coalesce(event ->> 'key', '') !~ '^hf1:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
     or coalesce(event ->> 'op', '') not in ('insert', 'upsert', 'update', 'delete', 'call') then
    return holdfast.failure(event, 'PT400', 'an event needs a key "hf1:" and a UUID, and an op',
                            '', '');
  end if;
  if event ->> 'op' in ('update', 'delete') and event #>> '{match,0}' is null then
    return holdfast.failure(event, 'PT400', 'an update or deletion needs the rows that it is for',
                            '', '');
  end if;
  if refused and (event ->> 'depends')::boolean then
    return holdfast.failure(event, 'HF424', 'an event that it may depend on was refused', '', '');
  end if;
  loop
    begin
      return holdfast.apply_event(event, returning_rows, deferred);
    exception
      when sqlstate 'HF409' then
        return holdfast.mismatch(event);
      when sqlstate 'HF404' then
        return pg_catalog.json_build_object('key', event ->> 'key', 'status', 404, 'code', 'HF404',
          'message', 'this key is not known', 'details', null, 'hint', null);
      when others then
        -- Where a policy lets a role write and not read, only giving the rows back is refused.
        if sqlstate <> '42501' or not returning_rows then
          get stacked diagnostics code = returned_sqlstate, message = message_text,
            details = pg_exception_detail, hint = pg_exception_hint;
          return holdfast.failure(event, code, message, details, hint);
        end if;
    end;
    returning_rows := false;
  end loop;
end $$;

-- Claims the keys of all events, or says that one of them is known.
create or replace function holdfast.claim_keys(events json[]) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  owner constant text := holdfast.subject();
  claimed bigint;
begin
  insert into holdfast.applied (subject, key, fingerprint)
    select owner, pg_catalog.substr(event ->> 'key', 5)::uuid,
           pg_catalog.left(coalesce(event ->> 'fingerprint', pg_catalog.md5(event::text)), 128)
    from pg_catalog.unnest(events) as event
    on conflict (subject, key) do nothing;
  get diagnostics claimed = row_count;
  return claimed = pg_catalog.cardinality(events);
end $$;

-- `outcomes`: each with the event's key and its rows.
create or replace function holdfast.keep_results(key_names text[], outcomes json[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update holdfast.applied
  set result = pg_catalog.json_build_object('keys', holdfast.keys_of(key_names, outcome -> 'rows'))
  from pg_catalog.unnest(outcomes) as outcome
  where subject = holdfast.subject() and key = pg_catalog.substr(outcome ->> 'key', 5)::uuid
    and transaction = pg_catalog.pg_current_xact_id()
$$;

-- Whether each row got the key that was given for it, so that its event tells it again.
create or replace function holdfast.has_given_keys(key_names text[], given json, written json)
returns boolean language sql immutable as $$
  select key_names is not null and not exists (
    select from pg_catalog.json_array_elements(given) with ordinality as asked (item, place)
    join pg_catalog.json_array_elements(written) with ordinality as made (item, place) using (place)
    cross join pg_catalog.unnest(key_names) as name
    where asked.item ->> name is distinct from made.item ->> name)
$$;

-- Inserts of one table as one statement. Whatever speaks against that is raised: then they go in
-- smaller parts, at last one by one.
create or replace function holdfast.insert_run(events json[], deferred text) returns json[]
language plpgsql as $$
declare
  relation constant regclass := holdfast.table_of(events[1]);
  key_names constant text[] := holdfast.key_columns(relation);
  names constant text[] := holdfast.named_columns(events[1]);
  given json;
  written json;
  rows json[];
  outcomes json[];
begin
  -- A trigger for each statement would run once for all.
  if exists (select from pg_catalog.pg_trigger
             where tgrelid = relation and not tgisinternal and tgtype & 1 = 0
               and tgname not in ('holdfast_changes', 'holdfast_parts', 'holdfast_truncated'))
     or not holdfast.claim_keys(events) then
    raise sqlstate 'HF404';
  end if;
  select pg_catalog.json_agg(item order by place, at) into given
  from pg_catalog.unnest(events) with ordinality as one (event, place)
  cross join lateral pg_catalog.json_array_elements(event -> 'rows')
    with ordinality as part (item, at);
  select insert_part.rows into written
  from holdfast.insert_part(relation, events[1], names, given, true);
  -- A trigger may have left out a row, and then nobody knows whose.
  if pg_catalog.json_array_length(written) <> pg_catalog.json_array_length(given) then
    raise sqlstate 'HF404';
  end if;
  rows := array(select pg_catalog.json_array_elements(written));
  select pg_catalog.array_agg(pg_catalog.json_build_object('key', key, 'status', 201,
           'rows', rows[last - count + 1:last]) order by place)
    into outcomes
  from (select event ->> 'key' as key, place, count,
               pg_catalog.sum(count) over (order by place)::integer as last
        from pg_catalog.unnest(events) with ordinality as one (event, place)
        cross join lateral pg_catalog.json_array_length(event -> 'rows') as count) slices;
  if not holdfast.has_given_keys(key_names, given, written) then
    perform holdfast.keep_results(key_names, outcomes);
  end if;
  if deferred <> '' then
    set constraints all immediate;
    execute 'set constraints ' || deferred || ' deferred';
  end if;
  return outcomes;
end $$;

create or replace function holdfast.push_run(events json[], deferred text, refused boolean)
returns json[] language plpgsql as $$
declare
  half constant integer := pg_catalog.cardinality(events) / 2;
  outcomes json[];
begin
  if half = 0 then return array[holdfast.push_event(events[1], deferred, refused)]; end if;
  if not refused
     or not exists (select from pg_catalog.unnest(events) as event
                    where (event ->> 'depends')::boolean) then
    begin
      return holdfast.insert_run(events, deferred);
    exception when others then
      null;
    end;
  end if;
  outcomes := holdfast.push_run(events[1:half], deferred, refused);
  return outcomes || holdfast.push_run(events[half + 1:], deferred,
                                       refused or holdfast.any_refused(outcomes));
end $$;

create or replace function holdfast.deferred_constraints() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(pg_catalog.string_agg(
           pg_catalog.format('%I.%I', namespace.nspname, conname), ', '), '')
  from pg_catalog.pg_constraint
  join pg_catalog.pg_namespace namespace on namespace.oid = connamespace
  -- Naming one takes the right to its schema.
  where condeferred and pg_catalog.has_schema_privilege(connamespace, 'usage')
$$;

drop function if exists holdfast.run_of(json);
drop function if exists holdfast.keep_results(json[]);
drop function if exists holdfast.push_event(json, text);
drop function if exists holdfast.push_run(json[], text);

-- Small statements whose costs nobody can estimate: compiling them would take longer than they do.
create or replace function public.holdfast_push(events json) returns json
language plpgsql volatile set jit = off as $$
declare
  deferred constant text := holdfast.deferred_constraints();
  list json[];
  runs text[];
  last integer;
  at integer := 1;
  outcomes json[];
  refused boolean := false;
  results json[] := '{}';
begin
  if pg_catalog.json_typeof(events) <> 'array' then
    raise sqlstate 'PT400' using message = 'events must be an array';
  end if;
  if pg_catalog.json_array_length(events) > 1000 then
    raise sqlstate 'PT413' using message = 'too many events in one call';
  end if;
  -- What inserts must have in common to go as one statement; null: it goes alone.
  select pg_catalog.array_agg(item order by place),
         pg_catalog.array_agg(case when event.op = 'insert' and event.missing is null
             and event.only_if_known is null and event.watch is null
             and event.key ~ '^hf1:[0-9a-f-]{36}$'
             and pg_catalog.json_typeof(event.rows -> 0) = 'object'
           then pg_catalog.concat_ws(' ', event.schema, event."table", coalesce(
             event.columns::text,
             (select pg_catalog.array_agg(distinct name)::text
              from pg_catalog.json_object_keys(event.rows -> 0) as name))) end order by place)
    into list, runs
  from pg_catalog.json_array_elements(events) with ordinality as one (item, place)
  cross join lateral pg_catalog.json_to_record(item) as event (
    key text, op text, schema json, "table" json, columns json, rows json, missing text,
    only_if_known text, watch json);
  while at <= coalesce(pg_catalog.cardinality(list), 0) loop
    last := at;
    while runs[last + 1] = runs[at] loop last := last + 1; end loop;
    outcomes := holdfast.push_run(list[at:last], deferred, refused);
    results := results || outcomes;
    refused := refused or holdfast.any_refused(outcomes);
    at := last + 1;
  end loop;
  perform holdfast.sweep();
  return pg_catalog.json_build_object(
    'version', holdfast.setting('version')::integer,
    'hook', coalesce(pg_catalog.current_setting('holdfast.hook', true), '') = 'on',
    'schemas', pg_catalog.to_json(holdfast.setting('schemas')::text[]),
    'results', pg_catalog.array_to_json(results));
end $$;
comment on function public.holdfast_push(json) is 'Holdfast: many writes, each exactly once';

-- ---------------------------------------------------------------------------------------------
-- The change log: which rows of the served tables changed, in the order of their commits. Triggers
-- write it in the transaction of the change. Readers see their own part of it, see log_window().

create table if not exists holdfast.changes (
  transaction xid8 not null default pg_catalog.pg_current_xact_id(),
  seq bigint generated always as identity,
  relation oid not null,
  rule text not null, -- of its table when it was written, see access_rule(); keys hang on it
  key jsonb,          -- null: not for everybody who may read the table, or the table has none
  owner text,
  block text,         -- where in the table the key lies, see block_of(); null: anywhere
  at timestamptz not null default pg_catalog.clock_timestamp(),
  primary key (transaction, seq)
);
create index if not exists changes_at on holdfast.changes (at);
alter table holdfast.changes enable row level security;

-- Up to here the log was cleared; one row.
create table if not exists holdfast.cleared (
  transaction xid8 not null,
  seq bigint not null
);
alter table holdfast.cleared enable row level security;
insert into holdfast.cleared select '0', 0 where not exists (select from holdfast.cleared);

-- What the policies for reading let each role see: 'true' all rows, 'owner' those whose column
-- holds the token's subject, 'other' what nobody can tell from here. Row security that is off is
-- one line 'true' for everybody.
create or replace function holdfast.select_policies(
  wanted oid, out roles oid[], out kind text, out owner text)
returns setof record language sql stable set search_path = pg_catalog, pg_temp as $$
  with expressions as (
    select policy.polroles, policy.polpermissive,
           pg_catalog.regexp_replace(pg_catalog.regexp_replace(pg_catalog.regexp_replace(
             pg_catalog.pg_get_expr(policy.polqual, policy.polrelid),
             '\( SELECT (auth\.(uid|jwt)\(\))( AS \w+)?\)', '\1', 'g'),
             '\(?current_setting\(''request\.jwt\.claims''::text(, true)?\)\)?::jsonb?',
             'auth.jwt()', 'g'),
             '\(\(?auth\.jwt\(\)\)? ->> ''sub''::text\)(::uuid)?', 'auth.uid()', 'g') as test
    from pg_catalog.pg_policy policy
    where policy.polrelid = wanted and policy.polcmd in ('r', '*')
  ), owners as (
    select polroles, polpermissive, test, pg_catalog.regexp_match(test,
      '^\((?:auth\.uid\(\) = \(?(\w+)\)?(?:::text)?|\(?(\w+)\)?(?:::text)? = auth\.uid\(\))\)$')
      as found
    from expressions
  )
  select array[0::oid], 'true', null::text
  from pg_catalog.pg_class where oid = wanted and not relrowsecurity
  union all
  select polroles,
         case when not polpermissive then 'other' when test = 'true' then 'true'
              when found is not null then 'owner' else 'other' end,
         case when polpermissive then coalesce(found[1], found[2]) end
  from owners
  where (select relrowsecurity from pg_catalog.pg_class where oid = wanted)
$$;

-- All of that in one text: keys that were logged under another one are shown to nobody.
create or replace function holdfast.access_rule(wanted oid) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(pg_catalog.string_agg(
           pg_catalog.concat_ws(' ', roles::text, kind, owner), '; '
           order by roles::text, kind, owner), 'nobody')
  from holdfast.select_policies(wanted)
$$;

-- A part of a table that holds the key and thousands of others: 1,024 successive integers, or the
-- UUIDs with the same first three digits. Without settings of its own, so that it becomes a part of
-- what calls it.
create or replace function holdfast.block_of(key jsonb, first_column text) returns text
language sql immutable as $$
  select case
    when pg_catalog.jsonb_typeof(key -> first_column) = 'number'
         and key ->> first_column ~ '^-?[0-9]{1,18}$'
      then pg_catalog.floor((key ->> first_column)::numeric / 1024)::text
    when key ->> first_column ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      then pg_catalog.left(key ->> first_column, 3) end
$$;

-- A copy of a database in another server, where transactions have lower numbers, brings a log that
-- is ahead of its time. What was read of it is void then: its gateways see another lineage.
create or replace function holdfast.begin_log_anew() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  next xid8;
begin
  perform from holdfast.cleared for update;
  next := pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot());
  if not exists (select from holdfast.cleared where transaction >= next)
     -- Others may have begun and ended since that was asked.
     and not exists (select from holdfast.changes
                     where transaction > (next::text::numeric + 1000000)::text::xid8) then
    return;
  end if;
  delete from holdfast.changes where transaction <> pg_catalog.pg_current_xact_id();
  update holdfast.cleared set transaction = '0', seq = 0;
  update holdfast.applied set transaction = '0' where transaction > next;
  update holdfast.settings set value = pg_catalog.gen_random_uuid()::text where name = 'lineage';
end $$;

-- Clears the log's old end, a little at a time, now and then; nobody waits for another one who does.
-- What lies behind an open transaction stays: whoever waits for that one would be too late for ever.
create or replace function holdfast.clear_changes() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from holdfast.cleared for update skip locked;
  if not found then return; end if;
  perform holdfast.begin_log_anew();
  with gone as (
    delete from holdfast.changes where (transaction, seq) in (
      select transaction, seq from holdfast.changes
      where at < pg_catalog.now() - (
        select value::interval from holdfast.settings where name = 'keep_changes')
        and transaction < pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())
      order by transaction, seq limit 5000 for update skip locked)
    returning transaction, seq
  ), newest as (select transaction, seq from gone order by transaction desc, seq desc limit 1)
  update holdfast.cleared set transaction = newest.transaction, seq = newest.seq from newest
  where (cleared.transaction, cleared.seq) < (newest.transaction, newest.seq);
end $$;

-- The trigger of a table with a key. Its arguments: the rule, the owner's column or '', and the
-- key's columns. A failure here would be one of the app's own write, so nothing is assumed of them.
create or replace function holdfast.log_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  keys constant text[] := tg_argv[2:];
  images jsonb[] := '{}';
  image jsonb;
  key jsonb;
  before jsonb;
  owner text;
  owner_before text;
begin
  if tg_op <> 'INSERT' then images := images || pg_catalog.to_jsonb(old); end if;
  if tg_op <> 'DELETE' then images := images || pg_catalog.to_jsonb(new); end if;
  foreach image in array images loop
    if pg_catalog.cardinality(keys) = 1 then
      key := pg_catalog.jsonb_build_object(keys[1], image -> keys[1]);
    else
      key := (select pg_catalog.jsonb_object_agg(name, image -> name)
              from pg_catalog.unnest(keys) as name);
    end if;
    owner := image ->> tg_argv[1];
    continue when key = before and owner is not distinct from owner_before;
    insert into holdfast.changes (relation, rule, key, owner, block)
      values (tg_relid, tg_argv[0], case when tg_argv[0] !~ ' other' then key end, owner,
              holdfast.block_of(key, keys[1]));
    before := key;
    owner_before := owner;
  end loop;
  if pg_catalog.random() < 0.0005 then
    begin
      perform holdfast.clear_changes();
    exception when others then
      null;  -- somebody else has cleared, say: the next one does it
    end;
  end if;
  return null;
end $$;

-- The trigger of TRUNCATE, and of every statement on a table without a key.
create or replace function holdfast.log_table() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into holdfast.changes (relation, rule) values (tg_relid, '');
  return null;
end $$;

-- A partition has its parent's trigger, which a bulk load may have switched off and on, and needs
-- none of its own.
create or replace function holdfast.follow_by_parent(partition regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from pg_catalog.pg_trigger where tgrelid = partition and tgparentid <> 0
             and tgname = 'holdfast_parts' and tgenabled <> 'A') then
    execute pg_catalog.format('alter table %s enable always trigger holdfast_parts', partition);
  end if;
  if exists (select from pg_catalog.pg_trigger where tgrelid = partition and tgparentid = 0
             and tgname = 'holdfast_changes') then
    execute pg_catalog.format('drop trigger holdfast_changes on %s', partition);
  end if;
end $$;

-- Puts the triggers on the served tables, or mends them after a change of keys or policies. Where
-- that is not allowed the table is followed without the log.
create or replace function holdfast.watch_tables() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  served record;
  keys text[];
  owner_column text;
  arguments text;
begin
  for served in
    select relation.oid, relation.oid::regclass as name, relation.relispartition,
           -- Another name than on its partitions, which may come with triggers of their own.
           case relkind when 'p' then 'holdfast_parts' else 'holdfast_changes' end as label,
           holdfast.access_rule(relation.oid) as rule
    from pg_catalog.pg_class relation
    join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
    where relation.relkind in ('r', 'p') and relation.relpersistence <> 't'
      and namespace.nspname = any (
        (select value from holdfast.settings where settings.name = 'schemas')::text[])
    order by relation.relispartition, relation.oid
  loop
    keys := holdfast.key_columns(served.oid);
    select case when pg_catalog.count(distinct owner) = 1 then pg_catalog.min(owner) else '' end
      into owner_column from holdfast.select_policies(served.oid);
    select pg_catalog.string_agg(pg_catalog.quote_literal(argument), ', ' order by place)
      into arguments
    from pg_catalog.unnest(array[served.rule, owner_column] || keys)
      with ordinality as one (argument, place);
    begin
      if exists (select from pg_catalog.pg_trigger where tgrelid = served.oid and tgparentid <> 0
                 and tgname = 'holdfast_parts') then
        perform holdfast.follow_by_parent(served.oid);
        continue;
      end if;
      continue when exists (
        select from pg_catalog.pg_trigger
        where tgrelid = served.oid and tgname = served.label and tgenabled = 'A'
          and pg_catalog.strpos(pg_catalog.pg_get_triggerdef(oid),
            case when keys is null then 'EACH STATEMENT' else '(' || arguments || ')' end) > 0);
      execute pg_catalog.format('drop trigger if exists holdfast_changes on %s', served.name);
      execute pg_catalog.format('drop trigger if exists holdfast_parts on %s', served.name);
      execute pg_catalog.format('create trigger %I after insert or update or delete'
        ' on %s for each %s', served.label, served.name, case when keys is null
          then 'statement execute function holdfast.log_table()'
          else 'row execute function holdfast.log_row(' || arguments || ')' end);
      execute pg_catalog.format('alter table %s enable always trigger %I',
                                served.name, served.label);
      execute pg_catalog.format('drop trigger if exists holdfast_truncated on %s', served.name);
      execute pg_catalog.format('create trigger holdfast_truncated after truncate on %s'
        ' for each statement execute function holdfast.log_table()', served.name);
      execute pg_catalog.format('alter table %s enable always trigger holdfast_truncated',
                                served.name);
    exception when insufficient_privilege or lock_not_available or feature_not_supported
                   or dependent_objects_still_exist then
      raise warning '% is followed without the log: %', served.name, sqlerrm;
    end;
  end loop;
end $$;

-- The database as it is now: another one after a restore, whose log is not the one that was read.
create or replace function holdfast.lineage() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  cluster text := '';
begin
  begin
    select pg_catalog.concat_ws(' ', system_identifier, timeline_id) into cluster
    from pg_catalog.pg_control_system() cross join pg_catalog.pg_control_checkpoint();
  exception when insufficient_privilege then
    null;  -- then a restored copy shows by its database's and log's own identity
  end;
  return pg_catalog.md5(pg_catalog.concat_ws(' ', cluster,
    (select value from holdfast.settings where name = 'lineage'),
    (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()),
    'holdfast.changes'::regclass::oid));
end $$;

-- Tables whose policies look at one of `changed`, by themselves or in a function of theirs: who may
-- read which of their rows may be different now.
create or replace function holdfast.tables_depending_on(changed oid[]) returns oid[]
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(pg_catalog.array_agg(distinct policy.polrelid), '{}')
  from pg_catalog.pg_policy policy
  join pg_catalog.pg_depend on classid = 'pg_catalog.pg_policy'::regclass and objid = policy.oid
  left join pg_catalog.pg_proc function
    on refclassid = 'pg_catalog.pg_proc'::regclass and function.oid = refobjid
  where policy.polcmd in ('r', '*')
    and (refclassid = 'pg_catalog.pg_class'::regclass and refobjid = any (changed)
           and (refobjid <> policy.polrelid or deptype = 'n' and refobjsubid = 0)
         or exists (select from pg_catalog.pg_class
                    where oid = any (changed)
                      and function.prosrc ~ ('\m' || relname || '\M')))
$$;

-- What hangs on grants, policies, the functions that those call, and who is in which role, in one
-- text.
create or replace function holdfast.access_hash() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat_ws(' ', relation.oid,
    relation.relrowsecurity, relation.relacl, policies.list, column_grants.list), ' '
    order by relation.oid) || (
      select coalesce(pg_catalog.string_agg(
        case prokind when 'f' then pg_catalog.pg_get_functiondef(oid) else prosrc end, ' '
        order by oid), '')
      from pg_catalog.pg_proc where oid in (
        select refobjid from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_policy'::regclass
          and refclassid = 'pg_catalog.pg_proc'::regclass)) || (
      select coalesce(pg_catalog.string_agg(pg_catalog.concat_ws(' ', roleid, member), ' '
                                            order by roleid, member), '')
      from pg_catalog.pg_auth_members) || (
      select coalesce(pg_catalog.string_agg(oid::text, ' ' order by oid), '')
      from pg_catalog.pg_roles where rolbypassrls))
  from pg_catalog.pg_class relation
  join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
  left join (
    select polrelid, pg_catalog.string_agg(pg_catalog.concat_ws(' ', polroles, polpermissive,
             pg_catalog.pg_get_expr(polqual, polrelid)), ' ' order by pg_policy.oid) as list
    from pg_catalog.pg_policy where polcmd in ('r', '*') group by polrelid
  ) policies on policies.polrelid = relation.oid
  left join (
    select attrelid, pg_catalog.string_agg(pg_catalog.concat_ws(' ', attnum, attacl), ' '
                                           order by attnum) as list
    from pg_catalog.pg_attribute where attacl is not null group by attrelid
  ) column_grants on column_grants.attrelid = relation.oid
  where relation.relkind in ('r', 'p')
    and namespace.nspname = any (holdfast.setting('schemas')::text[])
$$;

-- How the caller may look at the changes of a table.
create or replace function holdfast.view_of(
  wanted oid, role name, out shown text, out owner text, out rule text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  keys constant text[] := holdfast.key_columns(wanted);
begin
  rule := holdfast.access_rule(wanted);
  if not pg_catalog.has_any_column_privilege(role, wanted, 'SELECT')
     or exists (select from pg_catalog.unnest(keys) as name
                where not pg_catalog.has_column_privilege(role, wanted, name, 'SELECT')) then
    shown := 'nothing';
    return;
  end if;
  select case
      when pg_catalog.bool_or(kind = 'other') or pg_catalog.count(distinct policy.owner) > 1
        then 'block'
      when pg_catalog.bool_or(kind = 'true') then 'all'
      when pg_catalog.count(*) = 0 then 'nothing' else 'own' end, pg_catalog.min(policy.owner)
    into shown, owner
  from holdfast.select_policies(wanted) policy
  where exists (select from pg_catalog.unnest(policy.roles) as member
                where member = 0 or pg_catalog.pg_has_role(role, member, 'MEMBER'));
  if (select rolbypassrls or rolsuper from pg_catalog.pg_roles where rolname = role) then
    shown := 'all';
  end if;
end $$;

-- A position in the log is a snapshot: the changes of the transactions that it sees were read. What
-- was still open then comes when it commits, and holds nobody else's changes back, be it open for
-- hours or in another database of the server. Older gateways know "transaction:seq".
create or replace function holdfast.position_of(after text) returns pg_catalog.pg_snapshot
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when after like '%:%:%' then after::pg_catalog.pg_snapshot
              else (next || ':' || next || ':')::pg_catalog.pg_snapshot end
  from (select case when after not like '%:%:%'
                 then pg_catalog.split_part(after, ':', 1)::numeric
                      + case pg_catalog.split_part(after, ':', 2) when '0' then 0 else 1 end
               end as next) older
$$;

-- Up to where a caller may read now. A standby does not know which transactions are open.
create or replace function holdfast.newest_position() returns pg_catalog.pg_snapshot
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when pg_catalog.pg_is_in_recovery()
    then pg_catalog.concat(pg_catalog.pg_snapshot_xmin(present), ':',
                           pg_catalog.pg_snapshot_xmin(present), ':')::pg_catalog.pg_snapshot
    else present end
  from pg_catalog.pg_current_snapshot() as present
$$;

-- The position when, behind `seen`, the transactions up to `last` that `newest` sees were read.
create or replace function holdfast.position_up_to(
  seen pg_catalog.pg_snapshot, newest pg_catalog.pg_snapshot, last xid8) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  with upper as (
    select greatest(pg_catalog.pg_snapshot_xmax(seen),
                    (last::text::numeric + 1)::text::xid8) as bound
  ), unread as (
    select open from (select pg_catalog.pg_snapshot_xip(seen)
                      union select pg_catalog.pg_snapshot_xip(newest)) as known (open)
    where open < (select bound from upper) and not pg_catalog.pg_visible_in_snapshot(open, seen)
      and (open > last or not pg_catalog.pg_visible_in_snapshot(open, newest))
  )
  select pg_catalog.concat(coalesce((select open from unread order by open limit 1), bound), ':',
           bound, ':', (select pg_catalog.string_agg(open::text, ',' order by open) from unread))
  from upper
$$;

-- The changes between two positions. Without settings of its own, so that it becomes a part of the
-- query which asks, and the index is used.
create or replace function holdfast.changes_between(
  seen pg_catalog.pg_snapshot, newest pg_catalog.pg_snapshot) returns setof holdfast.changes
language sql stable as $$
  select line.* from holdfast.changes line
  where line.transaction = any (array(select pg_catalog.pg_snapshot_xip(seen)))
    and pg_catalog.pg_visible_in_snapshot(line.transaction, newest)
  union all
  select line.* from holdfast.changes line
  where line.transaction >= pg_catalog.pg_snapshot_xmax(seen)
    and pg_catalog.pg_visible_in_snapshot(line.transaction, newest)
$$;

-- Seconds since the oldest transaction began whose changes may still come: all older ones are in
-- the log. null: none is open. Other roles' transactions show where the owner may see them. One
-- that has ended since `newest` was taken is not in it either, and nobody knows any more when it
-- began.
create or replace function holdfast.watermark_lag(newest pg_catalog.pg_snapshot)
returns double precision language sql stable set search_path = pg_catalog, pg_temp as $$
  select pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - least(
    (select pg_catalog.min(xact_start) from pg_catalog.pg_stat_activity
     where backend_xid is not null and pid <> pg_catalog.pg_backend_pid()),
    (select pg_catalog.min(prepared) from pg_catalog.pg_prepared_xacts),
    (select pg_catalog.statement_timestamp() from pg_catalog.pg_snapshot_xip(newest) as was (open)
     where not exists (select from pg_catalog.pg_stat_activity where backend_xid = was.open::xid)
       and not exists (select from pg_catalog.pg_prepared_xacts where transaction = was.open::xid)
     limit 1),
    -- OFFSET: else all of the index on `at` is read for the least of nothing.
    (select pg_catalog.min(at) from (
       select at from holdfast.changes
       where transaction >= pg_catalog.pg_snapshot_xmax(newest) offset 0) as later)))
$$;

-- The caller's part of the log behind the position `after` (null asks for the newest position
-- only), never a part of a transaction. One of more than `most` changes shows as whole tables. Keys
-- are shown to those who may read, or might have read, their rows by the rule of their table; where
-- that cannot be told, the block of the key is all.
create or replace function holdfast.log_window(after text, most integer) returns json
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  role constant name := coalesce(nullif(pg_catalog.current_setting('role'), 'none'), session_user);
  subject constant text := pg_catalog.substr(holdfast.subject(), 5);
  seen constant pg_catalog.pg_snapshot := holdfast.position_of(after);
  newest constant pg_catalog.pg_snapshot := holdfast.newest_position();
  last_transaction xid8;
  coarse boolean := false;
  changed oid[];
  found_lines json;
begin
  if pg_catalog.pg_snapshot_xmin(seen) <= (select transaction from holdfast.cleared)
     or pg_catalog.pg_snapshot_xmax(seen)
        > pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()) then
    return pg_catalog.json_build_object('behind', true);
  end if;
  -- The transactions that fit; of one alone that does not, its tables.
  select transaction into last_transaction
  from holdfast.changes_between(seen, newest)
  order by transaction, seq offset most limit 1;
  if last_transaction is not null then
    select transaction into last_transaction
    from holdfast.changes_between(seen, newest)
    where transaction < last_transaction
    order by transaction desc limit 1;
    if last_transaction is null then
      coarse := true;
      select transaction into last_transaction
      from holdfast.changes_between(seen, newest)
      order by transaction, seq limit 1;
    end if;
  end if;
  select pg_catalog.array_agg(distinct relation) into changed
  from holdfast.changes_between(seen, newest)
  where last_transaction is null or transaction <= last_transaction;
  with recursive views as (
    select target.relid as relation, changed_relation, seen.*, namespace.nspname, class.relname
    from pg_catalog.unnest(changed) as changed_relation
    cross join lateral (
      select changed_relation as relid union select relid::oid
      from pg_catalog.pg_partition_ancestors(changed_relation) as relid) as target
    join pg_catalog.pg_class class on class.oid = target.relid
    join pg_catalog.pg_namespace namespace on namespace.oid = class.relnamespace
      and namespace.nspname = any (holdfast.setting('schemas')::text[])
    cross join lateral holdfast.view_of(target.relid, role) as seen
    where seen.shown <> 'nothing'
  ), lines as (
    select views.nspname, views.relname, line.transaction, line.seq,
      case when not coarse and line.key is not null and line.rule = views.rule
             and (views.shown = 'all' or views.shown = 'own'
                  and line.owner in (subject, pg_catalog.lower(subject)))
        then line.key end as key,
      case when not coarse then line.block end as block
    from views
    join holdfast.changes_between(seen, newest) line on line.relation = views.changed_relation
    where (last_transaction is null or line.transaction <= last_transaction)
      and not (not coarse and line.key is not null and line.rule = views.rule
               and views.shown = 'own'
               and line.owner is distinct from subject
               and line.owner is distinct from pg_catalog.lower(subject))
  ), shown as (
    select nspname, relname, key, case when key is null then block end as block,
           pg_catalog.min((transaction::text::numeric, seq)::text) as place
    from lines group by 1, 2, 3, 4
  )
  -- A key goes as text: whoever reads the answer as JSON may round its numbers.
  select coalesce(pg_catalog.json_agg(pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'schema', nspname, 'table', relname, 'key', key::text, 'block', block))), '[]')
    into found_lines from shown where after is not null;
  return pg_catalog.json_build_object(
    'cursor', case when last_transaction is null then newest::text
                   else holdfast.position_up_to(seen, newest, last_transaction) end,
    'more', last_transaction is not null,
    'held_back_s', holdfast.watermark_lag(newest),
    'lines', found_lines,
    'recheck', (
      select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(nspname, relname)), '[]')
      from pg_catalog.pg_class class
      join pg_catalog.pg_namespace namespace on namespace.oid = class.relnamespace
      where after is not null and class.oid = any (holdfast.tables_depending_on(changed))));
end $$;

-- Tables whose changes are logged, as [schema, name].
create or replace function holdfast.watched_tables() returns json
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(nspname, relname)
                                      order by nspname, relname), '[]')
  from pg_catalog.pg_trigger
  join pg_catalog.pg_class class on class.oid = tgrelid
  join pg_catalog.pg_namespace namespace on namespace.oid = relnamespace
  where tgname in ('holdfast_changes', 'holdfast_parts') and tgenabled = 'A'
$$;

-- The columns of a table's rows as the caller sees them at these keys, in their order, each as
-- a text that the API would print; null where there is none for the caller.
create or replace function holdfast.rows_of_keys(relation regclass, names text[], keys json)
returns text[] language plpgsql stable as $$
declare
  key_names constant text[] := holdfast.members(keys -> 0);
  rows text[];
begin
  execute pg_catalog.format(
    'select pg_catalog.array_agg((select pg_catalog.row_to_json(hf_columns)::text'
    ' from (select %s from %s as hf_row where %s) as hf_columns) order by hf_place)'
    ' from pg_catalog.json_array_elements($1) with ordinality as hf_line(hf_value, hf_place)'
    ' cross join lateral pg_catalog.json_to_record(hf_value) as hf_key(%s)',
    holdfast.column_list(relation, names, 'hf_row.%1$s', ', '), relation,
    holdfast.column_list(relation, key_names, 'hf_row.%1$s = hf_key.%1$s', ' and '),
    holdfast.column_list(relation, key_names, '%1$s %2$s', ', ')) into rows using keys;
  return rows;
end $$;

-- What changed behind the position `after`, with the rows of the tables in `wanted`, an object
-- {"schema.table": [column, …]}, as they are now for the caller, all of one snapshot.
create or replace function public.holdfast_changes(
  after text default null, wanted json default '{}', most integer default 500) returns json
language plpgsql stable
set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres'
set extra_float_digits = 1 set jit = off as $$
declare
  log constant json := holdfast.log_window(after, least(greatest(most, 1), 10000));
  part record;
  rows json[] := '{}';
  texts text[];
begin
  for part in
    select line ->> 'schema' as schema, line ->> 'table' as name,
           pg_catalog.json_agg((line ->> 'key')::json) as keys,
           pg_catalog.json_agg(line ->> 'key') as key_texts,
           wanted -> pg_catalog.concat(line ->> 'schema', '.', line ->> 'table') as columns
    from pg_catalog.json_array_elements(log -> 'lines') as line
    where line -> 'key' is not null
    group by 1, 2
  loop
    continue when part.columns is null;
    begin
      texts := holdfast.rows_of_keys(
        pg_catalog.format('%I.%I', part.schema, part.name)::regclass,
        holdfast.texts(part.columns), part.keys);
    exception when others then
      continue;  -- the table's own page says why
    end;
    -- What is large is read by key.
    continue when pg_catalog.length(pg_catalog.array_to_string(texts, '')) > 4000000;
    rows := rows || pg_catalog.json_build_object('schema', part.schema, 'table', part.name,
      'keys', part.key_texts, 'rows', pg_catalog.to_json(texts));
  end loop;
  return pg_catalog.json_build_object(
    'version', 1,
    'lineage', holdfast.lineage(),
    'access', holdfast.access_hash(),
    'tables', holdfast.watched_tables(),
    'log', log,
    'rows', pg_catalog.array_to_json(rows));
end $$;
comment on function public.holdfast_changes(text, json, integer) is
  'Holdfast: what changed, for a gateway that follows';

-- How many rows of each question's range the caller sees, and the sum of their hashes: the first 60
-- bits of SHA-256 over the wanted columns as the API prints them. A question:
-- {"schema", "table", "columns": [name, …], "from": key, "before": key}; both ends may be absent.
create or replace function holdfast.digest_of(question json) returns json
language plpgsql stable as $$
declare
  relation constant regclass := holdfast.table_of(question);
  keys constant text[] := holdfast.key_columns(relation);
  key_list text;
  ends text := '';
  counted bigint;
  summed numeric;
begin
  key_list := holdfast.column_list(relation, keys, 'hf_row.%1$s', ', ');
  if question -> 'from' is not null then
    ends := ends || pg_catalog.format(' and (%s) >= (select %s from'
      ' pg_catalog.json_to_record($1 -> ''from'') as hf_from(%s))', key_list,
      holdfast.column_list(relation, keys, 'hf_from.%1$s', ', '),
      holdfast.column_list(relation, keys, '%1$s %2$s', ', '));
  end if;
  if question -> 'before' is not null then
    ends := ends || pg_catalog.format(' and (%s) < (select %s from'
      ' pg_catalog.json_to_record($1 -> ''before'') as hf_before(%s))', key_list,
      holdfast.column_list(relation, keys, 'hf_before.%1$s', ', '),
      holdfast.column_list(relation, keys, '%1$s %2$s', ', '));
  end if;
  execute pg_catalog.format(
    'select pg_catalog.count(*), coalesce(pg_catalog.sum((''x'' || pg_catalog.left('
    'pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(('
    'select pg_catalog.row_to_json(hf_columns)::text from (select %s) as hf_columns),'
    ' ''UTF8'')), ''hex''), 15))::bit(60)::bigint), 0) from %s as hf_row where true%s',
    holdfast.column_list(relation, holdfast.texts(question -> 'columns'), 'hf_row.%1$s', ', '),
    relation, ends) into counted, summed using question;
  return pg_catalog.json_build_object('rows', counted, 'sum', summed::text);
end $$;

create or replace function public.holdfast_digest(questions json) returns json
language plpgsql stable
set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres'
set extra_float_digits = 1 set jit = off as $$
begin
  return (select coalesce(pg_catalog.json_agg(holdfast.digest_of(question) order by place), '[]')
          from pg_catalog.json_array_elements(questions) with ordinality as one (question, place));
end $$;
comment on function public.holdfast_digest(json) is
  'Holdfast: counts and hashes of parts of tables, to compare a replica with';

-- Tables and policies that come later are watched as well, where an event trigger is allowed.
create or replace function holdfast.watch_new_tables() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- The triggers that this makes alter tables as well.
  if pg_catalog.current_setting('holdfast.watching', true) = 'on' then return; end if;
  perform pg_catalog.set_config('holdfast.watching', 'on', true);
  perform holdfast.watch_tables();
  perform pg_catalog.set_config('holdfast.watching', '', true);
exception when others then
  raise warning 'holdfast: %', sqlerrm;
end $$;

do $watch$
begin
  perform holdfast.begin_log_anew();
  perform holdfast.watch_tables();
  if exists (select from pg_catalog.pg_event_trigger where evtname = 'holdfast_watch') then
    return;
  end if;
  create event trigger holdfast_watch on ddl_command_end
    when tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE', 'CREATE POLICY',
                 'ALTER POLICY', 'DROP POLICY')
    execute function holdfast.watch_new_tables();
exception when insufficient_privilege then
  raise notice 'no event trigger is allowed here: run this file again after new tables or policies';
end $watch$;

-- ---------------------------------------------------------------------------------------------
-- holdfast_catalog(): what a gateway has to know of the schema. The query is the gateway's own,
-- cache/catalog/catalog.sql, between the two marks; a test compares them.

create or replace function holdfast.catalog_document(schemas text[]) returns jsonb
language sql stable as $catalog$
-- begin catalog.sql
-- The catalog document of the schemas in $1 (text[], the default one first): one row, one column,
-- jsonb. PostgreSQL 12 to 17; reads system catalogs only, writes nothing.
--
-- Types and expressions are printed relative to the session's search_path, so the caller sets it
-- as PostgREST would: the served schemas, then its extra ones.
with recursive
exposed as (
  select namespace.oid, namespace.nspname
  from pg_catalog.pg_namespace namespace
  where namespace.nspname = any ($1)
),
-- to_jsonb() reaches the columns that only newer versions have.
default_text_order as (
  select (provider in ('c', 'b') and locale in ('C', 'POSIX', 'C.UTF-8', 'C.utf8')) as by_byte,
         encoding in ('UTF8', 'SQL_ASCII') as encoding_keeps_order,
         case when provider = 'i' then null
              when provider = 'c' and ctype in ('C', 'POSIX') then 'C'
              when provider = 'b' and locale = 'C' then 'C' end as letters,
         case when encoding = 'UTF8' and rules is null then
           case provider when 'c' then 'libc/' when 'i' then 'icu/' end || locale || '/' || version
         end as name
  from (
    select pg_catalog.pg_encoding_to_char(database.encoding) as encoding,
           coalesce(pg_catalog.to_jsonb(database) ->> 'datlocprovider', 'c') as provider,
           case when pg_catalog.to_jsonb(database) ->> 'datlocprovider' in ('b', 'i')
                then coalesce(pg_catalog.to_jsonb(database) ->> 'datlocale',
                              pg_catalog.to_jsonb(database) ->> 'daticulocale')
                else database.datcollate::text end as locale,
           database.datctype::text as ctype,
           pg_catalog.to_jsonb(database) ->> 'daticurules' as rules,
           coalesce(pg_catalog.to_jsonb(database) ->> 'datcollversion', '') as version
    from pg_catalog.pg_database database
    where database.datname = pg_catalog.current_database()
  ) settings
),
text_orders as (
  select collation_.oid,
         database.encoding_keeps_order and case collation_.collprovider
           when 'd' then database.by_byte
           when 'c' then collation_.collcollate in ('C', 'POSIX', 'C.UTF-8', 'C.utf8')
           when 'b' then coalesce(pg_catalog.to_jsonb(collation_) ->> 'colllocale',
                                  collation_.collcollate::text) in ('C', 'C.UTF-8')
           else false end as by_byte,
         case when collation_.collprovider = 'd' then database.letters
              when collation_.collprovider = 'c' and collation_.collctype in ('C', 'POSIX') then 'C'
              when collation_.collprovider = 'b'
                and coalesce(pg_catalog.to_jsonb(collation_) ->> 'colllocale',
                             collation_.collcollate::text) = 'C' then 'C' end as letters,
         case
           when not coalesce((pg_catalog.to_jsonb(collation_) ->> 'collisdeterministic')::boolean, true)
             then 'nondeterministic'
           when pg_catalog.to_jsonb(collation_) ->> 'collicurules' is not null then null
           when collation_.collprovider = 'd' then database.name
           when collation_.collprovider = 'c' and database.name is not null
             then 'libc/' || collation_.collcollate || '/' || coalesce(collation_.collversion, '')
           when collation_.collprovider = 'i'
             then 'icu/' || coalesce(pg_catalog.to_jsonb(collation_) ->> 'colllocale',
                                     pg_catalog.to_jsonb(collation_) ->> 'colliculocale',
                                     collation_.collcollate::text)
                  || '/' || coalesce(collation_.collversion, '')
         end as name
  from pg_catalog.pg_collation collation_ cross join default_text_order database
),
-- A view's stored query is a node tree. Every chunk below ends in one unescaped brace, so the
-- running sum of braces is the depth; the outermost query's targets close at depth 1, and carry
-- the relation and column that they show unchanged (zeros for an expression).
view_chunks as (
  select rule.ev_class, chunk.ordinality, chunk.match[1] as tree,
         pg_catalog.sum(case when pg_catalog.right(chunk.match[1], 1) = '{' then 1 else -1 end)
           over (partition by rule.ev_class order by chunk.ordinality) as depth
  from pg_catalog.pg_rewrite rule
  join pg_catalog.pg_class relation
    on relation.oid = rule.ev_class and relation.relkind in ('v', 'm')
  cross join lateral pg_catalog.regexp_matches(
    rule.ev_action::text, '((?:\\.|[^\\{}])*[{}])', 'g') with ordinality as chunk (match, ordinality)
  where rule.ev_type = '1' and rule.rulename = '_RETURN'
    and relation.relnamespace not in (
      select oid from pg_catalog.pg_namespace
      where nspname in ('pg_catalog', 'information_schema', 'pg_toast'))
),
view_targets as (
  select ev_class as view, target[1]::int as position, target[2]::oid as source,
         target[3]::int as source_column
  from (
    select ev_class, pg_catalog.regexp_match(tree,
      '^ :resno (\d+) .* :resorigtbl (\d+) :resorigcol (\d+) :resjunk false\}$') as target
    from view_chunks
    where depth = 1
  ) targets
  where target[2] <> '0'
),
-- Through views over views, down to a table.
view_paths as (
  select view, position, source, source_column from view_targets
  union
  select path.view, path.position, target.source, target.source_column
  from view_paths path
  join view_targets target on target.view = path.source and target.position = path.source_column
),
origins as (
  select path.view, path.position, source.oid as source, source_schema.nspname as schema,
         source.relname as table, attribute.attname as column
  from view_paths path
  join pg_catalog.pg_class source
    on source.oid = path.source and source.relkind in ('r', 'p', 'f')
  join pg_catalog.pg_namespace source_schema on source_schema.oid = source.relnamespace
  join pg_catalog.pg_attribute attribute
    on attribute.attrelid = source.oid and attribute.attnum = path.source_column
),
exposed_relations as (
  select relation.oid
  from pg_catalog.pg_class relation
  where relation.relnamespace in (select oid from exposed)
    and relation.relkind in ('r', 'p', 'v', 'm', 'f') and not relation.relispartition
),
reached_relations as (
  select oid from exposed_relations
  union
  select source from origins where view in (select oid from exposed_relations)
),
-- What those refer to; its own foreign keys lead no further.
wanted_relations as (
  select oid from reached_relations
  union
  select key.confrelid
  from pg_catalog.pg_constraint key
  where key.contype = 'f' and key.conparentid = 0  -- not those to a table's single partitions
    and key.conrelid in (select oid from reached_relations)
),
relations as (
  select relation.oid, relation.relname, relation.relkind, relation.relrowsecurity,
         relation.relowner, relation.relacl, relation.relnamespace, namespace.nspname,
         pg_catalog.pg_relation_is_updatable(relation.oid, true) as updatable
  from pg_catalog.pg_class relation
  join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
  where relation.oid in (select oid from wanted_relations)
),
-- A domain's own name, and its base type at the end of the chain.
domain_steps as (
  select domain.oid as domain, domain.typbasetype as base, domain.typtypmod as modifier,
         domain.typnotnull as refuses_null, 1 as step
  from pg_catalog.pg_type domain
  where domain.typtype = 'd'
  union all
  select chain.domain, next.typbasetype, next.typtypmod, chain.refuses_null or next.typnotnull,
         chain.step + 1
  from domain_steps chain
  join pg_catalog.pg_type next on next.oid = chain.base and next.typtype = 'd'
),
domains as (
  select distinct on (domain) domain, base, modifier, refuses_null
  from domain_steps
  order by domain, step desc
),
custom_casts as (
  select castsource as domain from pg_catalog.pg_cast
  where castfunc <> 0 and casttarget in ('json'::regtype, 'jsonb'::regtype, 'text'::regtype)
  union
  select casttarget from pg_catalog.pg_cast
  where castfunc <> 0 and castsource in ('json'::regtype, 'jsonb'::regtype, 'text'::regtype)
),
labels as (
  select enumtypid, pg_catalog.jsonb_agg(enumlabel order by enumsortorder) as list
  from pg_catalog.pg_enum
  group by enumtypid
),
columns as (
  select attribute.attrelid,
         pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
           'name', attribute.attname,
           'type', pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
           'type_schema', nullif(type_schema.nspname, 'pg_catalog'),
           'nullable', not (attribute.attnotnull or coalesce(domain.refuses_null, false)),
           'default', case when attribute.attgenerated = ''
             then pg_catalog.pg_get_expr(fallback.adbin, fallback.adrelid) end,
           'generated', nullif(attribute.attgenerated, ''),
           'generation_expression', case when attribute.attgenerated <> ''
             then pg_catalog.pg_get_expr(fallback.adbin, fallback.adrelid) end,
           'identity', nullif(attribute.attidentity, ''),
           'byte_order', coalesce(text_order.by_byte, true),
           'collation', case when not text_order.by_byte then text_order.name end,
           'letters', text_order.letters,
           'enum', labels.list,
           'domain_base_type', pg_catalog.format_type(domain.base, domain.modifier),
           'custom_casts', domain.base is not null
             and attribute.atttypid in (select custom.domain from custom_casts custom),
           'origin', case when origin.source is not null
             then pg_catalog.jsonb_build_array(origin.schema, origin.table, origin.column) end,
           'comment', pg_catalog.col_description(attribute.attrelid, attribute.attnum)
         ) order by attribute.attnum) as list
  from relations relation
  join pg_catalog.pg_attribute attribute on attribute.attrelid = relation.oid
    and attribute.attnum > 0 and not attribute.attisdropped
  left join pg_catalog.pg_attrdef fallback
    on fallback.adrelid = attribute.attrelid and fallback.adnum = attribute.attnum
  left join domains domain on domain.domain = attribute.atttypid
  left join labels on labels.enumtypid = coalesce(domain.base, attribute.atttypid)
  join pg_catalog.pg_type base_type on base_type.oid = coalesce(domain.base, attribute.atttypid)
  join pg_catalog.pg_namespace type_schema on type_schema.oid = base_type.typnamespace
  left join text_orders text_order on text_order.oid = attribute.attcollation
  left join origins origin
    on origin.view = attribute.attrelid and origin.position = attribute.attnum
  group by attribute.attrelid
),
constraints as (
  select key.conrelid, key.conname, key.contype, key.confupdtype, key.confdeltype,
         referenced_schema.nspname as ref_schema, referenced.relname as ref_table,
         (select pg_catalog.jsonb_agg(attribute.attname order by part.position)
          from pg_catalog.unnest(key.conkey) with ordinality as part (attnum, position)
          join pg_catalog.pg_attribute attribute
            on attribute.attrelid = key.conrelid and attribute.attnum = part.attnum) as columns,
         (select pg_catalog.jsonb_agg(attribute.attname order by part.position)
          from pg_catalog.unnest(key.confkey) with ordinality as part (attnum, position)
          join pg_catalog.pg_attribute attribute
            on attribute.attrelid = key.confrelid and attribute.attnum = part.attnum) as ref_columns,
         (select pg_catalog.jsonb_agg(attribute.attname order by attribute.attnum)
          from pg_catalog.pg_attribute attribute
          where attribute.attrelid = key.conrelid
            and pg_catalog.to_jsonb(key) -> 'confdelsetcols'  -- from version 15 on
              @> pg_catalog.to_jsonb(attribute.attnum)) as set_on_delete
  from pg_catalog.pg_constraint key
  left join pg_catalog.pg_class referenced on referenced.oid = key.confrelid
  left join pg_catalog.pg_namespace referenced_schema
    on referenced_schema.oid = referenced.relnamespace
  where key.contype in ('p', 'u', 'f') and key.conparentid = 0
    and key.conrelid in (select oid from relations)
),
-- Unique indexes that no constraint has made; `whole`: of all rows, by columns alone.
unique_indexes as (
  select index.indrelid, named.relname,
         index.indpred is null and index.indexprs is null as whole,
         (select pg_catalog.jsonb_agg(attribute.attname order by part.position)
          from pg_catalog.unnest(index.indkey::pg_catalog.int2[])
            with ordinality as part (attnum, position)
          join pg_catalog.pg_attribute attribute
            on attribute.attrelid = index.indrelid and attribute.attnum = part.attnum
          where part.position <= index.indnkeyatts) as columns
  from pg_catalog.pg_index index
  join pg_catalog.pg_class named on named.oid = index.indexrelid
  where index.indisunique and index.indisvalid and index.indrelid in (select oid from relations)
    and not exists (select from pg_catalog.pg_constraint made
                    where made.conindid = index.indexrelid and made.contype in ('p', 'u', 'x'))
),
key_lines as (
  select conrelid, contype, conname,
         pg_catalog.jsonb_build_object('name', conname, 'columns', columns) as line
  from constraints
  where contype in ('p', 'u')
  union all
  select indrelid, 'u', relname, pg_catalog.jsonb_build_object(
           'name', relname, 'columns', columns, 'index_alone', true)
  from unique_indexes
  where whole
),
keys as (
  select conrelid, contype, pg_catalog.jsonb_agg(line order by conname) as list
  from key_lines
  group by conrelid, contype
),
-- Tables that may refuse rows for what no list here tells.
more_constraints as (
  select oid from relations where relkind = 'p'
  union
  select indrelid from unique_indexes where not whole
  union
  select index.indrelid from pg_catalog.pg_index index
  where index.indisunique
    and pg_catalog.to_jsonb(index) ->> 'indnullsnotdistinct' = 'true'  -- from version 15 on
  union
  select other.conrelid from pg_catalog.pg_constraint other
  where other.contype = 'x' or (other.contype = 'f' and other.confmatchtype = 'f')
),
action_names (code, name) as (
  values ('a'::"char", 'no action'), ('r', 'restrict'), ('c', 'cascade'), ('n', 'set null'),
         ('d', 'set default')
),
foreign_keys as (
  select conrelid, pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(
           pg_catalog.jsonb_build_object(
             'name', conname, 'columns', columns, 'ref_schema', ref_schema, 'ref_table', ref_table,
             'ref_columns', ref_columns, 'on_update', on_update.name, 'on_delete', on_delete.name,
             'set_on_delete', set_on_delete)) order by conname) as list
  from constraints
  join action_names on_update on on_update.code = confupdtype
  join action_names on_delete on on_delete.code = confdeltype
  where contype = 'f'
  group by conrelid
),
-- A domain's checks hold for every column of the domain.
check_lines as (
  select conrelid, conname, pg_catalog.pg_get_expr(conbin, conrelid) as expression
  from pg_catalog.pg_constraint
  where contype = 'c' and conrelid in (select oid from relations)
  union
  select attribute.attrelid, domain_check.conname, pg_catalog.pg_get_expr(domain_check.conbin, 0)
  from relations relation
  join pg_catalog.pg_attribute attribute on attribute.attrelid = relation.oid
    and attribute.attnum > 0 and not attribute.attisdropped
  join domain_steps chain on chain.domain = attribute.atttypid
  join pg_catalog.pg_constraint domain_check
    on domain_check.contype = 'c' and domain_check.contypid in (chain.domain, chain.base)
  where relation.relkind in ('r', 'p', 'f')
),
checks as (
  select conrelid, pg_catalog.jsonb_agg(
           pg_catalog.jsonb_build_object('name', conname, 'expression', expression)
           order by conname, expression) as list
  from check_lines
  group by conrelid
),
trigger_events (bit, event) as (
  values (4, 'insert'), (16, 'update'), (8, 'delete')
),
trigger_lines as (
  select fired.tgrelid, fired.tgname,
         (fired.tgtype & 3) = 3 as before,  -- BEFORE ... FOR EACH ROW: may change the row
         pg_catalog.jsonb_agg(trigger_events.event order by trigger_events.event) as events
  from pg_catalog.pg_trigger fired
  join trigger_events on (fired.tgtype & trigger_events.bit) <> 0
  where not fired.tgisinternal and fired.tgenabled in ('O', 'A')
    -- The companion's own only log.
    and fired.tgname not in ('holdfast_changes', 'holdfast_parts', 'holdfast_truncated')
    and fired.tgrelid in (select oid from relations)
  group by fired.tgrelid, fired.tgname, fired.tgtype
),
triggers as (
  select tgrelid, pg_catalog.jsonb_agg(
           pg_catalog.jsonb_build_object('name', tgname, 'on', events, 'before', before)
           order by tgname) as list
  from trigger_lines
  group by tgrelid
),
-- Whoever is named in a grant, and the roles of every Supabase project, which a grant to PUBLIC
-- may reach without naming them.
roles as (
  select role.oid, role.rolname
  from pg_catalog.pg_roles role
  where role.rolname in ('anon', 'authenticated', 'service_role')
  union
  select role.oid, role.rolname
  from relations relation
  cross join lateral pg_catalog.aclexplode(
    coalesce(relation.relacl, pg_catalog.acldefault('r', relation.relowner))) as granted
  join pg_catalog.pg_roles role on role.oid = granted.grantee
  union
  select role.oid, role.rolname
  from relations relation
  join pg_catalog.pg_attribute attribute
    on attribute.attrelid = relation.oid and attribute.attacl is not null
  cross join lateral pg_catalog.aclexplode(attribute.attacl) as granted
  join pg_catalog.pg_roles role on role.oid = granted.grantee
),
privilege_lines as (
  select relation.oid, role.rolname, pg_catalog.to_jsonb(pg_catalog.array_remove(array[
           case when pg_catalog.has_any_column_privilege(role.oid, relation.oid, 'SELECT')
                then 'select' end,
           case when pg_catalog.has_any_column_privilege(role.oid, relation.oid, 'INSERT')
                then 'insert' end,
           case when pg_catalog.has_any_column_privilege(role.oid, relation.oid, 'UPDATE')
                then 'update' end,
           case when pg_catalog.has_table_privilege(role.oid, relation.oid, 'DELETE')
                then 'delete' end], null)) as list
  from relations relation cross join roles role
  where pg_catalog.has_schema_privilege(role.oid, relation.relnamespace, 'USAGE')
),
privileges as (
  select oid, pg_catalog.jsonb_object_agg(rolname, list) as by_role
  from privilege_lines
  where list <> '[]'
  group by oid
),
column_privilege_lines as (
  select relation.oid, role.rolname, pg_catalog.lower(kind.name) as kind,
         (select pg_catalog.jsonb_agg(attribute.attname order by attribute.attnum)
          from pg_catalog.pg_attribute attribute
          where attribute.attrelid = relation.oid and attribute.attnum > 0
            and not attribute.attisdropped
            and pg_catalog.has_column_privilege(role.oid, relation.oid, attribute.attnum,
                                                kind.name)) as columns
  from relations relation cross join roles role
  cross join (values ('INSERT'), ('UPDATE')) as kind (name)
  where pg_catalog.has_any_column_privilege(role.oid, relation.oid, kind.name)
    and not pg_catalog.has_table_privilege(role.oid, relation.oid, kind.name)
),
column_privileges as (
  select oid, pg_catalog.jsonb_object_agg(rolname, kinds) as by_role
  from (select oid, rolname, pg_catalog.jsonb_object_agg(kind, columns) as kinds
        from column_privilege_lines
        group by oid, rolname) as grouped
  group by oid
),
tables as (
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
           'schema', relation.nspname,
           'name', relation.relname,
           'kind', case relation.relkind when 'v' then 'view' when 'm' then 'materialized view'
             when 'f' then 'foreign table' else 'table' end,
           'comment', pg_catalog.obj_description(relation.oid, 'pg_class'),
           'accepts', pg_catalog.to_jsonb(pg_catalog.array_remove(array[
             case when relation.relkind in ('r', 'p') or relation.updatable & 8 <> 0
                  then 'insert' end,
             case when relation.relkind in ('r', 'p') or relation.updatable & 4 <> 0
                  then 'update' end,
             case when relation.relkind in ('r', 'p') or relation.updatable & 16 <> 0
                  then 'delete' end], null)),
           'row_security', relation.relrowsecurity,
           'columns', coalesce(columns.list, '[]'),
           'primary_key', primary_keys.list -> 0,
           'unique', coalesce(unique_keys.list, '[]'),
           'more_constraints', relation.oid in (select oid from more_constraints),
           'foreign_keys', coalesce(foreign_keys.list, '[]'),
           'triggers', coalesce(triggers.list, '[]'),
           'checks', coalesce(checks.list, '[]'),
           'privileges', coalesce(privileges.by_role, '{}'),
           'column_privileges', coalesce(column_privileges.by_role, '{}'),
           'definition', case when relation.relkind in ('v', 'm')
             then pg_catalog.pg_get_viewdef(relation.oid) end
         ) order by relation.nspname collate "C", relation.relname collate "C"), '[]') as list
  from relations relation
  left join columns on columns.attrelid = relation.oid
  left join keys primary_keys
    on primary_keys.conrelid = relation.oid and primary_keys.contype = 'p'
  left join keys unique_keys on unique_keys.conrelid = relation.oid and unique_keys.contype = 'u'
  left join foreign_keys on foreign_keys.conrelid = relation.oid
  left join triggers on triggers.tgrelid = relation.oid
  left join checks on checks.conrelid = relation.oid
  left join privileges on privileges.oid = relation.oid
  left join column_privileges on column_privileges.oid = relation.oid
),
-- Served functions, and those of other schemas that make a computed column of a relation.
wanted_functions as (
  select function.*
  from pg_catalog.pg_proc function
  left join pg_catalog.pg_type row_type
    on row_type.oid = function.proargtypes[0] and function.pronargs = 1
  where function.prokind = 'f'
    and (function.pronamespace in (select oid from exposed)
         or row_type.typrelid in (select oid from exposed_relations))
),
argument_lines as (
  select function.oid,
         pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
           'name', coalesce(argument.name, ''),
           'type', pg_catalog.format_type(argument.type, null),
           'default', argument.input_position > function.pronargs - function.pronargdefaults,
           'variadic', argument.mode = 'v',
           'row_of', case when relation.oid is not null
             then pg_catalog.jsonb_build_array(namespace.nspname, relation.relname) end
         ) order by argument.input_position) as list
  from wanted_functions function
  cross join lateral (
    select part.name, part.type, coalesce(part.mode, 'i') as mode,
           pg_catalog.row_number() over (order by part.position) as input_position
    from rows from (
      pg_catalog.unnest(coalesce(function.proallargtypes, function.proargtypes::oid[])),
      pg_catalog.unnest(function.proargmodes),
      pg_catalog.unnest(function.proargnames)
    ) with ordinality as part (type, mode, name, position)
    where coalesce(part.mode, 'i') in ('i', 'b', 'v')
  ) argument
  left join pg_catalog.pg_type row_type on row_type.oid = argument.type
  left join pg_catalog.pg_class relation
    on relation.oid = row_type.typrelid and relation.relkind in ('r', 'p', 'v', 'm', 'f')
  left join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
  group by function.oid
),
callers as (
  select function.oid,
         coalesce(pg_catalog.jsonb_agg(role.rolname order by role.rolname) filter (
           where pg_catalog.has_function_privilege(role.oid, function.oid, 'EXECUTE')), '[]') as list
  from wanted_functions function cross join roles role
  group by function.oid
),
functions as (
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
           'schema', namespace.nspname,
           'name', function.proname,
           'arguments', coalesce(argument_lines.list, '[]'),
           'volatility', case function.provolatile when 'i' then 'immutable' when 's' then 'stable'
             else 'volatile' end,
           'returns', pg_catalog.format_type(function.prorettype, null),
           'returns_set', function.proretset,
           'roles', callers.list,
           'comment', pg_catalog.obj_description(function.oid, 'pg_proc')
         ) order by namespace.nspname collate "C", function.proname collate "C",
                    pg_catalog.pg_get_function_identity_arguments(function.oid) collate "C"),
         '[]') as list
  from wanted_functions function
  join pg_catalog.pg_namespace namespace on namespace.oid = function.pronamespace
  left join argument_lines on argument_lines.oid = function.oid
  left join callers on callers.oid = function.oid
),
-- Aggregates over rows that give a domain named like a media type.
media_handlers as (
  select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
           'media_type', pg_catalog.lower(media_type.typname),
           'relation', case when relation.oid is not null
             then pg_catalog.jsonb_build_array(namespace.nspname, relation.relname) end)),
         '[]') as list
  from pg_catalog.pg_type media_type
  join pg_catalog.pg_proc handler on handler.prorettype = media_type.oid
    and handler.prokind = 'a' and handler.pronargs = 1
    and handler.pronamespace in (select oid from exposed)
  join pg_catalog.pg_type argument on argument.oid = handler.proargtypes[0]
  left join pg_catalog.pg_class relation
    on relation.oid = argument.typrelid and relation.relkind in ('r', 'p', 'v', 'm', 'f')
  left join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
  where media_type.typtype = 'd'
    and media_type.typname ~* '^([a-z0-9.-]+/[a-z0-9.+-]+|\*/\*)$'
    and (relation.oid is not null or argument.oid = 'pg_catalog.anyelement'::regtype)
),
-- What sessions of the API have set: they connect as authenticator, and take on the settings of the
-- role that a request has.
configured as (
  select setting.setdatabase, setting.setrole,
         pg_catalog.lower(pg_catalog.split_part(item.text, '=', 1)) as name,
         pg_catalog.substr(item.text, pg_catalog.strpos(item.text, '=') + 1) as value
  from pg_catalog.pg_db_role_setting setting
  cross join lateral pg_catalog.unnest(setting.setconfig) as item (text)
  where setting.setdatabase in (0, (select database.oid from pg_catalog.pg_database database
                                    where database.datname = pg_catalog.current_database()))
),
session_settings as (
  select setting.name, coalesce(
           (select configured.value from configured
            where configured.name = pg_catalog.lower(setting.name)
              and configured.setrole in (0, coalesce(
                (select role.oid from pg_catalog.pg_roles role where role.rolname = 'authenticator'),
                (select role.oid from pg_catalog.pg_roles role where role.rolname = session_user)))
            order by configured.setrole <> 0 desc, configured.setdatabase <> 0 desc limit 1),
           -- Not those of a role that is not the API's.
           case when exists (select 1 from configured
                             join pg_catalog.pg_roles role on role.oid = configured.setrole
                             where role.rolname = session_user
                               and configured.name = pg_catalog.lower(setting.name))
             then setting.boot_val else setting.reset_val end) as value
  from pg_catalog.pg_settings setting
  where setting.name in ('TimeZone', 'default_text_search_config', 'IntervalStyle', 'bytea_output')
),
sessions as (
  select (select pg_catalog.jsonb_object_agg(pg_catalog.lower(setting.name), setting.value)
          from session_settings setting)
         || (select pg_catalog.jsonb_build_object('letters', coalesce(letters, name))
             from default_text_order) as usual,
         (select coalesce(pg_catalog.jsonb_object_agg(own.role, own.settings), '{}')
          from (select role.rolname as role,
                       pg_catalog.jsonb_object_agg(configured.name, configured.value) as settings
                from configured
                join pg_catalog.pg_roles role on role.oid = configured.setrole
                where configured.setdatabase = 0 and role.rolname <> 'authenticator'
                  and configured.name in
                    ('timezone', 'default_text_search_config', 'intervalstyle', 'bytea_output')
                group by role.rolname) own) as by_role
),
schema_comments as (
  select coalesce(pg_catalog.jsonb_object_agg(exposed.nspname, comment.text) filter (
           where comment.text is not null), '{}') as by_schema
  from exposed
  cross join lateral (
    select pg_catalog.obj_description(exposed.oid, 'pg_namespace') as text) as comment
)
select pg_catalog.jsonb_build_object(
         'version', 1,
         'schemas', pg_catalog.to_jsonb($1::text[]),
         'schema_comments', schema_comments.by_schema,
         'session', sessions.usual,
         'role_sessions', sessions.by_role,
         'tables', tables.list,
         'functions', functions.list,
         'media_handlers', media_handlers.list) as catalog
from tables cross join functions cross join schema_comments cross join sessions
  cross join media_handlers
-- end catalog.sql
$catalog$;

-- The service role sees every table; others see those that an app of theirs can reach.
create or replace function public.holdfast_catalog() returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres'
set extra_float_digits = 1 set jit = off as $$
declare
  served constant text[] := holdfast.setting('schemas')::text[];
  document jsonb;
begin
  -- Types and defaults print as in the API's own sessions.
  perform pg_catalog.set_config('search_path', (
    select pg_catalog.string_agg(pg_catalog.quote_ident(schema), ', ') || ', public, extensions'
    from pg_catalog.unnest(served) as schema), true);
  document := holdfast.catalog_document(served);
  if current_user not in ('anon', 'authenticated') then return document; end if;
  return pg_catalog.jsonb_set(document, '{tables}', (
    select coalesce(pg_catalog.jsonb_agg(item order by place), '[]')
    from pg_catalog.jsonb_array_elements(document -> 'tables') with ordinality as one (item, place)
    where item -> 'privileges' ?| array['anon', 'authenticated']));
end $$;
comment on function public.holdfast_catalog() is 'Holdfast: the schema, as a gateway reads it';

-- ---------------------------------------------------------------------------------------------

-- Drops what is called by the API, of all schemas but one: the first one may have been another.
create or replace function holdfast.drop_functions(but_of text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  made regprocedure;
begin
  for made in
    select oid::regprocedure from pg_catalog.pg_proc
    where proname in ('holdfast_push', 'holdfast_changes', 'holdfast_digest', 'holdfast_catalog',
                      'holdfast_uninstall')
      and pronamespace is distinct from pg_catalog.to_regnamespace(pg_catalog.quote_ident(but_of))
  loop
    execute pg_catalog.format('drop function %s', made);
  end loop;
end $$;

-- For another list of served schemas, with the first one of it.
create or replace function holdfast.serve_from(first text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform holdfast.drop_functions(first);
  perform holdfast.watch_tables();
end $$;

-- Takes everything away and gives the hook back to whoever had it.
create or replace function public.holdfast_uninstall() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  earlier constant text := (select value from holdfast.settings where name = 'next_hook');
  database constant name := pg_catalog.current_database();
begin
  -- A hook that was set since then stays.
  if exists (select from pg_catalog.pg_db_role_setting
             where setrole = (select oid from pg_catalog.pg_roles where rolname = 'authenticator')
               and setdatabase = (select oid from pg_catalog.pg_database where datname = database)
               and 'pgrst.db_pre_request=holdfast.pre_request' = any (setconfig)) then
    execute pg_catalog.format('alter role authenticator in database %I reset pgrst.db_pre_request',
                              database);
    if holdfast.hook_named(earlier) is not null and not exists (
      select from pg_catalog.pg_db_role_setting
      where setrole = (select oid from pg_catalog.pg_roles where rolname = 'authenticator')
        and setdatabase = 0 and 'pgrst.db_pre_request=' || earlier = any (setconfig)) then
      execute pg_catalog.format(
        'alter role authenticator in database %I set pgrst.db_pre_request = %L', database, earlier);
    end if;
  end if;
  perform holdfast.drop_functions(null);
  drop schema holdfast cascade;
  notify pgrst, 'reload config';
  notify pgrst, 'reload schema';
end $$;

do $grants$
declare
  role name;
begin
  -- Whatever default privileges a project has.
  revoke all on all tables in schema holdfast from public;
  revoke all on function public.holdfast_uninstall() from public;
  for role in select rolname from pg_catalog.pg_roles
              where rolname in ('anon', 'authenticated', 'service_role')
  loop
    execute pg_catalog.format('revoke all on all tables in schema holdfast from %I', role);
    execute pg_catalog.format('revoke all on function public.holdfast_uninstall() from %I', role);
  end loop;
  grant execute on function public.holdfast_push(json), public.holdfast_catalog(),
    public.holdfast_changes(text, json, integer), public.holdfast_digest(json) to public;
end $grants$;

notify pgrst, 'reload config';
notify pgrst, 'reload schema';
