<?php
namespace App\Job;

class Tools
{
    public function run(): array
    {
        $pipes = [];
        $process = proc_open('sort -r | head -n 1', [['pipe', 'r'], ['pipe', 'w']], $pipes);
        fwrite($pipes[0], "a\nc\nb\n");
        fclose($pipes[0]);
        $line = trim(stream_get_contents($pipes[1]));
        proc_close($process);
        return [$line, trim(shell_exec('date -u -d @0 +%Y')), trim(`printf x | sha1sum | cut -c1-8`), password_verify('a', password_hash('a', PASSWORD_ARGON2ID)), bin2hex(substr(openssl_digest('x', 'sha3-256', true), 0, 4)), is_string(sodium_crypto_secretbox_keygen())];
    }
}
