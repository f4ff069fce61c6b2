// The named maximum of every body, list, page and retention slice of the Local API. Each says its unit in its name.

/** The bounds by name. */
export const lapiLimits = {
  /** Bodies of routes that anybody may call, measured after inflation. CrowdSec's figure. */
  openBodyBytesMax: 2 * 1024 * 1024,
  /** Bodies of routes behind a machine token or a bouncer key, measured after inflation. CrowdSec's figure. */
  authenticatedBodyBytesMax: 50 * 1024 * 1024,
  /** Bodies up to this size are read by the thread of the requests; reading a larger one holds others up. */
  inlineBodyBytesMax: 256 * 1024,
  /** Text of a long answer that travels between threads at once. */
  bulkPieceChars: 64 * 1024,
  /** Milliseconds after which the thread of long requests ends when none has come. */
  bulkIdleMs: 60_000,
  /** Heap of the thread of long requests, and its young part, megabytes. */
  bulkHeapMegabytesMax: 2_048,
  bulkYoungHeapMegabytesMax: 16,
  /** Its priority: a ban on a busy machine goes first, but not so far that it waits for the database's lock, which an import holds. */
  bulkNice: 5,
  /** Alerts of one POST written in one transaction. */
  alertsPerTransaction: 50,
  /** Decisions of one alert written at once; further ones follow in more such slices. */
  decisionSliceRows: 200,
  /** Slices of one transaction of SQLite while nobody goes first. A commit writes each page that it changed, and a slice changes a few of each index. */
  slicesPerTransaction: 5,
  /** Milliseconds without a further slice after which an alert is taken back: its writer is gone. Clocks of hosts may differ by less. */
  unfinishedMsMax: 300_000,
  /** Serialised meta of one event, bytes: the width of CrowdSec's column. */
  eventMetaBytesMax: 8191,
  /** Context value and key of an alert, bytes: the widths of CrowdSec's columns. */
  alertMetaValueBytesMax: 4095,
  alertMetaKeyBytesMax: 255,
  /** Rows read from the database at once while a stream is being written. */
  streamPageRows: 5_000,
  /** Different start-up streams (by their filters) kept for the bouncers that start at the same time. */
  startupStreamsMax: 8,
  /** Rows of a start-up stream serialised before other requests get a turn; each reader holds two or three such slices. */
  startupSliceRows: 1_000,
  /** Slices kept for those that read the same: a start-up of 380,000 decisions. Of a longer one, readers in step share. */
  startupBytesMax: 64 * 1024 * 1024,
  /** Milliseconds for which a start-up stream is shared while nothing changes: what is left of a ban may be told too long by as much. */
  startupSharedMsMax: 2_000,
  /** Milliseconds between writes of the last pulls of bouncers; a crash repeats a delta, it loses none. */
  pullWriteIntervalMs: 1_000,
  /** Open streams of changes, of all bouncers and of one. */
  changeStreamsMax: 1_000,
  changeStreamsPerOwnerMax: 8,
  /** Seconds after which a client that found no room should come back. */
  busyRetrySeconds: 60,
  /** Steps of the change feed kept for clients that fall behind a little, and decisions in them. */
  feedStepsMax: 64,
  feedRowsMax: 100_000,
  /** Decisions in one event of an open stream. */
  streamEventRows: 1_000,
  /** What an open stream writes at once. */
  streamPieceBytes: 256 * 1024,
  /** Milliseconds between two beats of the open streams: a sign of life, and a look at who still takes what is sent. */
  beatMs: 15_000,
  /** Beats from one comparison to the next. */
  beatsPerState: 4,
  /** Beats that a client may take nothing. */
  blockedBeatsMax: 4,
  /** Milliseconds after which a client that was cut off should come back. */
  streamRetryMs: 2_000,
  /** Milliseconds between writes of the last push of a machine, and machines for which they are known. */
  pushWriteIntervalMs: 1_000,
  pushesKeptMax: 10_000,
  /** Alerts loaded with their events and decisions at once. */
  alertPageRows: 500,
  /** Decisions of such a page that are loaded with it; more are loaded alert by alert, so many at once. */
  alertPageDecisions: 5_000,
  /**
   * Alerts that are looked up by what their decisions are; MySQL takes a thousand steps. By scenario twice as many are named in a query: those of
   * such decisions and those of that scenario; and beside these the blocklists', of two origins.
   */
  fewAlertsMax: 900,
  /** Decisions in a range from which on all are looked at, or each alert. */
  wideRangeRows: 10_000,
  /** Decisions that a list takes from memory; longer ones come from the database in their order. */
  foundInMemoryMax: 10_000,
  /** Decisions expired by one statement. */
  expireBatchRows: 256,
  /** Rows that the retention jobs look at with one statement, so that no request waits long for it. */
  flushSliceRows: 1_000,
  /** Slices that one retention job looks at in one round; the rest waits for the next minute. */
  flushSlicesPerRound: 20,
  /** Bouncer rows that one key may create by showing up from new addresses. */
  bouncersPerKeyMax: 256,
  /** Failed logins and registrations of one address in a minute. */
  attemptsPerMinuteMax: 60,
  /** Addresses whose attempts are counted at once. */
  attemptAddressesMax: 10_000,
  /** Shortest and longest token of automatic registration. CrowdSec's figures. */
  registrationTokenCharsMin: 32,
  registrationTokenCharsMax: 255,
  /** Machine tokens whose signature need not be looked at again. */
  tokensKnownMax: 1_000,
  /** bcrypt reads no further, so longer passwords are refused. */
  passwordBytesMax: 72,
  /** Hashes of machines whose right password was seen. */
  passwordsKnownMax: 10_000,
  /** Changes of decisions taken in at once, and in small transactions, which go before large ones. */
  changePartRows: 1_000,
  smallTransactionRows: 100,
  /** Large transactions that may be left for later: each is a number in the text of a position. */
  largeTransactionsLeftMax: 200,
  /** Longest text that a client of the open stream may give as its position. */
  positionCharsMax: 4_000,
  /** Slices of imports, written by this process, kept until they are found in the log. */
  writtenSlicesKept: 64,
  /** Rows of the change log kept for readers that fell behind. */
  changeRowsKept: 200_000,
  /** Targets of one bulk allowlist check. */
  allowlistTargetsMax: 1_000_000,
  /** Milliseconds between looks at the file of certificate revocation lists. CrowdSec's figure. */
  revocationLookMs: 5_000,
  /** Rows of machines or bouncers that one client certificate may create by showing up from new addresses. */
  rowsPerCertificateMax: 256,
  /** Milliseconds until the first bytes of a connection, which tell its protocol. */
  firstBytesMsMax: 10_000,
  /** Requests under way on one HTTP/2 connection. */
  http2StreamsMax: 100,
  /** Memory of one HTTP/2 connection, megabytes. */
  http2SessionMegabytesMax: 10,
  /** Milliseconds after which a silent HTTP/2 connection is closed. */
  http2IdleMsMax: 120_000,
  /** Milliseconds that requests under way get to end when the server stops. */
  shutdownMsMax: 3_000,
  /** Milliseconds between looks for connections that fell idle while the server stops. */
  idlePollMs: 50,
  /** Connections to a database server. */
  databaseConnectionsMax: 10,
  /** Decisions from which on SQLite inserts without its trigger; more than a small transaction has. */
  quietInsertRows: 101,
  /** Rows of one insert into PostgreSQL, and into MySQL, where its text is shorter than max_allowed_packet. */
  insertBatchRows: 5_000,
  mysqlInsertRows: 1_000,
  /** Seconds to wait while another process changes the schema of a MySQL database. */
  migrationWaitSecondsMax: 600,
  /** Milliseconds after which what others wrote to a database server is asked for again. */
  changePollMs: 500,
  /** Milliseconds for which a Local API keeps the recurring work of several on one database. */
  jobLeaseMs: 150_000,
  /** Milliseconds after which the columns, indexes and triggers of a database server are looked for again. */
  schemaCheckMs: 60_000,
  /** Changes of decisions kept in memory for clients that ask again, and for how many seconds. */
  journalEntriesMax: 300_000,
  journalSecondsMax: 600,
  /** Milliseconds between looks for changes while somebody waits for them. */
  watchIntervalMs: 100,
  /** Pages of the database that SQLite keeps in memory, kilobytes: each connection so much, as by itself. Four times as much made nothing faster. */
  pageCacheKilobytes: 2_048,
  /** Pages of the write-ahead log (16 MiB) before they are moved to the database file. */
  checkpointPages: 4_096,
  /**
   * While there is the thread of long requests, it moves them when it has answered all, for whoever does waits for the disk; within an import
   * only from so many on (64 MiB), and the thread of the requests, which should not have to, a little later.
   */
  bulkCheckpointPages: 16_384,
  besideBulkCheckpointPages: 20_480,
  /** Milliseconds between the log lines of the Local API and the thread that writes them. */
  logDelayMs: 20,
  /** Milliseconds to wait for another process that holds SQLite's write lock, or for a server to answer. */
  busyTimeoutMs: 10_000,
  /** Of these, milliseconds at a time for which nothing else is done, and for which everything else is. */
  busyBlockMs: 2,
  busyRetryMs: 2,
  /** Decisions by which an import runs ahead of the reader of the change log; fewer than `writtenSlicesKept` have. */
  unreadRowsMax: 8_000,
  /** Milliseconds for which imports and lists wait between two slices for those who go first, and after which one of these is believed gone. */
  giveWayMsMax: 100,
  precedenceMsMax: 200,
  /** Milliseconds after the last ban for which an import works a third of the time only, and its longest rest. */
  attackMsMax: 2_000,
  restMsMax: 100,
  /** Milliseconds for getting a blocklist, redirects included, and their number. */
  blocklistFetchMsMax: 60_000,
  blocklistRedirectsMax: 5,
  /** Milliseconds after which a refresh of a blocklist counts as dead. */
  blocklistLockMsMax: 600_000,
  /** Milliseconds before a failed blocklist is tried again; twice as long after each failure, up to its interval. */
  blocklistRetryMs: 60_000,
  /** Milliseconds between looks for blocklists that are due. */
  blocklistLookMs: 10_000,
  /** Decisions of a blocklist written at once, in one alert. */
  blocklistSliceRows: 5_000,
  /** Characters of a blocklist that are read without a thread. */
  blocklistInlineCharsMax: 65_536,
  /** Milliseconds for which the addresses of this host are taken for known. */
  ownAddressesMsMax: 60_000,
  /** Earlier decisions on one target that are looked at. */
  banHistoryRowsMax: 1_000,
  /** Bans of decisions that retention took away, and days for which they are kept. */
  pastBansMax: 1_000_000,
  pastBanDaysMax: 400,
} as const;
