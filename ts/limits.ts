// The named maximum of every queue, cache, body and memory of the engine. Each says its unit in its name.

/** By name; a unit stands last in each. palisade.yaml may replace them. */
export const limits = {
  /** A longer line is cut here and counted (CrowdSec stops reading at 64 KiB). One below 16 bits of offset: see Fields. */
  lineBytesMax: 65_534,
  /** Lines handed to a worker at once. */
  batchLinesMax: 1024,
  /** Bytes of log text handed to a worker at once. */
  batchBytesMax: 256 * 1024,
  /** Bytes of syslog messages waiting to be read; what comes beyond is dropped and counted. */
  syslogWaitingBytesMax: 32 * 1024 * 1024,
  /** Senders of syslog messages that are counted by name: the sender of a datagram is whoever it says it is. */
  syslogClientsMax: 1000,
  /** Batches on their way to or inside workers, for each worker. */
  batchesInFlightPerWorker: 4,
  /** Batches that a worker parses while the one before them waits for its turn to pour; about 4 MB each. */
  batchesParsedAheadMax: 2,
  /** Memory of one compiled RE2 pattern, bytes, the caches of its automata included; a grok has a second set for captures. */
  patternMemoryBytesMax: 16 * 1024 * 1024,
  /** Memory of one RE2 set, bytes; patterns of a set share it. Beyond it a set answers "try every pattern". */
  patternSetMemoryBytesMax: 32 * 1024 * 1024,
  /** Characters of one grok pattern when every name in it is replaced by its text. */
  patternTextCharsMax: 512 * 1024,
  /** How deep grok patterns may refer to one another. CrowdSec's own files need 8. */
  patternDepthMax: 64,
  /** Regular expressions kept compiled whose text comes from an expression at run time. */
  dynamicPatternsMax: 512,
  /** Characters of a text, and of a list of literals, that are compared the quick way and not by an automaton. */
  quickSearchCharsMax: 2048,
  /** Verdicts of a file of regular expressions, or of the tests on a field, that are remembered, and the longest text remembered with one, bytes. */
  rememberedVerdictsMax: 4096,
  rememberedTextBytesMax: 512,
  /** Texts of a field that have numbers at one time, at least as many as a batch has lines. */
  numberedTextsMax: 4096,
  /** IPv6 addresses whose answer a whitelist remembers. Longer texts than an address can have are not kept. */
  addressesRememberedMax: 4096,
  /**
   * Work that is poured while its overflows, or those before them, wait for names or for the Local API: batches and overflows.
   * One overflow is tens of kilobytes.
   */
  batchesWaitingMax: 64,
  overflowsWaitingMax: 256,
  /** Bucket slots in the shared table. The address space is reserved; pages cost nothing until touched. */
  bucketSlotsMax: 1 << 20,
  /** Memory for the keys, queues, kept events and distinct values of all buckets; reserved like the slots. */
  bucketArenaBytesMax: 1 << 30,
  /** Scenarios that can be loaded. */
  scenariosMax: 4096,
  /** Conditions of one bayesian scenario: their latches are the bits of one word. */
  bayesianConditionsMax: 64,
  /** Longest queue a rule can ask for with its capacity. */
  queueEventsMax: 65_536,
  /** Events a bucket keeps where the rule sets no bound (capacity -1 without cache_size). */
  keptEventsMax: 1_000,
  /** Distinct values one bucket remembers. */
  distinctValuesMax: 100_000,
  /** Characters of a line that an event of an alert carries where alerts say where they came from. Local APIs keep 8,191 bytes of an event. */
  provenanceLineCharsMax: 2048,
  /** Sets of parser nodes that are remembered, and the names of one as one text. */
  rememberedNodeSetsMax: 1024,
  /**
   * Objects of one worker, of the Local API: young ones and all, MiB. A third of the young ones is in use at a time. A whole
   * hub needs about 60 MiB, a million decisions 500.
   */
  workerYoungHeapMbMax: 6,
  workerHeapMbMax: 512,
  lapiYoungHeapMbMax: 6,
  lapiHeapMbMax: 2048,
  /** How much the old objects of any thread grow, in percent of those in use, until they are collected. */
  heapGrowthPercentMax: 30,
  /** How long a thread runs until it gives back what only its start needed, milliseconds. */
  settleDelayMs: 1_000,
  /** Events whose text is remembered for the next alert that has them, a kilobyte each. */
  alertTextsMax: 512,
  /** Overflows that pass the postoverflows (and wait for their lookups) at the same time. */
  overflowsAtOnceMax: 64,
  /** Alerts waiting for the Local API. */
  outboxAlertsMax: 10_000,
  /**
   * Alerts sent to the Local API at once, and how long their events are, characters of JSON: hundreds would be megabytes on both sides,
   * and the Local API has a thread for requests from 256 KiB on, which is not to start for what an engine sends.
   */
  outboxBatchAlertsMax: 500,
  outboxBatchCharsMax: 96 * 1024,
  /** How long a stop waits for the Local API to take the alerts on their way, milliseconds. */
  outboxDrainMs: 30_000,
  /** Nodes of one expression, as CrowdSec's expression library allows. */
  expressionNodesMax: 10_000,
  /** Levels of nesting in one expression; a run of `and` or `or` counts as one. */
  expressionDepthMax: 500,
  /** Items that the collections of one evaluation may hold together. */
  expressionItemsMax: 1_000_000,
  /** Texts of rules kept in read form, of each kind (date layouts, JSON and XML paths, networks). */
  ruleTextsMax: 1_000,
  /** Answers of DNS remembered, failures included (CrowdSec's default). */
  dnsAnswersMax: 16_384,
  /** One DNS query, milliseconds. */
  dnsTimeoutMs: 3_000,
  /** One HTTP request of an expression, milliseconds, and how much of its answer is read, bytes. */
  expressionHttpTimeoutMs: 10_000,
  expressionHttpBodyBytesMax: 10 * 1024 * 1024,
  /** Levels of lists and objects in JSON that a log line brings. */
  jsonDepthMax: 1_000,
  /** XML documents of log lines kept parsed, and the levels of elements in one. */
  xmlDocumentsMax: 16,
  xmlDepthMax: 1_000,
} as const;
