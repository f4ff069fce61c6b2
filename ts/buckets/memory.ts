// The shared memory of all buckets and the only loader of the WASM module. The main thread creates a memory for its
// scenarios; each worker attaches an instance of its own over it. Offsets of structs come from engine-wasm/abi.ts.

import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as abi from '../../engine-wasm/abi.js';
import { PalisadeError } from '../errors.js';
import { limits } from '../limits.js';
import { lifetimeOf, queueLengthOf, type ScenarioSpec } from './scenario.js';

/** What the module exports; engine-wasm/index.ts says what each does. */
export interface EngineExports {
  measure(slotsPerShard: number, slabCount: number, scenarioCount: number, workerCount: number): number;
  format(slotsPerShard: number, slabCount: number, scenarioCount: number, workerCount: number, turn: number): void;
  stage(worker: number): number;
  awaitTurn(shard: number, turn: number, timeoutMs: number): number;
  passTurn(shard: number): void;
  pour(worker: number, shard: number, reply: number): number;
  clear(worker: number): void;
  blocksInUse(): number;
}

/** A bucket memory as it travels to workers: both parts may be posted, the memory is shared, not copied. */
export interface SharedBuckets {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
}

export interface BucketMemoryOptions {
  readonly workerCount: number;
  /** Slots of the whole table; rounded up to a power of two for each shard. */
  readonly slotsMax?: number;
  /** Bytes for keys, queues, events and distinct values. */
  readonly arenaBytesMax?: number;
  readonly distinctValuesMax?: number;
  readonly keptEventsMax?: number;
  /** Sequence number of the first batch. */
  readonly firstSeq?: number;
  /** 16 bytes; random when absent. Only tests give one. */
  readonly hashSeed?: Uint8Array;
}

const pageBytes = 65_536;
const slabBytes = 262_144;

/** Creates and lays out a memory for these scenarios. Throws E_NATIVE when it cannot be had. */
export function createBuckets(scenarios: readonly ScenarioSpec[], options: BucketMemoryOptions): SharedBuckets {
  const module = new WebAssembly.Module(readModule());
  const slotsPerShard = powerOfTwoAbove((options.slotsMax ?? limits.bucketSlotsMax) / abi.shardCount);
  const slabCount = Math.ceil((options.arenaBytesMax ?? limits.bucketArenaBytesMax) / slabBytes);
  // Scenario 0 exists even without rules, so that no area is empty.
  const sizes = [slotsPerShard, slabCount, Math.max(scenarios.length, 1), options.workerCount] as const;
  const scratch = new WebAssembly.Memory({ initial: 16, maximum: 32_768, shared: true });
  const bytes = instantiate(module, scratch).measure(...sizes);
  const memory = reserve(Math.ceil(bytes / pageBytes));
  instantiate(module, memory).format(...sizes, 2 * (options.firstSeq ?? 0));
  writeSeed(memory, options.hashSeed);
  const words = new Uint32Array(memory.buffer);
  words[(abi.headerAt + abi.headerDistinctValuesMax) / 4] = options.distinctValuesMax ?? limits.distinctValuesMax;
  writeScenarios(memory, scenarios, options.keptEventsMax ?? limits.keptEventsMax);
  return { memory, module };
}

/** The module over a memory, with typed views: what a worker (or a test) pours through. */
export class BucketEngine {
  readonly exports: EngineExports;
  readonly bytes: Buffer;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly float64: Float64Array;
  readonly scenarioCount: number;
  readonly workerCount: number;

  constructor({ memory, module }: SharedBuckets) {
    this.bytes = Buffer.from(memory.buffer);
    this.int32 = new Int32Array(memory.buffer);
    this.uint32 = new Uint32Array(memory.buffer);
    this.float64 = new Float64Array(memory.buffer);
    const header = abi.headerAt / 4;
    const version = this.uint32[header + abi.headerVersion / 4];
    if (this.uint32[header] !== abi.magic || version !== abi.layoutVersion) {
      throw new PalisadeError('E_NATIVE', `the bucket memory has layout ${version}, this build reads ${abi.layoutVersion}`);
    }
    this.scenarioCount = this.uint32[header + abi.headerScenarioCount / 4];
    this.workerCount = this.uint32[header + abi.headerWorkerCount / 4];
    this.exports = instantiate(module, memory);
  }

  /** Address of a worker's staging area. */
  stagingAt(worker: number): number {
    const header = abi.headerAt / 4;
    return this.uint32[header + abi.headerStagingAt / 4] + worker * this.uint32[header + abi.headerStagingBytes / 4];
  }

  /** The text that lies at an address, by its length as the memory has it (textBytes). */
  textAt(from: number, length: number): string {
    const end = from + textBytes(length);
    return (length & abi.textWide) === 0 ? this.bytes.latin1Slice(from, end) : this.bytes.toString('utf16le', from, end);
  }

