//! Cuts bytes into lines: spans and flags over a buffer that the caller owns. Knows nothing of files.
//! A line ends at `\n`; one `\r` before it is dropped; empty lines are skipped; every other byte is kept.

use memchr::{memchr, memchr_iter};
use std::io;

/// No byte of the line is above 0x7f.
pub const FLAG_ASCII: u8 = 1;
/// The line was longer than the limit: its rest is gone.
pub const FLAG_TRUNCATED: u8 = 2;

/// Where lines go: a buffer, two numbers a line (start, end) and one flag byte a line.
pub struct Batch<'a> {
    pub bytes: &'a mut [u8],
    pub spans: &'a mut [u32],
    pub flags: &'a mut [u8],
}

/// What one call put into a batch.
#[derive(Default, Debug, PartialEq, Clone, Copy)]
pub struct Filled {
    pub count: usize,
    /// Bytes of the buffer that lines reach into.
    pub used: usize,
    pub truncated: usize,
    /// Bytes at the start of the buffer that are done with; the rest waits in the framer.
    pub consumed: usize,
    /// The reader gave nothing: the input is at its (present) end.
    pub at_end: bool,
}

/// Line framing over input that arrives in pieces. What does not end yet waits here.
pub struct Framer {
    carry: Vec<u8>,
    /// Inside an overlong line whose start was delivered: drop up to the next `\n`.
    dropping: bool,
    line_bytes_max: usize,
}

impl Framer {
    pub fn new(line_bytes_max: usize) -> Framer {
        Framer { carry: Vec::new(), dropping: false, line_bytes_max }
    }

    /// A framer whose input starts in the middle of a line that nobody wants.
    pub fn inside_line(line_bytes_max: usize) -> Framer {
        Framer { dropping: true, ..Framer::new(line_bytes_max) }
    }

    /// Bytes read but not yet delivered.
    pub fn waiting(&self) -> &[u8] {
        &self.carry
    }

    /// Whether a complete line waits here (the last batch had no room for it).
    pub fn has_line(&self) -> bool {
        memchr(b'\n', &self.carry).is_some()
    }

    /// Fills `batch` with what waits here and what one call of `read` gives. With `last`, an unfinished line is
    /// delivered once `read` gives nothing. The buffer must be larger than the longest line; an error of `read`
    /// leaves the framer as it was.
    pub fn fill(
        &mut self,
        batch: &mut Batch,
        last: bool,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Filled> {
        let carried = self.carry.len();
        batch.bytes[..carried].copy_from_slice(&self.carry);
        let got = if carried < batch.bytes.len() { read(&mut batch.bytes[carried..])? } else { 0 };
        let end = carried + got;
        let at_end = got == 0 && carried < batch.bytes.len();
        let filled = Filled { at_end, ..Filled::default() };
        let mut lines =
            Lines { bytes: &batch.bytes[..end], spans: batch.spans, flags: batch.flags, filled };
        self.frame(&mut lines);
        if at_end && last {
            self.finish(&mut lines);
        }
        let filled = lines.filled;
        self.carry.clear();
        self.carry.extend_from_slice(&batch.bytes[filled.consumed..end]);
        Ok(filled)
    }

    fn frame(&mut self, lines: &mut Lines) {
        for newline in memchr_iter(b'\n', lines.bytes) {
            if lines.is_full() {
                return;
            }
            if self.dropping {
                self.dropping = false;
            } else {
                lines.deliver(newline, self.line_bytes_max);
            }
            lines.filled.consumed = newline + 1;
        }
        self.cut_endless(lines);
    }

    /// A line already too long, whatever follows (a `\r` before its `\n` would not count), is delivered now.
    fn cut_endless(&mut self, lines: &mut Lines) {
        let end = lines.bytes.len();
        if !self.dropping
            && end - lines.filled.consumed >= self.line_bytes_max + 2
            && !lines.is_full()
        {
            lines.deliver(end, self.line_bytes_max);
            self.dropping = true;
        }
        if self.dropping {
            lines.filled.consumed = end;
        }
    }

    fn finish(&mut self, lines: &mut Lines) {
        let end = lines.bytes.len();
        if !lines.is_full() && memchr(b'\n', &lines.bytes[lines.filled.consumed..]).is_none() {
            lines.deliver(end, self.line_bytes_max);
            lines.filled.consumed = end;
        }
    }
}

/// The lines of one batch so far.
struct Lines<'a> {
    bytes: &'a [u8],
    spans: &'a mut [u32],
    flags: &'a mut [u8],
    filled: Filled,
}

impl Lines<'_> {
    fn is_full(&self) -> bool {
        self.filled.count == self.flags.len().min(self.spans.len() / 2)
    }

    /// Adds the line from what is consumed to `end`, unless it is empty.
    fn deliver(&mut self, end: usize, line_bytes_max: usize) {
        let Filled { consumed: start, count, .. } = self.filled;
        let line = &self.bytes[start..end];
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        if text.is_empty() {
            return;
        }
        let cut = &text[..text.len().min(line_bytes_max)];
        let mut flags = if cut.is_ascii() { FLAG_ASCII } else { 0 };
        if cut.len() < text.len() {
            flags |= FLAG_TRUNCATED;
            self.filled.truncated += 1;
        }
        self.filled.used = start + cut.len();
        self.spans[count * 2] = start as u32;
        self.spans[count * 2 + 1] = self.filled.used as u32;
        self.flags[count] = flags;
        self.filled.count += 1;
    }
}
