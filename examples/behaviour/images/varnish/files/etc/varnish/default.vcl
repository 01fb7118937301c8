vcl 4.1;

import std;
import directors;
include "parts/acl.vcl";

backend one { .host = "127.0.0.1"; .port = "18161"; .probe = { .url = "/health"; .interval = 1s; } }

sub vcl_init {
    new pool = directors.round_robin();
    pool.add_backend(one);
}

sub vcl_recv {
    set req.backend_hint = pool.backend();
    if (req.method == "PURGE") {
        if (!client.ip ~ purgers) { return (synth(405, "Not allowed")); }
        return (purge);
    }

    set req.http.X-User = regsub(req.http.Cookie, ".*user=", "");

    if (req.url ~ "^/file") { return (synth(700, std.fileread("/etc/varnish/text.txt"))); }
    if (req.url ~ "^/number") { return (synth(701, std.integer(regsub(req.url, ".*=", ""), 0) + 1)); }
    set req.url = std.querysort(req.url);
    unset req.http.Cookie;
}

sub vcl_backend_response {
    set beresp.do_esi = bereq.url ~ "esi";
    set beresp.do_gzip = bereq.url ~ "txt$";
    set beresp.ttl = 1m;
}

sub vcl_deliver {
    set resp.http.X-Hits = obj.hits;
    set resp.http.X-List = req.http.X-User;
}

sub vcl_synth {
    if (resp.status >= 700) {
        set resp.status = 200;
        set resp.body = resp.reason;
        return (deliver);
    }
}
