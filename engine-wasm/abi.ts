// What the module and its callers both must know: offsets of the structs that cross the border, and codes.
// Plain constants, compiled by AssemblyScript and by TypeScript alike. Drawings of the structs are in layout.ts.

/** Changes whenever a struct changes; a memory of another version is refused. */
export const layoutVersion = 5;
export const magic = 0x424c4150;

/** Shards of the table. Fixed: the shard of a key must not depend on the number of workers. */
export const shardCount = 16;

/** The header of the memory stands here; what lies below stays untouched, so address 0 means "none". */
export const headerAt = 1024;
export const headerMagic = 0;
export const headerVersion = 4;
export const headerSlotsPerShard = 8;
export const headerScenarioCount = 16;
export const headerWorkerCount = 20;
export const headerStopped = 24;
export const headerTimedFirst = 28;
export const headerSeed = 32;
export const headerShardsAt = 48;
export const headerScenariosAt = 60;
export const headerStagingAt = 64;
export const headerSlotsAt = 72;
export const headerEndAt = 80;
export const headerDistinctValuesMax = 84;
export const headerStagingBytes = 100;

export const shardBytes = 128;
export const shardTurn = 0;
export const shardWaiters = 4;
export const shardSlotsBusy = 28;

export const scenarioBytes = 192;
export const scenarioKind = 0;
export const scenarioFlags = 4;
export const scenarioKeyId = 8;
export const scenarioQueueMax = 12;
export const scenarioBurst = 16;
export const scenarioRate = 24;
export const scenarioLifeSeconds = 32;
export const scenarioLifeNanos = 40;
export const scenarioTimedNext = 44;
export const scenarioMuteSeconds = 48;
export const scenarioMuteNanos = 56;

export const kindBucket = 0;
export const kindTrigger = 1;

/** The limiter decides (leaky and whatever else has a capacity, but conditional). */
export const flagLimited = 1;
/** The caller is asked after each accepted pour (condition, bayesian). */
export const flagAsked = 2;
/** The bucket has a fixed life from its first event and overflows at its end (a `duration`). */
export const flagTimed = 4;
/** The scenario has a blackhole. */
export const flagMutes = 8;
/** The rule leaves the queue unbounded; what our own bound drops is counted. */
export const flagQueueCapped = 16;
/** The caller decides each overflow (an overflow filter); without this flag it goes to the ring. */
export const flagFiltered = 32;

export const slotBytes = 128;
export const slotScenario = 8;
export const slotFlags = 10;
export const slotKeyLength = 12;
export const slotFirstSeconds = 32;
export const slotFirstNanos = 40;
export const slotFirstOffset = 44;
export const slotLastOffset = 46;
export const slotLastSeconds = 48;
export const slotLastNanos = 56;
export const slotCount = 60;
export const slotQueueLength = 64;
export const slotLatches = 88;
export const slotQueueInline = 96;
export const slotQueueInlineCount = 4;
export const slotQueueBlock = 96;
export const slotQueueSpace = 100;
export const slotQueueHead = 104;
export const slotKeyInline = 112;
export const slotKeyInlineBytes = 16;
export const slotKeyBlock = 112;

/** The slot is in the table, as a bucket or a mute; free ones and those in an overflow ring are not. */
export const slotBusy = 1;
export const slotTimeMachine = 2;
/** First and last are set. */
export const slotStarted = 4;
/** Not a bucket: the mute (blackhole) of a key, `first` being its end. */
export const slotMute = 8;
/** The queue outgrew the slot: its entries lie in a block, a ring of queueSpace. */
export const slotQueueOut = 16;

/** Key and distinct lengths carry this bit when the bytes are UTF-16 and not Latin-1. */
export const textWide = 0x40000000;

export const keptRefs = 0;
export const keptLength = 4;
export const keptBytesAt = 8;
/** Largest encoding of a kept event: what one block of the slab allocator can hold. */
export const keptBytesMax = 262136;

/** Staging: what one worker pours next, and what the module answers. One area for each worker. */
export const stagingRecordCount = 0;
export const stagingEventCount = 4;
export const stagingNowSeconds = 8;
export const stagingNowNanos = 16;
export const stagingFlags = 20;
export const stagingRecord = 24;
export const stagingSlot = 28;
export const stagingDirtyCount = 32;
export const stagingRingCount = 40;
export const stagingCursors = 64;
export const stagingTails = 128;
export const stagingRecordsAt = 256;
export const stagingRecordsMax = 8192;
export const recordBytes = 48;
export const stagingEventsMax = 2048;
export const stagedEventBytes = 32;
export const stagingEventsAt = 393472;
export const stagingBytesAt = 459008;
export const stagingBytesMax = 2097152;
export const stagingRingAt = 2556160;
export const ringEntriesMax = 64;
export const ringEntryBytes = 16;
export const stagingTextsAt = 2557184;
export const stagingStatsAt = 2688256;

/** The texts of a worker that kept events refer to by number: how many, then for each where it begins and its length, then bytes. */
export const textsMax = 1024;
export const textEntriesAt = 8;
export const textBytesAt = 8200;
export const textBytesMax = 122872;

/** Staging flag: after the records, expire what the time of the batch lets expire. */
export const stagingReap = 1;

export const ringCode = 0;
export const ringSlot = 4;
export const ringRecord = 8;

export const recordScenario = 0;
export const recordEvent = 4;
export const recordKeyAt = 8;
export const recordKeyLength = 12;
export const recordDistinctAt = 16;
export const recordDistinctLength = 20;
export const recordFlags = 24;
export const recordNext = 28;
export const recordHash = 32;

/** The scenario has `distinct` and its value could be evaluated. */
export const recordDistinct = 1;
/** `cancel_on` is true for this event. */
export const recordCancel = 2;

export const stagedSeconds = 0;
export const stagedNanos = 8;
export const stagedOffset = 12;
export const stagedFlags = 16;
export const stagedBytesAt = 20;
export const stagedBytesLength = 24;
export const stagedKept = 28;

/** The event's time could be parsed. */
export const stagedTimed = 1;
/** Buckets that this event creates follow the time of the log. */
export const stagedTimeMachine = 2;

/** Counts of one worker and scenario, u32 each, since the caller last took them. */
export const statsBytes = 64;
export const statPoured = 0;
export const statOverflowed = 1;
export const statCanceled = 2;
export const statUnderflowed = 3;
export const statCreated = 4;
export const statDestroyed = 5;
export const statEvicted = 6;
export const statMuted = 7;
export const statEventsLost = 8;
export const statDistinctFull = 9;
export const statQueueCut = 10;
export const statUntimed = 11;
export const statDirty = 15;

/** What `pour` returns. */
export const pourDone = 0;
/** A bucket ran over at its last event: take its queue. Returned for filtered rules, to be answered by replyClose or
 * replyCloseAndMute; for all others this and the next two stand in the ring. */
export const pourOverflow = 1;
/** A trigger fired; there is no slot. */
export const pourTrigger = 2;
/** A timed bucket reached its end. The record is 0 when no event caused it. */
export const pourExpired = 3;
/** An event was accepted: evaluate the conditions, then answer replyKeep or replyOverflow. */
export const pourAsk = 4;
/** The overflow ring is full, or the shard is done: take what is in it, then answer replyTaken. */
export const pourRing = 5;

/** What the caller answers to the code before. */
export const replyNone = 0;
export const replyKeep = 1;
export const replyOverflow = 2;
export const replyClose = 3;
export const replyCloseAndMute = 4;
export const replyTaken = 5;

/** What `awaitTurn` returns. */
export const turnCame = 1;
export const turnStopped = 0;
export const turnTimedOut = 2;
