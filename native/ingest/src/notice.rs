//! What happens to files, told to whoever reads the batches: for logs, names and positions.

use crate::position::Identity;
use crate::tailed::TailedFile;
use std::path::Path;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    Opened,
    Renamed,
    Rotated,
    Truncated,
    Closed,
    Compressed,
    Copied,
    Missing,
    Unreadable,
    Gone,
    Polling,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Opened => "opened",
            Kind::Renamed => "renamed",
            Kind::Rotated => "rotated",
            Kind::Truncated => "truncated",
            Kind::Closed => "closed",
            Kind::Compressed => "compressed",
            Kind::Copied => "copied",
            Kind::Missing => "missing",
            Kind::Unreadable => "unreadable",
            Kind::Gone => "gone",
            Kind::Polling => "polling",
        }
    }
}

pub struct Notice {
    pub kind: Kind,
    /// Number of the file, or none when it is about a name only.
    pub number: Option<u32>,
    pub path: String,
    pub identity: Identity,
    pub offset: u64,
    pub mark: u32,
    pub detail: String,
}

impl Notice {
    pub fn of(kind: Kind, file: &TailedFile) -> Notice {
        Notice {
            number: Some(file.number),
            identity: file.identity,
            offset: file.offset(),
            mark: file.mark(),
            ..Notice::about(kind, &file.path, String::new())
        }
    }

    pub fn about(kind: Kind, path: &Path, detail: String) -> Notice {
        let identity = Identity { device: 0, inode: 0 };
        Notice {
            kind,
            number: None,
            path: path.to_string_lossy().into_owned(),
            identity,
            offset: 0,
            mark: 0,
            detail,
        }
    }
}
