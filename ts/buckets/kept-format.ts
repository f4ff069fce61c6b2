// The bytes of a kept event: a fixed head, then entries of a tag byte, for slots a number, and texts. Written by
// encode.ts, read by decode.ts, opaque to the module.
//
//  0              8               16      17              21
//  | id (float64) | seconds (f64) | flags | nanos (int32) | offset (int32) | entries …
//                                         without these two where flags say that both are 0
//
// A text is its length and its letters. A length below 128 of one-byte letters is one byte; any other is four, highest first,
// with the top bit set, and the next one for two bytes a letter. A slot number below 255 is one byte, any other that and two
// more. A million buckets keep an event each: bytes count here.

/** Offsets in the head, and its length without and with nanoseconds and offset. */
export const headId = 0;
export const headSeconds = 8;
export const headFlags = 16;
export const headNanos = 17;
export const headOffset = 21;
export const headBytesShort = 17;
export const headBytesLong = 25;

/** Bits of the flags byte; the type stands above them. */
export const keptFlag = { whitelisted: 1, process: 2, lineProcess: 4, timeMachine: 8, wholeSecond: 16 } as const;
export const typeShift = 5;

/**
 * Tags of entries. One named …Slot is followed by a slot number and a text, …Name by two texts, …Range by a slot number and where
 * in the head of the line (which an origin before it gave) its text begins and how long it is, 12 bits each. Origin has the
 * text or number of a file, the head of the line, the text or number of its nodes; metaTime and metaSrc a slot number alone: their text is the MarshaledTime, or the file of the origin. The rest have one text.
 */
export const entry = {
  metaSlot: 1, metaName: 2, parsedSlot: 3, parsedName: 4, enrichedSlot: 5, enrichedName: 6, marshaledTime: 7, zone: 8,
  lineRaw: 9, lineSrc: 10, lineModule: 11, lineLabels: 12, lineReadAtMs: 13, unmarshaled: 14, overflow: 15, strTime: 16,
  strTimeFormat: 17, stage: 18, whitelistReason: 19, origin: 20, metaTime: 21, metaSrc: 22, metaRange: 23, parsedRange: 24, enrichedRange: 25,
} as const;

/** Ends of ranges that 12 bits can tell. */
export const rangeEndMax = 0xfff;

/** Slot numbers from here on take three bytes. */
export const shortSlotEnd = 0xff;

/** Lengths from here on take four bytes. */
export const shortLengthEnd = 0x80;

/** In a length of four bytes: always set, and set for letters of two bytes each. */
export const longBit = 0x8000_0000;
export const wideBit = 0x4000_0000;
