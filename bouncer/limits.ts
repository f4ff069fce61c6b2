// The named maximum of every batch, buffer and list of the bouncer. Each says its unit in its name.

/** By name; a unit stands last in each. */
export const bouncerLimits = {
  /** Elements of one transaction, except where a set is replaced whole: about 10 ms of the kernel's time. */
  batchElementsMax: 5_000,
  /** Rows of a page of a column, and slots of a page of a table; powers of two. To make or to split one takes 0.1 ms. */
  columnPageRows: 16_384,
  slotPageSlots: 4_096,
  /** Pages of a table are at most two to the power of this: 100 million keys and more. */
  slotPageDepthMax: 16,
  /** Address space a ban may cover unless configured: /16 and /32. */
  widestIpv4Bits: 16,
  widestIpv6Bits: 32,
  /** Sets of each address family; decisions of further origins share one. */
  originsMax: 64,
  /** Buffers of the netlink socket. A replaced set of a million addresses is one message of 30 MB. */
  netlinkReceiveBytes: 8 * 1024 * 1024,
  netlinkSendBytes: 256 * 1024 * 1024,
  /** Text of the stream that is collected before its decisions are read. */
  streamBytesMin: 256 * 1024,
  /** A kernel that refuses is asked again after this, doubling up to the second. */
  retryMs: 100,
  retryMsMax: 10_000,
  /** Changes of others are gathered this long before they are repaired. */
  repairDelayMs: 50,
  /** After a repair the next one waits so many times as long as it took. */
  repairPauses: 3,
  /** Structure in the kernel is compared with the wanted one this often, should news have been missed. */
  checkIntervalMs: 60_000,
  /** Sets of ipset, which tells nobody of changes, are counted this often, or after so many times as long as that took. */
  ipsetLookIntervalMs: 500,
  ipsetLookShare: 30,
  /** Every so many times they are compared element by element. */
  ipsetCompareRounds: 60,
  /** A decision whose end moved less than this is the same one: durations come in whole seconds. */
  untilToleranceMs: 2_500,
  /** The Local API is asked again this soon after a failure, or as often as configured if that is more. */
  pollRetryMs: 1_000,
  /** The open stream is taken up again after this, doubling up to the second while nobody answers. */
  followRetryMs: 50,
  followRetryMsMax: 2_000,
  /** A stream that says nothing for so long is dead: its server comments every 15 seconds, and begins at once. */
  silenceMsMax: 45_000,
  firstEventMsMax: 15_000,
  /** A Local API without the stream is asked for it again this often: it may have been exchanged. */
  streamLookIntervalMs: 600_000,
  /** Text of one event. */
  eventBytesMax: 16 * 1024 * 1024,
  /** Allowlists are read again this often where no news of them come. */
  allowlistIntervalMs: 60_000,
} as const;
