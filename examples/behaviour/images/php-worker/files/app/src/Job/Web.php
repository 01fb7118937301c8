<?php
namespace App\Job;

class Web
{
    public function run(): array
    {
        $client = new \GuzzleHttp\Client(['timeout' => 5]);
        $answer = $client->get('http://127.0.0.1:18400/page');
        return [$answer->getStatusCode(), trim((string) $answer->getBody()), trim(file_get_contents('http://127.0.0.1:18400/page'))];
    }
}
