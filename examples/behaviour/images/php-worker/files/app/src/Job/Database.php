<?php
namespace App\Job;

class Database
{
    public function run(): array
    {
        $db = new \PDO($_ENV['DATABASE'], null, null, [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION]);
        $db->exec('create table if not exists t (a text)');
        $db->sqliteCreateFunction('twice', fn ($x) => $x . $x);
        return [$db->query("select twice('a')")->fetchColumn(), \PDO::getAvailableDrivers(), (new \SQLite3(':memory:'))->querySingle("select json_extract('[1,2]', '$[1]')")];
    }
}
