container mariadbd --bind-address=127.0.0.1 --port=18091 --skip-log-bin
wait_port 18091
sql() { client mariadb --protocol=tcp --host=127.0.0.1 --port=18091 --user=root --batch --skip-column-names --default-character-set=utf8mb4 --execute "$1"; }
sql 'select version()'
sql 'create database app character set utf8mb4 collate utf8mb4_german2_ci'
sql "use app; create table t (word varchar(20)); insert into t values ('zeta'), ('ärger'), ('arg'); select word from t order by word"
sql "select convert('grüße' using latin1) = _latin1 x'6772fcdf65', hex(convert('東京' using sjis))"
sql "select json_value('{\"a\": [1, 2]}', '\$.a[1]'), regexp_replace('abc', '(b)', '[\\\\1]'), sha2('slim', 256), hex(aes_encrypt('a', 'key'))"
sql "use app; create table f (body text, fulltext (body)) engine=InnoDB; insert into f values ('servers run'), ('nothing'); select body from f where match (body) against ('servers')"
sql "install soname 'ha_archive'; use app; create table z (i int) engine=Archive; insert into z values (7); select * from z"
sql "select plugin_name from information_schema.plugins where plugin_status = 'ACTIVE' order by 1"
sql "show engines" | cut -f1,2 | sort
run mariadb-admin --protocol=tcp --host=127.0.0.1 --port=18091 --user=root ping
sql "shutdown"
wait "$container_pid"
