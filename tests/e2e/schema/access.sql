-- Grants as a Supabase project has them, row-level security where a test needs it.
grant usage on schema public to anon, authenticated, service_role;
grant all on all tables in schema public to anon, authenticated, service_role;
grant usage on all sequences in schema public to anon, authenticated, service_role;
revoke all on secrets from anon, authenticated;
revoke all on notes from anon;
grant select on notes to anon;

alter table notes enable row level security;
create policy own_notes on notes for all to authenticated
  using (user_id = auth.uid()) with check (user_id = auth.uid());

alter table submissions enable row level security;
create policy read_submissions on submissions for select using (true);
create policy hand_in on submissions for insert with check (not accepted);
