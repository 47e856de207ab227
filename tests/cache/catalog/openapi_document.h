#pragma once

namespace holdfast::cache {

// What GET /rest/v1/ of a small Supabase project answers to its secret key: two tables with keys of
// the database's making, a junction, an orders table with one of each kind of column, a log without
// a key, and two views, one of which takes writes.
inline constexpr const char* kOpenApiDocument = R"json({
"swagger":"2.0",
"info":{"description":"","title":"standard public schema","version":"13.0.5"},
"host":"project.example.test:443","basePath":"/","schemes":["https"],
"consumes":["application/json","application/vnd.pgrst.object+json","text/csv"],
"produces":["application/json","application/vnd.pgrst.object+json","text/csv"],
"paths":{
 "/":{"get":{"tags":["Introspection"],"summary":"OpenAPI description (this document)",
   "produces":["application/openapi+json","application/json"],"responses":{"200":{"description":"OK"}}}},
 "/teams":{"get":{"tags":["teams"]},"post":{"tags":["teams"]},"delete":{"tags":["teams"]},
   "patch":{"tags":["teams"]}},
 "/profiles":{"get":{},"post":{},"delete":{},"patch":{}},
 "/team_members":{"get":{},"post":{},"delete":{},"patch":{}},
 "/member_notes":{"get":{},"post":{},"delete":{},"patch":{}},
 "/orders":{"get":{},"post":{},"delete":{},"patch":{}},
 "/logs":{"get":{},"post":{},"delete":{},"patch":{}},
 "/open_orders":{"get":{},"post":{},"delete":{},"patch":{}},
 "/totals":{"get":{}},
 "/rpc/close_order":{"post":{"tags":["(rpc) close_order"]}}},
"definitions":{
 "teams":{"description":"Who works together\n\nOne row each","required":["id","name","created_at"],
  "properties":{
   "id":{"description":"Note:\nThis is a Primary Key.<pk/>","format":"bigint","type":"integer"},
   "name":{"maxLength":40,"format":"character varying","type":"string"},
   "created_at":{"default":"now()","format":"timestamp with time zone","type":"string"}},
  "type":"object"},
 "profiles":{"required":["id"],
  "properties":{
   "id":{"default":"gen_random_uuid()","description":"Note:\nThis is a Primary Key.<pk/>",
    "format":"uuid","type":"string"},
   "full_name":{"description":"As printed on cards","format":"text","type":"string"}},
  "type":"object"},
 "team_members":{"required":["team_id","profile_id","role"],
  "properties":{
   "team_id":{"description":"Note:\nThis is a Primary Key.<pk/>\nThis is a Foreign Key to `teams.id`.<fk table='teams' column='id'/>",
    "format":"int64","type":"integer"},
   "profile_id":{"description":"Note:\nThis is a Primary Key.<pk/>\nThis is a Foreign Key to `profiles.id`.<fk table='profiles' column='id'/>",
    "format":"uuid","type":"string"},
   "role":{"default":"member","description":"What they may do","enum":["owner","member"],
    "format":"public.member_role","type":"string"}},
  "type":"object"},
 "member_notes":{"required":["id"],
  "properties":{
   "id":{"description":"Note:\nThis is a Primary Key.<pk/>","format":"int32","type":"integer"},
   "team":{"description":"Whose\n\nNote:\nThis is a Foreign Key to `team_members.team_id`.<fk table='team_members' column='team_id'/>",
    "format":"bigint","type":"integer"},
   "profile":{"description":"Note:\nThis is a Foreign Key to `team_members.profile_id`.<fk table='team_members' column='profile_id'/>",
    "format":"uuid","type":"string"},
   "elsewhere":{"description":"Note:\nThis is a Foreign Key to `buckets.id`.<fk table='buckets' column='id'/>",
    "format":"text","type":"string"}},
  "type":"object"},
 "orders":{"required":["id","code","amount","paid","tags"],
  "properties":{
   "id":{"description":"Note:\nThis is a Primary Key.<pk/>","format":"uuid","type":"string"},
   "code":{"default":"it's new","format":"text","type":"string"},
   "amount":{"default":0,"format":"numeric","type":"number"},
   "paid":{"default":false,"format":"boolean","type":"boolean"},
   "tags":{"format":"text[]","items":{"type":"string"},"type":"array"},
   "extra":{"format":"jsonb"},
   "seller":{"default":"auth.uid()","format":"uuid","type":"string"},
   "day":{"default":"CURRENT_DATE","format":"date","type":"string"},
   "lines":{"format":"integer","type":"integer"}},
  "type":"object"},
 "logs":{"required":["at"],
  "properties":{"at":{"format":"timestamp with time zone","type":"string"},
   "words":{"format":"text","type":"string"}},
  "type":"object"},
 "open_orders":{
  "properties":{"id":{"description":"Note:\nThis is a Primary Key.<pk/>","format":"uuid","type":"string"},
   "code":{"format":"text","type":"string"}},
  "type":"object"},
 "totals":{"properties":{"sum":{"format":"numeric","type":"number"}},"type":"object"}},
"parameters":{"select":{"name":"select","description":"Filtering Columns","required":false,
  "in":"query","type":"string"}},
"externalDocs":{"description":"PostgREST Documentation","url":"https://postgrest.org/en/v13/references/api.html"}
})json";

}  // namespace holdfast::cache
