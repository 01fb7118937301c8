const express = require('express');
const app = express();
app.use(express.json());
app.get('/', (request, response) => response.send('<p>a page</p>'));
app.post('/echo', (request, response) => response.json(request.body));
app.get('/facts', async (request, response) => {
  const zlib = require('zlib');
  const { Worker } = require('worker_threads');
  const tls = require('tls');
  const worker = new Worker('require("worker_threads").parentPort.postMessage(6 * 7)', { eval: true });
  const answer = await new Promise((resolve) => worker.once('message', resolve));
  response.json({
    answer,
    gzip: zlib.gzipSync('slim').length,
    brotli: zlib.brotliCompressSync('slim').length,
    german: new Intl.NumberFormat('de-DE').format(1234567.8),
    time: new Date(1750500000000).toLocaleString('en-GB', { timeZone: 'Australia/Sydney' }),
    digest: require('crypto').createHash('sha256').update('slim').digest('hex'),
    ciphers: tls.getCiphers().length,
    address: await require('dns').promises.lookup('localhost').then((found) => found.address),
    module: (await import('node:path')).basename('/a/b'),
  });
});
app.use(express.static('/app/public'));
app.listen(18085, '127.0.0.1');
