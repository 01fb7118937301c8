container postgres -c port=15432
wait_port 15432
sql() { client /usr/lib/postgresql/15/bin/psql -h 127.0.0.1 -p 15432 -U postgres -X -A -t -v ON_ERROR_STOP=1 -c "$1" "${2:-app}"; }
sql 'show server_encoding'; sql 'show lc_collate'
sql 'create extension pgcrypto; create extension hstore; create extension "uuid-ossp"; create extension pg_trgm; create extension unaccent'
sql "select encode(digest('slim', 'sha256'), 'hex'), 'a=>1'::hstore -> 'a', similarity('word', 'words'), unaccent('grüße')"
sql "select string_agg(word, ' ' order by word collate \"en_US.utf8\") from (values ('b'), ('A'), ('a'), ('B')) t(word)"
sql "select string_agg(word, ' ' order by word collate \"de-x-icu\") from (values ('z'), ('ä'), ('a')) t(word)"
sql "set timezone = 'Europe/Berlin'; select to_timestamp(1750500000)"
sql "select timestamptz '2025-06-21 12:00 NZST' at time zone 'UTC'"
sql "select to_tsvector('english', 'The servers were running') @@ to_tsquery('english', 'server & run')"
sql "select convert_to('grüße', 'LATIN1'), convert_from('\\x938c8b9e', 'SJIS')"
sql "create function seven() returns int language plpgsql as 'begin return 7; end'; select seven()"
sql "select xmlparse(document '<a>1</a>')"
# Above the threshold for compiling queries: with or without the compiler the answer is the same.
sql "set jit_above_cost = 0; set jit_inline_above_cost = 0; set jit_optimize_above_cost = 0; select sum(sqrt(i)::numeric(10,2)) from generate_series(1, 20000) i"
sql "create table t as select i, md5(i::text) word from generate_series(1, 1000) i; create index on t using gin (word gin_trgm_ops); analyze t; select count(*) from t where word like '%abc%'"
sql "select name from pg_timezone_names where name = 'Asia/Tokyo'"
sql 'select count(*) from pg_available_extensions'
run pg_isready -p 15432 -h 127.0.0.1
sql checkpoint