  /** Slots in use, all shards together. */
  get slotsBusy(): number {
    const first = this.uint32[(abi.headerAt + abi.headerShardsAt) / 4];
    let busy = 0;
    for (let shard = 0; shard < abi.shardCount; shard++) {
      busy += this.uint32[(first + shard * abi.shardBytes + abi.shardSlotsBusy) / 4];
    }
    return busy;
  }

  /** Wakes every worker that waits for its turn and lets none wait again: they throw instead. For a stop in disorder. */
  stop(): void {
    Atomics.store(this.int32, (abi.headerAt + abi.headerStopped) / 4, 1);
    const first = this.uint32[(abi.headerAt + abi.headerShardsAt) / 4];
    for (let shard = 0; shard < abi.shardCount; shard++) {
      Atomics.notify(this.int32, (first + shard * abi.shardBytes + abi.shardTurn) / 4);
    }
  }
}

/** The bytes of a text by its length as the memory has it, with abi.textWide where letters take two bytes. */
export function textBytes(length: number): number {
  return length & (abi.textWide - 1);
}

function readModule(): Uint8Array<ArrayBuffer> {
  const path = new URL('../../engine-wasm/engine.wasm', import.meta.url);
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PalisadeError('E_NATIVE', `the bucket engine ${path.pathname} is missing: run npm run setup`, undefined,
      { cause: error });
  }
}

function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): EngineExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as EngineExports;
}

/** Takes the whole size at once: it is only address space, and views of a memory that never grows stay valid. */
function reserve(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    const megabytes = Math.round((pages * pageBytes) / 2 ** 20);
    throw new PalisadeError('E_NATIVE',
      `no ${megabytes} MiB of address space for the buckets: lower the limits in palisade.yaml`, undefined, { cause: error });
  }
}

function writeSeed(memory: WebAssembly.Memory, given: Uint8Array | undefined): void {
  const seed = given ?? randomFillSync(new Uint8Array(16));
  new Uint8Array(memory.buffer).set(seed.subarray(0, 16), abi.headerAt + abi.headerSeed);
}

function writeScenarios(memory: WebAssembly.Memory, scenarios: readonly ScenarioSpec[], keptEventsMax: number): void {
  const view = new DataView(memory.buffer);
  const first = view.getUint32(abi.headerAt + abi.headerScenariosAt, true);
  for (const [index, spec] of scenarios.entries()) {
    const at = first + index * abi.scenarioBytes;
    const flags = flagsOf(spec);
    view.setUint32(at + abi.scenarioKind, spec.type === 'trigger' ? abi.kindTrigger : abi.kindBucket, true);
    view.setUint32(at + abi.scenarioFlags, flags, true);
    view.setUint32(at + abi.scenarioKeyId, spec.keyId, true);
    view.setUint32(at + abi.scenarioQueueMax, queueLengthOf(spec) ?? keptEventsMax, true);
    view.setFloat64(at + abi.scenarioBurst, spec.capacity, true);
    view.setFloat64(at + abi.scenarioRate, 1 / secondsOf(spec.leakspeedNs), true);
    const life = lifetimeOf(spec);
    view.setFloat64(at + abi.scenarioLifeSeconds, life.seconds, true);
    view.setInt32(at + abi.scenarioLifeNanos, life.nanos, true);
    view.setFloat64(at + abi.scenarioMuteSeconds, Math.floor(spec.blackholeNs / 1e9), true);
    view.setInt32(at + abi.scenarioMuteNanos, spec.blackholeNs % 1e9, true);
    if ((flags & abi.flagTimed) === 0) continue;
    const timedFirst = abi.headerAt + abi.headerTimedFirst;
    view.setUint32(at + abi.scenarioTimedNext, view.getUint32(timedFirst, true), true);
    view.setUint32(timedFirst, index + 1, true);
  }
}

function flagsOf(spec: ScenarioSpec): number {
  return (spec.capacity !== -1 && spec.type !== 'conditional' ? abi.flagLimited : 0)
    | (spec.condition !== null || spec.bayesian !== null ? abi.flagAsked : 0)
    | (spec.durationNs !== 0 && spec.type !== 'trigger' ? abi.flagTimed : 0)
    | (spec.blackholeNs > 0 ? abi.flagMutes : 0)
    | (queueLengthOf(spec) === null ? abi.flagQueueCapped : 0)
    | (spec.overflowFilter !== null ? abi.flagFiltered : 0);
}

/** Whole seconds and the rest added as doubles, as Go's Duration.Seconds does. */
function secondsOf(ns: number): number {
  const whole = Math.floor(ns / 1e9);
  return whole + (ns - whole * 1e9) / 1e9;
}

function powerOfTwoAbove(value: number): number {
  return 2 ** Math.max(1, Math.ceil(Math.log2(value)));
}
