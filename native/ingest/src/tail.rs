//! A set of growing files that patterns name (tail -F): which are open, which name they have now, which has news.
//! Driven from outside (`pump`, `read`) and without threads of its own; tail_thread.rs does the waiting.

use crate::departures::Departures;
use crate::framing::{Batch, Filled};
use crate::glob::Pattern;
use crate::notice::{Kind, Notice};
use crate::position::{Identity, Saved};
use crate::replay::{format_of, Format, MAGIC_BYTES_MAX};
use crate::tailed::TailedFile;
use crate::watch::{Event, Watcher};
use regex::bytes::RegexSet;
use rustix::fd::BorrowedFd;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

mod names;

/// A file renamed away is kept open this many lingers while no other file takes its name: its writer may not have
/// been told to reopen yet.
const ABSENT_LINGERS: u32 = 20;
/// Positions of closed files kept in memory, should they come back under a watched name.
const SAVED_MAX: usize = 4096;
/// Pause before a file that could not be read is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(5);
/// Looks at the files until nothing happens while looking; beyond this, reading goes on between them.
const LOOKS_MAX: usize = 16;
/// Times the patterns are expanded again because a directory came while they were.
const EXPANSIONS_MAX: usize = 8;

pub struct Watched {
    pub pattern: Pattern,
    pub text: String,
    /// Files that are there at the start are read from their end.
    pub from_end: bool,
}

pub struct TailOptions {
    pub watched: Vec<Watched>,
    pub excludes: RegexSet,
    pub saved: Vec<Saved>,
    /// Poll always (true), never (false), or where inotify does not reach (None).
    pub poll: Option<bool>,
    pub poll_interval: Duration,
    /// Expand the patterns anew this often, whatever inotify says.
    pub discovery_interval: Option<Duration>,
    /// How long a rotated file stays open after its last line.
    pub linger: Duration,
    pub line_bytes_max: usize,
}

/// What one read delivered: lines of one file, and where that file stands now.
#[derive(Clone, Copy)]
pub struct Delivered {
    pub number: u32,
    pub filled: Filled,
    pub offset: u64,
    pub mark: u32,
}

pub struct TailSet {
    options: TailOptions,
    watcher: Watcher,
    files: BTreeMap<u32, TailedFile>,
    /// The file that each watched name stands for now.
    current: HashMap<PathBuf, u32>,
    by_watch: HashMap<i32, u32>,
    by_identity: HashMap<Identity, u32>,
    ready: VecDeque<u32>,
    departures: Departures,
    notices: Vec<Notice>,
    complaints: HashSet<(PathBuf, Kind)>,
    /// Files that lost their name and are closed some time later.
    leaving: BTreeSet<u32>,
    /// How many of the files must be looked at for changes.
    polled: usize,
    /// Sizes, at the start, of files that could not be opened then: read from there once they can be.
    denied: HashMap<Identity, u64>,
    numbers: u32,
    started: bool,
    stirred: bool,
    poll_names: bool,
    next_poll: Instant,
    next_discovery: Option<Instant>,
    retry_at: Option<Instant>,
}

