// The bytes of a kept event: a fixed head, then entries of a tag byte, for slots a number, and texts. Written by
// encode.ts, read by decode.ts, opaque to the module.
//
//  0              8               16      20       24     25     26      27    28
//  | id (float64) | seconds (f64) | nanos | offset | type | mode | flags |  0  | entries …
//
// A text is its length and its letters. A length below 128 of one-byte letters is one byte; any other is four, highest first,
// with the top bit set, and the next one for two bytes a letter. A million buckets keep an event each: bytes count here.

/** Bytes of the head, and where its fields are. */
export const headBytes = 28;
/** Offsets in the head. */
export const headId = 0;
export const headSeconds = 8;
export const headNanos = 16;
export const headOffset = 20;
export const headType = 24;
export const headMode = 25;
export const headFlags = 26;

/** Bits of the flags byte. */
export const keptFlag = { whitelisted: 1, process: 2, lineProcess: 4 } as const;

/**
 * Tags of entries. One named …Slot is followed by two bytes of slot number and a text, …Name by two texts, origin by three, metaTime
 * by a slot number alone (its text is the MarshaledTime, which stands before it), the rest by one text.
 */
export const entry = {
  metaSlot: 1, metaName: 2, parsedSlot: 3, parsedName: 4, enrichedSlot: 5, enrichedName: 6, marshaledTime: 7, zone: 8,
  lineRaw: 9, lineSrc: 10, lineModule: 11, lineLabels: 12, lineReadAtMs: 13, unmarshaled: 14, overflow: 15, strTime: 16,
  strTimeFormat: 17, stage: 18, whitelistReason: 19, origin: 20, metaTime: 21,
} as const;

/** Lengths from here on take four bytes. */
export const shortLengthEnd = 0x80;

/** In a length of four bytes: always set, and set for letters of two bytes each. */
export const longBit = 0x8000_0000;
export const wideBit = 0x4000_0000;
