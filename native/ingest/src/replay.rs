//! Reads one file from its start to its end, once: plain, gzip or zstd, told apart by their first bytes.

use crate::framing::{Batch, Filled, Framer};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Cursor, Read};

/// The first bytes of compressed formats.
const MAGICS: [(&[u8], Format); 6] = [
    (&[0x1f, 0x8b], Format::Gzip),
    (&[0x28, 0xb5, 0x2f, 0xfd], Format::Zstd),
    (b"BZh", Format::Unsupported("bzip2")),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Format::Unsupported("xz")),
    (&[0x04, 0x22, 0x4d, 0x18], Format::Unsupported("lz4")),
    (b"PK\x03\x04", Format::Unsupported("zip")),
];
/// Bytes that tell a format.
pub const MAGIC_BYTES_MAX: usize = 6;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Format {
    Plain,
    Gzip,
    Zstd,
    Unsupported(&'static str),
}

/// The format that the first bytes of a file tell.
pub fn format_of(head: &[u8]) -> Format {
    MAGICS
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map_or(Format::Plain, |(_, format)| *format)
}

/// One pass over one file.
pub struct Replay {
    stream: Box<dyn Read + Send>,
    framer: Framer,
    failure: Option<io::Error>,
    offset: u64,
}

impl Replay {
    /// Opens a file. A directory or an unsupported compression is an error that says so.
    pub fn open(path: &str, line_bytes_max: usize) -> io::Result<Replay> {
        let mut file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::other("is a directory"));
        }
        let mut head = Vec::new();
        (&mut file).take(MAGIC_BYTES_MAX as u64).read_to_end(&mut head)?;
        let format = format_of(&head);
        let whole = Cursor::new(head).chain(file);
        let stream: Box<dyn Read + Send> = match format {
            Format::Plain => Box::new(whole),
            Format::Gzip => Box::new(MultiGzDecoder::new(whole)),
            Format::Zstd => Box::new(zstd::stream::read::Decoder::new(whole)?),
            Format::Unsupported(name) => {
                return Err(io::Error::other(format!(
                    "is compressed with {name}; decompress it first"
                )));
            }
        };
        Ok(Replay { stream, framer: Framer::new(line_bytes_max), failure: None, offset: 0 })
    }

    /// Bytes of (decompressed) text that all batches so far have covered.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Fills a batch. Nothing in it and `at_end` mean the end. A fault in the middle (a damaged archive) comes as an
    /// error after the lines before it.
    pub fn read(&mut self, batch: &mut Batch) -> io::Result<Filled> {
        loop {
            let (stream, failure) = (&mut self.stream, &mut self.failure);
            let filled =
                self.framer.fill(batch, true, |room| Ok(read_full(stream, room, failure)))?;
            self.offset += filled.consumed as u64;
            if filled.count > 0 {
                return Ok(filled);
            }
            if filled.at_end {
                return self.failure.take().map_or(Ok(filled), Err);
            }
        }
    }
}

/// Reads until the buffer is full, the end or a fault; the fault is kept for when the bytes before it are delivered.
fn read_full(stream: &mut dyn Read, room: &mut [u8], failure: &mut Option<io::Error>) -> usize {
    let mut got = 0;
    while got < room.len() && failure.is_none() {
        match stream.read(&mut room[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => *failure = Some(error),
        }
    }
    got
}
