<?php
namespace App\Job;

use Symfony\Component\Process\Process;

class Pictures
{
    public function run(): array
    {
        $image = imagecreatetruecolor(80, 40);
        $box = imagettftext($image, 12, 0, 5, 20, imagecolorallocate($image, 255, 0, 0), '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', 'slim');
        $sizes = [];
        foreach (['png', 'jpeg', 'webp', 'gif', 'avif'] as $kind) {
            if (!function_exists("image$kind") || !@("image$kind")($image, "/tmp/a.$kind")) {
                $sizes[$kind] = null;
                continue;
            }
            $sizes[$kind] = @getimagesize("/tmp/a.$kind")['mime'] ?? 'none';
        }
        $process = new Process(['convert', '/tmp/a.png', '-resize', '50%', '/tmp/b.tiff']);
        $process->mustRun();
        return [$box, $sizes, trim((new Process(['identify', '-format', '%m %w', '/tmp/b.tiff']))->mustRun()->getOutput())];
    }
}
