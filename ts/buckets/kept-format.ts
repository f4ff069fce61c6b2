// The bytes of a kept event: a fixed head, then entries of a tag byte, for slots a number, and texts. Written by
// encode.ts, read by decode.ts, opaque to the module.
//
//  0              8               16      20       24     25     26      27    28
//  | id (float64) | seconds (f64) | nanos | offset | type | mode | flags |  0  | entries …
//
// A text is its length (four bytes, with the top bit set for two bytes a letter) and its letters.

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
 * Tags of entries. One named …Slot is followed by two bytes of slot number and a text, …Name by two texts, origin by three, the
 * rest by one text.
 */
export const entry = {
  metaSlot: 1, metaName: 2, parsedSlot: 3, parsedName: 4, enrichedSlot: 5, enrichedName: 6, marshaledTime: 7, zone: 8,
  lineRaw: 9, lineSrc: 10, lineModule: 11, lineLabels: 12, lineReadAtMs: 13, unmarshaled: 14, overflow: 15, strTime: 16,
  strTimeFormat: 17, stage: 18, whitelistReason: 19, origin: 20,
} as const;

/** In a text's length: its letters take two bytes each. */
export const wideBit = 0x8000_0000;
