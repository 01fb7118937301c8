<?php
date_default_timezone_set('Europe/Berlin');
$extensions = get_loaded_extensions();
sort($extensions);
echo implode(' ', $extensions), "\n";
echo date('c', 1750500000), "\n";
echo mb_strtoupper('grüße'), ' ', iconv('UTF-8', 'ISO-8859-15//TRANSLIT', 'x') , ' ', strlen(iconv('UTF-8', 'ISO-8859-1', 'grüße')), "\n";
$document = new DOMDocument();
$document->loadXML('<a><b>text</b></a>');
echo $document->getElementsByTagName('b')[0]->textContent, "\n";
$db = new PDO('sqlite::memory:');
echo $db->query('select 6 * 7')->fetchColumn(), "\n";
session_start();
echo strlen(session_id()) > 10 ? "session\n" : "no session\n";
echo hash('sha256', 'slim'), ' ', strlen(openssl_random_pseudo_bytes(8)), ' ', curl_version()['ssl_version'] ? 'tls' : '', "\n";
echo posix_getpwuid(posix_geteuid())['name'] ?? '?', "\n";
