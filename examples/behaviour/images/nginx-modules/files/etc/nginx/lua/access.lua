local semaphore = require "ngx.semaphore"
if not semaphore.new(1) or ngx.var.arg_key ~= "1" then return ngx.exit(ngx.HTTP_FORBIDDEN) end
