//! One open file that grows: reads what is new, notices when it was truncated or written anew.
//! Which files are open, under which name and in which order, is the business of tail.rs.

use crate::framing::{Batch, Filled, Framer};
use crate::position::{Identity, Recent, Saved};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// File systems whose changes by other machines or programs inotify does not see (magic numbers of statfs(2)).
const REMOTE_FILE_SYSTEMS: [u32; 14] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x0102_1997,
    0x00c3_6400,
    0x5346_414f,
    0x7375_7245,
    0x4750_4653,
    0x0bd0_0bd0,
    0x0116_1970,
    0x786f_4256,
    0x6b41_4653,
];

/// Two files that agree in so many first bytes are copies: more than the headers that some programs begin every log with.
const COPY_BYTES_MIN: usize = 1024;

/// Where reading begins.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Start {
    Beginning,
    /// The end; a line that is half written there is still read whole.
    End,
    At(u64),
}

/// What one read gave.
#[derive(Default)]
pub struct TailRead {
    pub filled: Filled,
    pub truncated_file: bool,
}

/// One open file.
pub struct TailedFile {
    pub number: u32,
    /// The watched name it belongs to.
    pub path: PathBuf,
    pub identity: Identity,
    pub watch: Option<i32>,
    pub polled: bool,
    pub queued: bool,
    /// The file that had this name before: to be read to its end first.
    pub after: Option<u32>,
    /// When it lost its name to another file or was deleted.
    pub retired_at: Option<Instant>,
    /// When its name was first found missing.
    pub absent_since: Option<Instant>,
    pub last_data_at: Instant,
    /// Events say that it no longer has the name `path`.
    pub left: bool,
    /// Retired and read to its end at least once.
    pub drained: bool,
    /// Never read: a compressed file or a copy.
    pub muted: bool,
    /// New under its name: may turn out to be a copy of another file.
    pub unchecked: bool,
    /// How this file, and the content that was truncated away, begin; empty until there is that much.
    heads: [Vec<u8>; 2],
    file: File,
    framer: Framer,
    recent: Recent,
    read_to: u64,
    line_bytes_max: usize,
}

/// Opens a path for reading without waiting for a writer (a FIFO) and follows links.
pub fn open_path(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

/// Whether changes of this file must be looked for.
pub fn is_remote(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|stat| REMOTE_FILE_SYSTEMS.contains(&(stat.f_type as u32)))
}

