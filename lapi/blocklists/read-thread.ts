// The thread that reads one long blocklist: started by path with the list, says what it found, ends.

import { parentPort, workerData } from 'node:worker_threads';
import { readHere, type ListToRead } from './read-list.js';

parentPort!.postMessage(readHere(workerData as ListToRead));
