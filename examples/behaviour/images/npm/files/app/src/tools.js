import { DateTime } from 'luxon';
import YAML from 'yaml';

export default {
  intl: () => [new Intl.NumberFormat('de-AT', { style: 'currency', currency: 'EUR' }).format(1234.5), ['z', 'ä', 'a'].sort(new Intl.Collator('de').compare).join(''),
    DateTime.fromISO('2025-06-21T12:00:00Z').setZone('Asia/Tokyo').setLocale('fr').toLocaleString(DateTime.DATETIME_FULL), YAML.parse('a: [1, {b: c}]'), new TextDecoder('shift_jis').decode(Uint8Array.from([0x93, 0x8c]))],
};
