<?php
namespace App\Job;

class Languages
{
    public function run(): array
    {
        $collator = new \Collator('de');
        $words = ['z', 'ä', 'a'];
        $collator->sort($words);
        return [
            implode($words),
            (new \NumberFormatter('de_AT', \NumberFormatter::CURRENCY))->formatCurrency(1234.5, 'EUR'),
            (new \NumberFormatter('fr', \NumberFormatter::SPELLOUT))->format(81),
            (new \IntlDateFormatter('ja', \IntlDateFormatter::FULL, \IntlDateFormatter::NONE, 'Asia/Tokyo'))->format(0),
            (new \MessageFormatter('en', '{n, plural, one{# file} other{# files}}'))->format(['n' => 3]),
            transliterator_transliterate('Any-Latin; Latin-ASCII', 'Привет'),
            idn_to_ascii('grüße.test'), \Normalizer::normalize('é', \Normalizer::FORM_D) === "e\u{301}",
            mb_convert_encoding("\x93\x8c", 'UTF-8', 'SJIS'), iconv('UTF-8', 'ISO-8859-2//TRANSLIT', 'ł') === "\xb3",
            (new \DateTime('2025-06-21 12:00'))->setTimezone(new \DateTimeZone('America/New_York'))->format('c T'), bcpow('2', '70'),
        ];
    }
}
