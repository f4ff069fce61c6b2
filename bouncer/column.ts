// Columns: numbers by row in pages that are added as rows come and never copied. A typed array that doubles stands for
// milliseconds where a million bans are held, and whoever is to be banned just then waits. What a row has in a column is
// `column[row >>> pageBits][row & pageMask]`, written out by whoever has the column: behind one function for all kinds of
// arrays it costs twice as much (bench/record, firewall). Simple version: an array of numbers.

import { bouncerLimits } from './limits.js';

/** Rows of a page. */
export const pageRows = bouncerLimits.columnPageRows;
/** A row's number without so many bits is the number of its page. */
export const pageBits = Math.log2(pageRows);
/** The other bits: its place there. */
export const pageMask = pageRows - 1;
