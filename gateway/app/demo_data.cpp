#include "gateway/app/demo_data.h"

namespace holdfast::app {

const std::string_view kDemoCatalog = R"json({"version":1,"schemas":["public"],"functions":[],
"tables":[
{"schema":"public","name":"projects","kind":"table","comment":"What todos belong to",
 "row_security":false,"columns":[
  {"name":"id","type":"uuid","nullable":false,"default":"gen_random_uuid()","generated":null,"identity":null,"byte_order":true,"comment":""},
  {"name":"name","type":"text","nullable":false,"default":null,"generated":null,"identity":null,"byte_order":true,"comment":""},
  {"name":"updated_at","type":"timestamp with time zone","nullable":false,"default":"now()","generated":null,"identity":null,"byte_order":true,"comment":""}],
 "primary_key":{"name":"projects_pkey","columns":["id"]},"unique":[{"name":"projects_name_key","columns":["name"]}],
 "foreign_keys":[],"triggers":[],"checks":[],
 "privileges":{"anon":["select","insert","update","delete"]},"definition":""},
{"schema":"public","name":"todos","kind":"table","comment":"Things to do",
 "row_security":false,"columns":[
  {"name":"id","type":"uuid","nullable":false,"default":"gen_random_uuid()","generated":null,"identity":null,"byte_order":true,"comment":""},
  {"name":"title","type":"text","nullable":false,"default":null,"generated":null,"identity":null,"byte_order":true,"comment":""},
  {"name":"done","type":"boolean","nullable":false,"default":"false","generated":null,"identity":null,"byte_order":true,"comment":""},
  {"name":"priority","type":"integer","nullable":false,"default":"0","generated":null,"identity":null,"byte_order":true,"comment":""},
  {"name":"project_id","type":"uuid","nullable":true,"default":null,"generated":null,"identity":null,"byte_order":true,"comment":""},
  {"name":"created_at","type":"timestamp with time zone","nullable":false,"default":"now()","generated":null,"identity":null,"byte_order":true,"comment":""},
  {"name":"updated_at","type":"timestamp with time zone","nullable":false,"default":"now()","generated":null,"identity":null,"byte_order":true,"comment":""}],
 "primary_key":{"name":"todos_pkey","columns":["id"]},"unique":[],
 "foreign_keys":[{"name":"todos_project_id_fkey","columns":["project_id"],"ref_schema":"public","ref_table":"projects","ref_columns":["id"],"on_update":"no action","on_delete":"cascade"}],
 "triggers":[],"checks":[],
 "privileges":{"anon":["select","insert","update","delete"]},"definition":""}
]})json";

const DemoTable kDemoTables[2] = {{"projects", R"json([
{"id":"0b8e7f52-4a1c-4d0e-9a52-6d2f6c1a0001","name":"Shop","updated_at":"2026-01-05T09:00:00+00:00"},
{"id":"0b8e7f52-4a1c-4d0e-9a52-6d2f6c1a0002","name":"Workshop","updated_at":"2026-01-05T09:00:00+00:00"}])json"},
                                  {"todos", R"json([
{"id":"5d1f3c8a-2b6e-4f7d-8c90-1e4a7b2c0001","title":"Count the till","done":true,"priority":2,"project_id":"0b8e7f52-4a1c-4d0e-9a52-6d2f6c1a0001","created_at":"2026-01-05T09:01:00+00:00","updated_at":"2026-01-05T09:01:00+00:00"},
{"id":"5d1f3c8a-2b6e-4f7d-8c90-1e4a7b2c0002","title":"Order paper rolls","done":false,"priority":1,"project_id":"0b8e7f52-4a1c-4d0e-9a52-6d2f6c1a0001","created_at":"2026-01-05T09:02:00+00:00","updated_at":"2026-01-05T09:02:00+00:00"},
{"id":"5d1f3c8a-2b6e-4f7d-8c90-1e4a7b2c0003","title":"Sharpen the chisels","done":false,"priority":0,"project_id":"0b8e7f52-4a1c-4d0e-9a52-6d2f6c1a0002","created_at":"2026-01-05T09:03:00+00:00","updated_at":"2026-01-05T09:03:00+00:00"}])json"}};

}  // namespace holdfast::app