impl TailedFile {
    pub fn new(
        number: u32,
        path: PathBuf,
        file: File,
        start: Start,
        line_bytes_max: usize,
        now: Instant,
    ) -> io::Result<TailedFile> {
        let meta = file.metadata()?;
        let (offset, inside) = match start {
            Start::Beginning => (0, false),
            Start::At(offset) => (offset, offset > 0 && !ends_line(&file, offset)?),
            Start::End => last_line_start(&file, meta.len(), line_bytes_max)?,
        };
        let framer =
            if inside { Framer::inside_line(line_bytes_max) } else { Framer::new(line_bytes_max) };
        let recent = Recent::before(&file, offset)?;
        let mut tailed = TailedFile {
            number,
            path,
            identity: Identity::of(&meta),
            watch: None,
            polled: false,
            queued: false,
            after: None,
            retired_at: None,
            absent_since: None,
            last_data_at: now,
            left: false,
            drained: false,
            muted: false,
            unchecked: false,
            heads: Default::default(),
            file,
            framer,
            recent,
            read_to: offset,
            line_bytes_max,
        };
        if offset >= COPY_BYTES_MIN as u64 {
            tailed.heads[0] = tailed.head(COPY_BYTES_MIN);
        }
        Ok(tailed)
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Offset up to which lines have been delivered (or dropped).
    pub fn offset(&self) -> u64 {
        self.read_to - self.framer.waiting().len() as u64
    }

    /// What is needed to read on from here another time.
    pub fn saved(&self) -> Saved {
        let path = self.path.to_string_lossy().into_owned();
        Saved { path, identity: self.identity, offset: self.offset(), mark: self.mark() }
    }

    /// The first bytes, at most so many.
    pub fn head(&self, max: usize) -> Vec<u8> {
        let mut head = vec![0; max];
        let got = read_at(&self.file, &mut head, 0).unwrap_or(0);
        head.truncate(got);
        head
    }

    /// Whether this file begins as another one does or did: a copy, made to rotate it or to keep it.
    pub fn copies(&self, other: &TailedFile) -> bool {
        let head = self.head(COPY_BYTES_MIN);
        head.len() == COPY_BYTES_MIN
            && (other.heads.contains(&head) || other.head(COPY_BYTES_MIN) == head)
    }

    /// Hash of the bytes before `offset()`.
    pub fn mark(&self) -> u32 {
        self.recent.mark()
    }

    /// Whether there is something to read, or the file is another one than was read.
    pub fn has_changed(&self) -> bool {
        let size = self.file.metadata().map(|meta| meta.len());
        size.is_ok_and(|size| size != self.read_to || self.was_rewritten(size).unwrap_or(true))
    }

    /// Whether no directory has this file any more.
    pub fn is_deleted(&self) -> bool {
        self.file.metadata().is_ok_and(|meta| meta.nlink() == 0)
    }

    /// Reads what is new into a batch. `last` delivers a line without newline at the end.
    pub fn read(&mut self, batch: &mut Batch, last: bool) -> io::Result<TailRead> {
        let size = self.file.metadata()?.len();
        if self.was_rewritten(size)? {
            return self.start_over(batch);
        }
        let (file, at) = (&self.file, self.read_to);
        let mut got = 0;
        let mut filled = self.framer.fill(batch, last, |room| {
            got = if size > at { read_at(file, room, at)? } else { 0 };
            Ok(got)
        })?;
        self.read_to += got as u64;
        // A full batch can leave lines waiting although the file has no more.
        filled.at_end &=
            if last { self.framer.waiting().is_empty() } else { !self.framer.has_line() };
        self.recent.push(&batch.bytes[..filled.consumed]);
        if self.heads[0].is_empty() && self.read_to >= COPY_BYTES_MIN as u64 {
            self.heads[0] = self.head(COPY_BYTES_MIN);
        }
        Ok(TailRead { filled, truncated_file: false })
    }

    /// Delivers what waits of the old content, then reads on from the beginning.
    fn start_over(&mut self, batch: &mut Batch) -> io::Result<TailRead> {
        let filled = self.framer.fill(batch, true, |_| Ok(0))?;
        if !self.framer.waiting().is_empty() {
            return Ok(TailRead { filled, truncated_file: false });
        }
        self.framer = Framer::new(self.line_bytes_max);
        self.recent = Recent::default();
        self.read_to = 0;
        self.heads = [Vec::new(), std::mem::take(&mut self.heads[0])];
        Ok(TailRead { filled: Filled { at_end: false, ..filled }, truncated_file: true })
    }

    /// Shorter than what was read, or with other bytes before that point: truncated and filled again.
    fn was_rewritten(&self, size: u64) -> io::Result<bool> {
        let mut seen = Recent::default();
        seen.push(&self.recent_bytes());
        Ok(size < self.read_to || !seen.is_before(&self.file, self.read_to)?)
    }

    fn recent_bytes(&self) -> Vec<u8> {
        [self.recent.as_bytes(), self.framer.waiting()].concat()
    }
}

fn read_at(file: &File, room: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(room, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn ends_line(file: &File, offset: u64) -> io::Result<bool> {
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset - 1)?;
    Ok(byte[0] == b'\n')
}

/// Start of the unfinished line at the end of a file, and whether that line is too long to be wanted.
fn last_line_start(file: &File, size: u64, line_bytes_max: usize) -> io::Result<(u64, bool)> {
    let mut tail = vec![0; size.min(line_bytes_max as u64 + 2) as usize];
    let from = size - tail.len() as u64;
    let got = read_at(file, &mut tail, from)?;
    match memchr::memrchr(b'\n', &tail[..got]) {
        Some(newline) => Ok((from + newline as u64 + 1, false)),
        None if from == 0 => Ok((0, false)),
        None => Ok((from + got as u64, true)),
    }
}