impl TailSet {
    pub fn new(options: TailOptions, now: Instant) -> TailSet {
        let mut notices = Vec::new();
        let watcher =
            if options.poll == Some(true) { Ok(Watcher::polling()) } else { Watcher::new() };
        let watcher = watcher.unwrap_or_else(|errno| {
            notices.push(Notice::about(Kind::Polling, Path::new(""), errno.to_string()));
            Watcher::polling()
        });
        TailSet {
            poll_names: watcher.fd().is_none(),
            next_poll: now,
            next_discovery: options.discovery_interval.map(|interval| now + interval),
            retry_at: None,
            options,
            watcher,
            files: BTreeMap::new(),
            current: HashMap::new(),
            by_watch: HashMap::new(),
            by_identity: HashMap::new(),
            ready: VecDeque::new(),
            departures: Departures::default(),
            notices,
            complaints: HashSet::new(),
            leaving: BTreeSet::new(),
            polled: 0,
            denied: HashMap::new(),
            numbers: 0,
            started: false,
            stirred: true,
        }
    }

    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.watcher.fd()
    }

    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Whether `read` has something to look at.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How long nothing needs to be done unless an event comes. None: for ever.
    pub fn rest(&self, now: Instant) -> Option<Duration> {
        let poll = self.polls().then_some(self.next_poll);
        let expiry = self.leaving.iter().filter_map(|number| self.closes_at(*number)).min();
        let next = [poll, expiry, self.next_discovery, self.retry_at].into_iter().flatten().min();
        next.map(|at| at.saturating_duration_since(now))
    }

    /// Takes in what happened since the last call: events, polls, expiries.
    pub fn pump(&mut self, now: Instant) {
        if self.polls() && now >= self.next_poll {
            self.next_poll = now + self.options.poll_interval;
            self.poll();
        }
        if self.next_discovery.is_some_and(|at| now >= at) {
            self.next_discovery = self.options.discovery_interval.map(|interval| now + interval);
            self.stirred = true;
        }
        if self.retry_at.is_some_and(|at| now >= at) {
            self.retry_at = None;
            self.stirred = true;
        }
        // A file opened in a rescan is read only after the events up to then: they may tell of one before it.
        for _ in 0..LOOKS_MAX {
            let moved = self.take_events(now);
            if !std::mem::take(&mut self.stirred) {
                if !moved {
                    self.departures.settle();
                }
                break;
            }
            self.rescan(now);
        }
        self.expire(now);
    }

    /// Reads one batch from the next file that has news. None: nothing to read now.
    pub fn read(&mut self, batch: &mut Batch, now: Instant) -> Option<Delivered> {
        while let Some(number) = self.ready.pop_front() {
            let Some(file) = self.files.get_mut(&number) else { continue };
            file.queued = false;
            if file.after.is_some_and(|before| self.files.contains_key(&before))
                || self.is_muted(number)
            {
                continue;
            }
            if let Some(delivered) = self.read_file(number, batch, now) {
                return Some(delivered);
            }
        }
        None
    }

    fn read_file(&mut self, number: u32, batch: &mut Batch, now: Instant) -> Option<Delivered> {
        let file = self.files.get_mut(&number)?;
        let result = match file.read(batch, file.retired_at.is_some()) {
            Ok(result) => result,
            Err(error) => {
                let path = file.path.clone();
                self.close(number);
                self.complain_once(Kind::Unreadable, &path, error.to_string());
                self.retry_at = Some(now + RETRY_PAUSE);
                return None;
            }
        };
        let filled = result.filled;
        file.drained = filled.at_end && file.retired_at.is_some();
        if filled.count > 0 {
            file.last_data_at = now;
            if !self.complaints.is_empty() {
                self.complaints.retain(|(path, _)| *path != file.path);
            }
        }
        let delivered = Delivered { number, filled, offset: file.offset(), mark: file.mark() };
        if result.truncated_file {
            self.notices.push(Notice::of(Kind::Truncated, &self.files[&number]));
        }
        if filled.at_end {
            self.release_after(number);
        } else {
            self.enqueue(number);
        }
        (filled.count > 0).then_some(delivered)
    }

    /// Whether a file is not to be read: compressed, or a copy. Both are rotated logs whose lines were read before.
    fn is_muted(&mut self, number: u32) -> bool {
        let file = &self.files[&number];
        if !file.muted
            && file.offset() == 0
            && format_of(&file.head(MAGIC_BYTES_MAX)) != Format::Plain
        {
            self.mute(number, Kind::Compressed);
        } else if file.unchecked && !file.head(1).is_empty() {
            if self.files.values().any(|other| other.number != number && file.copies(other)) {
                self.mute(number, Kind::Copied);
            }
            self.files.get_mut(&number).expect("open").unchecked = false;
        }
        let muted = self.files[&number].muted;
        if muted {
            self.release_after(number);
        }
        muted
    }

    fn mute(&mut self, number: u32, kind: Kind) {
        self.notices.push(Notice::of(kind, &self.files[&number]));
        self.files.get_mut(&number).expect("open").muted = true;
    }

    /// Takes in all waiting events. Returns whether one was about names.
    fn take_events(&mut self, now: Instant) -> bool {
        let events = self.watcher.events();
        let mut moved = false;
        for event in &events {
            match event {
                Event::Changed { watch } => {
                    if let Some(number) = self.by_watch.get(watch) {
                        self.enqueue(*number);
                    }
                }
                Event::Stirred => self.stirred = true,
                Event::Lost => self.poll(),
                Event::Came { .. } | Event::Went { .. } => moved = true,
            }
        }
        let mut departures = std::mem::take(&mut self.departures);
        departures.take(&events, |path| self.is_wanted(path));
        self.place(&departures.places(), now);
        self.departures = departures;
        moved
    }

    fn polls(&self) -> bool {
        self.poll_names || self.polled > 0
    }

    /// Looks for changes that no event tells of.
    fn poll(&mut self) {
        self.stirred = true;
        let changed = self.files.values().filter(|file| file.has_changed());
        for number in changed.map(|file| file.number).collect::<Vec<_>>() {
            self.enqueue(number);
        }
    }

    fn closes_at(&self, number: u32) -> Option<Instant> {
        let file = self.files.get(&number)?;
        match (file.retired_at, file.absent_since) {
            (Some(since), _) if file.drained || file.muted => {
                Some(since.max(file.last_data_at) + self.options.linger)
            }
            (None, Some(since)) => {
                Some(since.max(file.last_data_at) + self.options.linger * ABSENT_LINGERS)
            }
            _ => None,
        }
    }

    fn expire(&mut self, now: Instant) {
        let is_due = |number: &u32| self.closes_at(*number).is_some_and(|at| at <= now);
        for number in self.leaving.iter().copied().filter(is_due).collect::<Vec<_>>() {
            let file = &self.files[&number];
            if file.retired_at.is_some() {
                self.close(number);
            } else {
                self.current.remove(&file.path.clone());
                self.retire(number, now);
            }
        }
    }

    fn close(&mut self, number: u32) {
        let Some(file) = self.files.remove(&number) else { return };
        self.by_identity.remove(&file.identity);
        self.leaving.remove(&number);
        self.polled -= usize::from(file.polled);
        if let Some(watch) = file.watch {
            self.by_watch.remove(&watch);
            self.watcher.forget_file(watch);
        }
        if self.current.get(&file.path) == Some(&number) {
            self.current.remove(&file.path);
        }
        self.options.saved.retain(|saved| saved.identity != file.identity);
        let deleted = file.is_deleted();
        if !deleted && self.options.saved.len() < SAVED_MAX {
            self.options.saved.push(file.saved());
        }
        let detail = if deleted { "deleted" } else { "" };
        self.notices.push(Notice { detail: detail.into(), ..Notice::of(Kind::Closed, &file) });
        self.release_after(number);
    }

    /// Files that waited for this one may be read now.
    fn release_after(&mut self, number: u32) {
        let waiting = self.files.values_mut().filter(|file| file.after == Some(number));
        let numbers: Vec<u32> = waiting
            .map(|file| {
                file.after = None;
                file.number
            })
            .collect();
        for number in numbers {
            self.enqueue(number);
        }
    }

    fn enqueue(&mut self, number: u32) {
        if let Some(file) = self.files.get_mut(&number).filter(|file| !file.queued) {
            file.queued = true;
            self.ready.push_back(number);
        }
    }

    fn complain_once(&mut self, kind: Kind, path: &Path, detail: String) {
        if self.complaints.insert((path.to_path_buf(), kind)) {
            self.notices.push(Notice::about(kind, path, detail));
        }
    }
}
