-- wrk's side of a benchmark: the targets of a file in turn, and the outcome as one line of JSON.
-- Arguments: the file, then header lines as "Name: value".

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "wrk_outcome.lua")

local requests = {}
local at = 0

function init(arguments)
  take_headers(arguments)
  for target in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", target)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
