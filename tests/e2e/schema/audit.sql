-- Every effect on a row leaves one record, so that a test can count effects and not only see the
-- last.
create schema audit;
create table audit.effects (
  seq bigint generated always as identity primary key,
  relation text not null,
  operation text not null,
  row_key jsonb not null,
  old_row jsonb,
  new_row jsonb,
  at timestamptz not null default clock_timestamp()
);

-- The trigger's arguments name the key columns.
create function audit.record() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  becomes jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  row_key jsonb;
begin
  select jsonb_object_agg(name, coalesce(becomes, was) -> name)
    into row_key from unnest(tg_argv) as name;
  insert into audit.effects (relation, operation, row_key, old_row, new_row)
    values (tg_table_name, tg_op, row_key, was, becomes);
  return null;
end $$;

create trigger audit after insert or update or delete on profiles
  for each row execute function audit.record('id');
create trigger audit after insert or update or delete on todos
  for each row execute function audit.record('id');
create trigger audit after insert or update or delete on tags
  for each row execute function audit.record('id');
create trigger audit after insert or update or delete on todo_tags
  for each row execute function audit.record('todo_id', 'tag_id');
create trigger audit after insert or update or delete on comments
  for each row execute function audit.record('id');
create trigger audit after insert or update or delete on stock
  for each row execute function audit.record('warehouse', 'sku');
create trigger audit after insert or update or delete on readings
  for each row execute function audit.record('id');
create trigger audit after insert or update or delete on notes
  for each row execute function audit.record('id');
create trigger audit after insert or update or delete on submissions
  for each row execute function audit.record('id');
