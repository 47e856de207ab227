-- wrk's side of a benchmark of inserts: rows of the sample with ever new ids, and the outcome as
-- one line of JSON. Arguments: the first id, then header lines as "Name: value".

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "wrk_outcome.lua")

local id

function init(arguments)
  id = tonumber(arguments[1])
  take_headers(arguments)
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  id = id + 1
  return wrk.format("POST", "/rest/v1/items", nil, string.format(
    '{"id":%d,"list_id":1,"name":"name of %d","note":"a few words about number %d",' ..
    '"category":"category 1","quantity":1,"price":1.50,"active":true,' ..
    '"created_at":"2026-01-10T12:30:10.123456+00:00",' ..
    '"updated_at":"2026-01-10T12:30:10.123456+00:00"}', id, id, id))
end
