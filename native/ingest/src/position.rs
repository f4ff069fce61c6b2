//! How far a file has been read, in a form that survives a restart: identity, offset, and a mark that tells whether
//! the bytes before the offset are still those that were read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

/// Bytes before the offset that the mark covers. Log lines differ within that, by their time stamps at least.
const MARKED_BYTES: usize = 64;

/// Device and inode: one file, whatever its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Identity {
    pub device: u64,
    pub inode: u64,
}

impl Identity {
    pub fn of(meta: &Metadata) -> Identity {
        Identity { device: meta.dev(), inode: meta.ino() }
    }
}

/// A saved position.
#[derive(Clone, Debug)]
pub struct Saved {
    pub path: String,
    pub identity: Identity,
    pub offset: u64,
    pub mark: u32,
}

impl Saved {
    /// Whether the file still begins with what was read. An inode may have been given to a new file since.
    pub fn holds_for(&self, file: &File, size: u64) -> bool {
        size >= self.offset && mark_before(file, self.offset).is_ok_and(|mark| mark == self.mark)
    }
}

/// The last bytes read from a file.
#[derive(Default)]
pub struct Recent {
    bytes: Vec<u8>,
}

impl Recent {
    /// Reads the bytes before `offset`, for a file opened in its middle.
    pub fn before(file: &File, offset: u64) -> io::Result<Recent> {
        let mut bytes = vec![0; MARKED_BYTES.min(offset as usize)];
        let from = offset - bytes.len() as u64;
        file.read_exact_at(&mut bytes, from)?;
        Ok(Recent { bytes })
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let tail = &bytes[bytes.len().saturating_sub(MARKED_BYTES)..];
        let keep = MARKED_BYTES - tail.len();
        self.bytes.drain(..self.bytes.len().saturating_sub(keep));
        self.bytes.extend_from_slice(tail);
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// 32-bit FNV-1a of these bytes.
    pub fn mark(&self) -> u32 {
        self.bytes
            .iter()
            .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
    }

    /// Whether the file has exactly these bytes before `offset`. One that is shorter (by now) has not.
    pub fn is_before(&self, file: &File, offset: u64) -> io::Result<bool> {
        match Recent::before(file, offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            other => Ok(other?.bytes.ends_with(&self.bytes)),
        }
    }
}

fn mark_before(file: &File, offset: u64) -> io::Result<u32> {
    Recent::before(file, offset).map(|recent| recent.mark())
}
