<?php
require_once 'Symfony/Component/Console/autoload.php';
require_once 'Symfony/Component/Yaml/autoload.php';
require_once 'Symfony/Component/Process/autoload.php';
require_once 'Symfony/Component/Dotenv/autoload.php';
require_once 'Symfony/Component/EventDispatcher/autoload.php';
require_once 'Symfony/Component/Translation/autoload.php';
require_once 'Monolog/autoload.php';
require_once 'Twig/autoload.php';
require_once 'GuzzleHttp/autoload.php';
spl_autoload_register(function ($class) {
    if (str_starts_with($class, 'App\\')) {
        require __DIR__ . '/' . str_replace('\\', '/', substr($class, 4)) . '.php';
    }
});
