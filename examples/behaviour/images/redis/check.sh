container
wait_port 6379
cli() { client redis-cli "$@"; }
cli ping
cli set greeting 'grüße'
cli --raw get greeting
cli eval 'return {KEYS[1], cjson.encode({a = 1}), bit.tohex(255), redis.call("get", "greeting"), struct.size("ii")}' 1 key
cli function load '#!lua name=mine
redis.register_function("double", function(keys, args) return args[1] * 2 end)'
cli fcall double 0 21
cli pfadd visitors a b c
cli geoadd places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
cli geodist places Palermo Catania km
cli save
cli bgsave
cli config get dir
cli info server | grep -E '^(redis_version|tcp_port|config_file)'
stat -c '%U:%G %a' "$container_root/var/lib/redis/dump.rdb"
ps -o uid= -C redis-server | sort -u | wc -l
cli shutdown save
wait "$container_pid"
