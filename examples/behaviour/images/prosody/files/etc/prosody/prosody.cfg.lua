pidfile = "/run/prosody/prosody.pid"
plugin_paths = { "/etc/prosody/modules" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "carbons", "pep", "private", "blocklist", "vcard4", "vcard_legacy", "limits", "version", "uptime", "time", "ping", "register", "mam", "csi_simple", "bosh", "websocket", "http_files", "admin_shell", "announce", "greet" }
modules_disabled = { "s2s" }
c2s_ports = { 18410 }
c2s_interfaces = { "127.0.0.1" }
http_ports = { 18411 }
http_interfaces = { "127.0.0.1" }
https_ports = { 18412 }
https_interfaces = { "127.0.0.1" }
http_files_dir = "/srv/www"
network_backend = "event"
authentication = "internal_hashed"
storage = "sql"
sql = { driver = "SQLite3", database = "prosody.sqlite" }
archive_expires_after = "1w"
c2s_require_encryption = true
consider_bosh_secure = true
consider_websocket_secure = true
ssl = { certificate = "/app/tls/server.crt", key = "/app/tls/server.key" }
https_ssl = { certificate = "/app/tls/server.crt", key = "/app/tls/server.key" }
log = { info = "*console" }
VirtualHost (os.getenv("DOMAIN") or "localhost")
Component "rooms.localhost" "muc"
  modules_enabled = { "muc_mam" }
Component "files.localhost" "http_file_share"
Include "conf.d/*.cfg.lua"
