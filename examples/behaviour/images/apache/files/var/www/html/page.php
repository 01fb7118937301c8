<?php
date_default_timezone_set('America/New_York');
$extensions = get_loaded_extensions();
sort($extensions);
echo php_sapi_name(), ' ', implode(' ', $extensions), "\n";
echo $_GET['word'] ?? '', ' ', mb_strlen('grüße'), ' ', date('c', 1750500000), "\n";
echo json_encode(preg_match('/\p{L}+/u', 'ü')), ' ', hash('crc32b', 'slim'), "\n";
