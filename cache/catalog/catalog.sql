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
