<?php
namespace App\Job;

class Archives
{
    public function run(): array
    {
        @unlink('/tmp/a.zip');
        $zip = new \ZipArchive();
        $zip->open('/tmp/a.zip', \ZipArchive::CREATE);
        $zip->addFromString('a.txt', str_repeat('a', 100));
        $zip->close();
        @unlink('/tmp/a.tar');
        @unlink('/tmp/a.tar.gz');
        $tar = new \PharData('/tmp/a.tar');
        $tar['b.txt'] = 'b';
        $tar->compress(\Phar::GZ);
        return [file_get_contents('zip:///tmp/a.zip#a.txt') === str_repeat('a', 100), file_get_contents('phar:///tmp/a.tar.gz/b.txt'), gzdecode(gzencode('x'))];
    }
}
