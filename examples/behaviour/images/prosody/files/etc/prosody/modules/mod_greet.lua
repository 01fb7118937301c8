module:depends("http");
local json = require "util.json";
local hashes = require "util.hashes";
local template = require "util.template";
module:provides("http", {
  default_path = "/greet";
  route = {
    ["GET"] = function(event)
      event.response.headers.content_type = "application/json";
      return json.encode({ hashes.sha256("x", true), tostring(template [[<a>{b}</a>]].apply({ b = "c" })) });
    end;
  };
});
