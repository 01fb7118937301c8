import 'dotenv/config';
import Fastify from 'fastify';
import { execFile, fork, spawn } from 'node:child_process';
import { createHash, randomUUID, scryptSync, createSign, generateKeyPairSync } from 'node:crypto';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { createRequire } from 'node:module';
import zlib from 'node:zlib';
import dns from 'node:dns/promises';
import tools from '#tools';

const require = createRequire(import.meta.url);
const app = Fastify({ logger: process.env.LOG ? { level: process.env.LOG, transport: { target: 'pino-pretty', options: { colorize: false } } } : false });
await app.register(import('@fastify/static'), { root: new URL('../public', import.meta.url).pathname, prefix: '/static/' });
await app.register(import('@fastify/view'), { engine: { ejs: require('ejs') }, root: new URL('../views', import.meta.url).pathname });
app.get('/page', (request, reply) => reply.view('page.ejs', { name: request.query.name ?? 'nobody' }));
app.get('/bcrypt', async () => { const bcrypt = require('bcrypt'); return bcrypt.compare('secret', await bcrypt.hash('secret', 4)); });
app.get('/image/:kind', async (request) => {
  const { default: sharp } = await import('sharp');
  const picture = await sharp({ create: { width: 40, height: 20, channels: 3, background: 'navy' } })
    .composite([{ input: Buffer.from('<svg width="20" height="10"><circle cx="5" cy="5" r="4" fill="red"/></svg>') }]).resize(20)[request.params.kind]().toBuffer();
  const { format, width, height } = await sharp(picture).metadata();
  return { format, width, height };
});
app.get('/worker', () => new Promise((resolve, reject) => {
  const worker = new Worker(new URL('../jobs/worker.js', import.meta.url), { workerData: 20 });
  worker.once('message', resolve).once('error', reject);
}));
app.get('/fork', () => new Promise((resolve) => { fork(new URL('../jobs/child.cjs', import.meta.url).pathname, ['x']).once('message', resolve); }));
app.get('/exec', async () => (await promisify(execFile)('sha256sum', ['/app/package.json'])).stdout.length);
app.get('/spawn', () => new Promise((resolve) => {
  let text = '';
  const child = spawn('rev | sort', { shell: true });
  child.stdout.on('data', (data) => { text += data; }).on('close', () => resolve(text));
  child.stdin.end('abc\nxyz\n');
}));
app.get('/crypto', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return [createHash('sha3-256').update('slim').digest('hex').slice(0, 8), scryptSync('a', 'b', 8).toString('hex'), createSign('sha256').update('x').sign(privateKey).length > 60, randomUUID().length];
});
app.get('/zlib', () => zlib.brotliDecompressSync(zlib.brotliCompressSync('slim')).toString() + zlib.gunzipSync(zlib.gzipSync('slim')).toString());
app.get('/intl', () => tools.intl());
app.get('/plugin/:name', async (request) => (await import(`../jobs/${request.params.name}.plugin.js`)).default());
app.get('/dns', async () => (await dns.lookup('localhost', { family: 4 })).address);
app.get('/fails', () => { throw Object.assign(new Error('wrong'), { statusCode: 418 }); });
process.on('SIGTERM', () => app.close().then(() => process.exit(0)));
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
