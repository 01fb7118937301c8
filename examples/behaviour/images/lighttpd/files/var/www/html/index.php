<?php
header('Content-Type: text/plain');
session_start();
echo $_GET['nice'] ?? 'php', ' ', PHP_SAPI, ' ', mb_strtoupper('grüße'), ' ', json_encode(['a' => [1, null]]), ' ', (new DateTime('2025-06-21 12:00', new DateTimeZone('Asia/Tokyo')))->format('c'), "\n";
echo trim(shell_exec('echo shell | rev')), ' ', password_verify('a', password_hash('a', PASSWORD_ARGON2ID)) ? 'yes' : 'no', ' ', iconv('UTF-8', 'ISO-8859-15', 'ä') === "\xe4" ? 'yes' : 'no', "\n";
$db = new PDO('sqlite::memory:'); echo $db->query("select 'sqlite ' || 1")->fetchColumn(), ' ', simplexml_load_string('<a><b>x</b></a>')->b, "\n";
