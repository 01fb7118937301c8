local cjson = require "cjson.safe"
local lrucache = require "resty.lrucache"
local cache = lrucache.new(10)
local site = {}
function site.answer()
  local name = ngx.var.arg_name or "nobody"
  local seen = cache:get(name)
  cache:set(name, true, 60)
  local count = ngx.shared.counters:incr("n", 1, 0)
  ngx.say(cjson.encode({ count, seen or false, ngx.md5(name), ngx.re.match(name, "([a-z]+)", "jo")[1] }))
end
return site
