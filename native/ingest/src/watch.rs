//! What the kernel tells about files and directories: a thin layer over inotify, with the names of directories kept.
//! Decides nothing: tail.rs does.

use crate::glob::{matches_name, WatchPoint};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

const EVENTS_BYTES: usize = 64 * 1024;

/// One thing that happened, in the kernel's order.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// An entry of a watched directory came: created, or renamed to here (with the cookie of the rename).
    Came { path: PathBuf, cookie: u32 },
    /// An entry of a watched directory went: deleted (cookie 0), or renamed away.
    Went { path: PathBuf, cookie: u32 },
    /// Content or attributes of the file behind this watch changed.
    Changed { watch: i32 },
    /// Names or permissions changed in a way that needs a fresh look at the patterns.
    Stirred,
    /// The kernel's queue was full: anything may have happened.
    Lost,
}

/// The inotify instance, or none where there is no inotify (then everything is polled).
pub struct Watcher {
    inotify: Option<OwnedFd>,
    dirs: HashMap<i32, (PathBuf, Vec<Vec<u8>>)>,
    buffer: Vec<MaybeUninit<u8>>,
}

impl Watcher {
    pub fn new() -> Result<Watcher, Errno> {
        let inotify = Some(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?);
        Ok(Watcher {
            inotify,
            dirs: HashMap::new(),
            buffer: vec![MaybeUninit::uninit(); EVENTS_BYTES],
        })
    }

    /// A watcher that sees nothing.
    pub fn polling() -> Watcher {
        Watcher { inotify: None, dirs: HashMap::new(), buffer: Vec::new() }
    }

    /// What to wait on for events.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(|fd| fd.as_fd())
    }

    /// Watches exactly the directories of `points`. Returns whether a directory is watched that was not before (it
    /// must be listed again then), or the first fault other than a directory that is not there.
    pub fn watch_dirs(&mut self, points: &BTreeSet<WatchPoint>) -> Result<bool, Errno> {
        let Some(fd) = &self.inotify else { return Ok(false) };
        let flags = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let mut dirs: HashMap<i32, (PathBuf, Vec<Vec<u8>>)> = HashMap::new();
        let mut fault = None;
        for point in points {
            match inotify::add_watch(fd, &point.dir, flags) {
                Ok(watch) => dirs
                    .entry(watch)
                    .or_insert_with(|| (point.dir.clone(), vec![]))
                    .1
                    .push(point.name.clone()),
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(errno) => fault = fault.or(Some(errno)),
            }
        }
        let fresh = dirs.keys().any(|watch| !self.dirs.contains_key(watch));
        for watch in self.dirs.keys().filter(|watch| !dirs.contains_key(watch)) {
            let _ = inotify::remove_watch(fd, *watch);
        }
        self.dirs = dirs;
        fault.map_or(Ok(fresh), Err)
    }

    /// Watches the file behind an open descriptor, whatever its name becomes. None: not possible, poll it.
    pub fn watch_file(&self, file: &File) -> Option<i32> {
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let flags = WatchFlags::MODIFY | WatchFlags::ATTRIB | WatchFlags::MOVE_SELF;
        inotify::add_watch(self.inotify.as_ref()?, path, flags).ok()
    }

    pub fn forget_file(&self, watch: i32) {
        if let Some(fd) = &self.inotify {
            let _ = inotify::remove_watch(fd, watch);
        }
    }

    /// All events that are there now, without waiting.
    pub fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let Some(fd) = &self.inotify else { return events };
        let mut reader = inotify::Reader::new(fd, &mut self.buffer);
        while let Ok(event) = reader.next() {
            let name = event.file_name().map(|name| name.to_bytes());
            translate(&self.dirs, event.wd(), event.events(), event.cookie(), name, &mut events);
        }
        events
    }
}

fn translate(
    dirs: &HashMap<i32, (PathBuf, Vec<Vec<u8>>)>,
    watch: i32,
    kind: ReadFlags,
    cookie: u32,
    name: Option<&[u8]>,
    events: &mut Vec<Event>,
) {
    let Some((dir, names)) = dirs.get(&watch) else {
        if kind.contains(ReadFlags::QUEUE_OVERFLOW) {
            events.push(Event::Lost);
        } else if kind.intersects(ReadFlags::MODIFY | ReadFlags::ATTRIB | ReadFlags::MOVE_SELF) {
            events.push(Event::Changed { watch });
            if !kind.contains(ReadFlags::MODIFY) {
                events.push(Event::Stirred);
            }
        }
        return;
    };
    let Some(name) = name else {
        events.push(Event::Stirred);
        return;
    };
    let path = joined(dir, name);
    if kind.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
        events.push(Event::Came { path, cookie });
    } else if kind.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM) {
        events.push(Event::Went { path, cookie });
    }
    if names.iter().any(|pattern| matches_name(pattern, name)) {
        events.push(Event::Stirred);
    }
}

fn joined(dir: &Path, name: &[u8]) -> PathBuf {
    // "." stands for the working directory of relative patterns, whose paths carry no "./".
    let name = std::ffi::OsString::from_vec(name.to_vec());
    if dir == Path::new(".") {
        PathBuf::from(name)
    } else {
        dir.join(name)
    }
}
