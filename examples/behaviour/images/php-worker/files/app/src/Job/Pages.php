<?php
namespace App\Job;

use Symfony\Component\Translation\Loader\YamlFileLoader;
use Symfony\Component\Translation\Translator;

class Pages
{
    public function run(): array
    {
        $twig = new \Twig\Environment(new \Twig\Loader\FilesystemLoader(__DIR__ . '/../../templates'), ['cache' => '/tmp/twig']);
        $translator = new Translator('de');
        $translator->addLoader('yaml', new YamlFileLoader());
        $translator->addResource('yaml', __DIR__ . '/../../translations/messages.de.yaml', 'de');
        $xsl = new \XSLTProcessor();
        $style = new \DOMDocument();
        $style->load(__DIR__ . '/../../templates/style.xsl');
        $xsl->importStylesheet($style);
        $text = new \DOMDocument();
        $text->loadXML('<a><b>x</b></a>');
        return [trim($twig->render('page.txt.twig', ['words' => ['b', 'ä']])), $translator->trans('hello', ['%name%' => 'x']), trim($xsl->transformToXML($text))];
    }
}
