import { parentPort, workerData } from 'node:worker_threads'; const f = (n) => n < 2 ? n : f(n - 1) + f(n - 2); parentPort.postMessage({ value: f(workerData) });
