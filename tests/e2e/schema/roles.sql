-- Supabase's roles; roles belong to the cluster, so this runs once for the whole test run.
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
-- Whose settings are those of the API.
create role authenticator nologin noinherit;
