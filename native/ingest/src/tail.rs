//! A set of growing files that patterns name (tail -F): which are open, which name they have now, which has news.
//! Driven from outside (`pump`, `read`) and without threads of its own; tail_thread.rs does the waiting.

use crate::departures::Departures;
use crate::framing::{Batch, Filled};
use crate::glob::Pattern;
use crate::notice::{Kind, Notice};
use crate::position::{Identity, Saved};
use crate::replay::{format_of, Format};
use crate::tailed::{is_remote, open_path, Start, TailedFile};
use crate::watch::{Event, Watcher};
use regex::bytes::RegexSet;
use rustix::fd::BorrowedFd;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file renamed away is kept open this many lingers while no other file takes its name: its writer may not have
/// been told to reopen yet.
const ABSENT_LINGERS: u32 = 20;
/// Positions of closed files kept in memory, should they come back under a watched name.
const SAVED_MAX: usize = 4096;
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
    /// Sizes, at the start, of files that could not be opened then: read from there once they can be.
    denied: HashMap<Identity, u64>,
    numbers: u32,
    started: bool,
    stirred: bool,
    poll_names: bool,
    next_poll: Instant,
    next_discovery: Option<Instant>,
}

impl TailSet {
    pub fn new(options: TailOptions, now: Instant) -> TailSet {
        let mut notices = Vec::new();
        let watcher = if options.poll == Some(true) { Ok(Watcher::polling()) } else { Watcher::new() };
        let watcher = watcher.unwrap_or_else(|errno| {
            notices.push(Notice::about(Kind::Polling, Path::new(""), errno.to_string()));
            Watcher::polling()
        });
        TailSet {
            poll_names: watcher.fd().is_none(), next_poll: now,
            next_discovery: options.discovery_interval.map(|interval| now + interval),
            options, watcher, files: BTreeMap::new(), current: HashMap::new(), by_watch: HashMap::new(), by_identity: HashMap::new(),
            ready: VecDeque::new(), departures: Departures::default(), notices, complaints: HashSet::new(), denied: HashMap::new(), numbers: 0,
            started: false, stirred: true,
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
        let expiry = self.files.values().filter_map(|file| self.closes_at(file)).min();
        let next = [poll, expiry, self.next_discovery].into_iter().flatten().min();
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
            if file.after.is_some_and(|before| self.files.contains_key(&before)) || self.is_compressed(number) {
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
                self.complain(Kind::Unreadable, number, error.to_string());
                self.close(number);
                self.stirred = true;
                return None;
            }
        };
        let filled = result.filled;
        file.drained = filled.at_end && file.retired_at.is_some();
        if filled.count > 0 {
            file.last_data_at = now;
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

    /// A compressed file under a watched name is a rotated log whose lines were read before it was compressed.
    fn is_compressed(&mut self, number: u32) -> bool {
        let Some(file) = self.files.get_mut(&number) else { return false };
        if !file.muted && file.offset() == 0 && format_of(&file.head()) != Format::Plain {
            file.muted = true;
            self.notices.push(Notice::of(Kind::Compressed, &self.files[&number]));
        }
        let muted = self.files[&number].muted;
        if muted {
            self.release_after(number);
        }
        muted
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
                Event::Came { .. } | Event::Went { .. } => moved = true,
            }
        }
        let mut departures = std::mem::take(&mut self.departures);
        departures.take(&events, |path| self.is_wanted(path));
        self.place(&departures.places(), now);
        self.departures = departures;
        moved
    }

    /// Opens departed files that nobody has opened yet, each before the next generation of its name.
    fn place(&mut self, places: &[(PathBuf, PathBuf)], now: Instant) {
        let open: Vec<Option<u32>> = places.iter().map(|(_, at)| self.number_at(at)).collect();
        for (index, (label, at)) in places.iter().enumerate().filter(|(index, _)| open[*index].is_none()) {
            let later = (index + 1..places.len()).filter(|other| places[*other].0 == *label).find_map(|other| open[other]);
            let current = self.current.get(label).copied();
            let present = current.filter(|number| !open.contains(&Some(*number)) && self.has_name(*number));
            self.visit_before(later.or(present), label, at, now);
            if let Some(file) = self.number_at(at).and_then(|number| self.files.get_mut(&number)) {
                file.left = file.path == *label;
            }
        }
        for (number, (label, _)) in open.iter().zip(places) {
            if let Some(file) = number.and_then(|number| self.files.get_mut(&number)).filter(|file| file.path == *label) {
                file.left = true;
            }
        }
    }

    fn number_at(&self, path: &Path) -> Option<u32> {
        self.by_identity.get(&Identity::of(&std::fs::metadata(path).ok()?)).copied()
    }

    /// Whether, as far as events tell, a file still has the name it is known by.
    fn has_name(&self, number: u32) -> bool {
        self.files.get(&number).is_some_and(|file| !file.left && !file.is_deleted())
    }

    fn polls(&self) -> bool {
        self.poll_names || self.files.values().any(|file| file.polled)
    }

    fn poll(&mut self) {
        self.stirred = true;
        let changed = self.files.values().filter(|file| file.polled && file.has_changed());
        for number in changed.map(|file| file.number).collect::<Vec<_>>() {
            self.enqueue(number);
        }
    }

    /// Looks at every name the patterns match now.
    fn rescan(&mut self, now: Instant) {
        let found = self.expand();
        if !self.started {
            self.report_missing(&found);
            for path in self.options.saved.iter().map(|saved| PathBuf::from(&saved.path)).collect::<BTreeSet<_>>() {
                self.resume_rotated(&path, now);
            }
        }
        for path in &found {
            self.visit(path, now);
        }
        self.started = true;
        let found: HashSet<PathBuf> = found.into_iter().collect();
        for (path, number) in self.current.clone() {
            if !found.contains(&path) || std::fs::metadata(&path).is_err() {
                self.lost_name(&path, number, now);
            }
        }
    }

    fn expand(&mut self) -> Vec<PathBuf> {
        for round in 0.. {
            let mut points = BTreeSet::new();
            let mut found = Vec::new();
            let mut seen = HashSet::new();
            for watched in &self.options.watched {
                let paths = watched.pattern.expand(&mut points);
                found.extend(paths.into_iter().filter(|path| !self.is_excluded(path) && seen.insert(path.clone())));
            }
            // A directory that is watched only now may have got entries since it was listed.
            match self.watcher.watch_dirs(&points) {
                Ok(true) if round < EXPANSIONS_MAX => {}
                Ok(_) => return found,
                Err(errno) => {
                    self.poll_names = true;
                    self.complain_once(Kind::Polling, Path::new(""), errno.to_string());
                    return found;
                }
            }
        }
        unreachable!("the loop returns")
    }

    fn report_missing(&mut self, found: &[PathBuf]) {
        for watched in &self.options.watched {
            if !found.iter().any(|path| watched.pattern.matches(path)) {
                self.notices.push(Notice::about(Kind::Missing, Path::new(&watched.text), String::new()));
            }
        }
    }

    /// The file saved under this name may have been rotated while nobody watched: finish it under its new name.
    fn resume_rotated(&mut self, path: &Path, now: Instant) {
        let present = std::fs::metadata(path).ok().map(|meta| Identity::of(&meta));
        let saved = self.options.saved.iter().filter(|saved| Path::new(&saved.path) == path);
        let lost: Vec<Identity> = saved.map(|saved| saved.identity).filter(|id| Some(*id) != present).collect();
        if lost.is_empty() || !self.is_wanted(path) {
            return;
        }
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries: HashMap<Identity, PathBuf> = std::fs::read_dir(dir).into_iter().flatten().flatten()
            .filter_map(|entry| Some((Identity::of(&entry.metadata().ok()?), entry.path()))).collect();
        for identity in lost {
            match entries.get(&identity) {
                Some(at) => self.visit_before(None, path, at, now),
                None => self.notices.push(Notice::about(Kind::Gone, path, String::new())),
            }
        }
    }

    fn is_wanted(&self, path: &Path) -> bool {
        !self.is_excluded(path) && self.options.watched.iter().any(|watched| watched.pattern.matches(path))
    }

    fn is_excluded(&self, path: &Path) -> bool {
        self.options.excludes.is_match(path.as_os_str().as_bytes())
    }

    /// Makes the file at `path` the one that this name stands for, opening it if it is new.
    fn visit(&mut self, path: &Path, now: Instant) {
        match self.number_at(path) {
            Some(known) => self.rename(known, path, now),
            None => self.visit_before(None, path, path, now),
        }
    }

    /// Opens the file at `at`, a generation of `label`: the one before file `next`, or the newest.
    fn visit_before(&mut self, next: Option<u32>, label: &Path, at: &Path, now: Instant) {
        match self.open(label, at, now) {
            Ok(None) => {}
            Ok(Some(number)) => match next {
                None => self.set_current(label, number, now),
                Some(next) => {
                    let after = self.files.get_mut(&next).and_then(|file| file.after.replace(number));
                    self.files.get_mut(&number).expect("just opened").after = after;
                    self.retire(number, now);
                }
            },
            // Gone since it was seen: there is an event about that.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.refuse(label, at, &error),
        }
    }

    fn refuse(&mut self, label: &Path, at: &Path, error: &std::io::Error) {
        if !self.started && self.reads_from_end(label) {
            if let Ok(meta) = std::fs::metadata(at) {
                self.denied.insert(Identity::of(&meta), meta.len());
            }
        }
        let text = error.to_string();
        self.complain_once(Kind::Unreadable, at, text.split(" (os error").next().unwrap_or(&text).to_string());
    }

    /// Opens a file that is not open yet. None: it is.
    fn open(&mut self, label: &Path, at: &Path, now: Instant) -> std::io::Result<Option<u32>> {
        let file = open_path(at)?;
        let meta = file.metadata()?;
        if self.by_identity.contains_key(&Identity::of(&meta)) {
            return Ok(None);
        }
        if !meta.is_file() {
            let kind = if meta.is_dir() { "is a directory" } else { "is not a regular file" };
            return Err(std::io::Error::other(kind));
        }
        let start = self.start_of(label, &file, Identity::of(&meta), meta.len());
        let number = self.numbers;
        let mut tailed = TailedFile::new(number, label.to_path_buf(), file, start, self.options.line_bytes_max, now)?;
        self.numbers += 1;
        let remote = self.options.poll.is_none() && is_remote(tailed.file());
        tailed.watch = if remote { None } else { self.watcher.watch_file(tailed.file()) };
        tailed.polled = tailed.watch.is_none();
        if let Some(watch) = tailed.watch {
            self.by_watch.insert(watch, number);
        }
        self.complaints.retain(|(path, _)| path != at);
        self.notices.push(Notice::of(Kind::Opened, &tailed));
        if tailed.polled && self.options.poll.is_none() {
            self.complain_once(Kind::Polling, label, String::new());
        }
        self.by_identity.insert(tailed.identity, number);
        self.files.insert(number, tailed);
        self.enqueue(number);
        Ok(Some(number))
    }

    fn start_of(&mut self, label: &Path, file: &std::fs::File, identity: Identity, size: u64) -> Start {
        let saved = self.options.saved.iter().rev().find(|saved| saved.identity == identity);
        if let Some(saved) = saved.filter(|saved| saved.holds_for(file, size)) {
            return Start::At(saved.offset);
        }
        if let Some(offset) = self.denied.remove(&identity).filter(|offset| *offset <= size) {
            return Start::At(offset);
        }
        let was_read = self.options.saved.iter().any(|saved| Path::new(&saved.path) == label);
        if !self.started && !was_read && self.reads_from_end(label) { Start::End } else { Start::Beginning }
    }

    fn reads_from_end(&self, label: &Path) -> bool {
        self.options.watched.iter().find(|watched| watched.pattern.matches(label)).is_none_or(|watched| watched.from_end)
    }

    /// An open file has (again) the name `label`.
    fn rename(&mut self, number: u32, label: &Path, now: Instant) {
        let file = &self.files[&number];
        if self.current.get(label) == Some(&number) {
            self.files.get_mut(&number).expect("open").absent_since = None;
            return;
        }
        let still = std::fs::metadata(&file.path).is_ok_and(|meta| Identity::of(&meta) == file.identity);
        if still && file.path != label {
            return; // A second name of a file that is read under its first.
        }
        let old = file.path.clone();
        if self.current.get(&old) == Some(&number) {
            self.current.remove(&old);
        }
        let file = self.files.get_mut(&number).expect("open");
        file.path = label.to_path_buf();
        (file.retired_at, file.absent_since, file.drained, file.left) = (None, None, false, false);
        self.notices.push(Notice::of(Kind::Renamed, &self.files[&number]));
        self.set_current(label, number, now);
    }

    /// The file that had the name before is read to its end before this one begins.
    fn set_current(&mut self, label: &Path, number: u32, now: Instant) {
        if let Some(before) = self.current.insert(label.to_path_buf(), number).filter(|before| *before != number) {
            self.retire(before, now);
            if !self.waits_for(before, number) {
                self.files.get_mut(&number).expect("open").after = Some(before);
            }
        }
    }

    /// Whether a file is to be read after another one, directly or not.
    fn waits_for(&self, number: u32, other: u32) -> bool {
        let after = |number: &u32| self.files.get(number).and_then(|file| file.after);
        std::iter::successors(Some(number), after).any(|before| before == other)
    }

    fn retire(&mut self, number: u32, now: Instant) {
        if let Some(file) = self.files.get_mut(&number) {
            file.retired_at.get_or_insert(now);
            file.absent_since = None;
            self.notices.push(Notice::of(Kind::Rotated, &self.files[&number]));
            self.enqueue(number);
        }
    }

    fn lost_name(&mut self, path: &Path, number: u32, now: Instant) {
        let Some(file) = self.files.get_mut(&number) else { return };
        if file.is_deleted() {
            self.current.remove(path);
            self.retire(number, now);
        } else {
            file.absent_since.get_or_insert(now);
        }
    }

    fn closes_at(&self, file: &TailedFile) -> Option<Instant> {
        match (file.retired_at, file.absent_since) {
            (Some(since), _) if file.drained || file.muted => Some(since.max(file.last_data_at) + self.options.linger),
            (None, Some(since)) => Some(since.max(file.last_data_at) + self.options.linger * ABSENT_LINGERS),
            _ => None,
        }
    }

    fn expire(&mut self, now: Instant) {
        let due: Vec<u32> = self.files.values()
            .filter(|file| self.closes_at(file).is_some_and(|at| at <= now)).map(|file| file.number).collect();
        for number in due {
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
        let numbers: Vec<u32> = waiting.map(|file| { file.after = None; file.number }).collect();
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

    fn complain(&mut self, kind: Kind, number: u32, detail: String) {
        self.notices.push(Notice { detail, ..Notice::of(kind, &self.files[&number]) });
    }

    fn complain_once(&mut self, kind: Kind, path: &Path, detail: String) {
        if self.complaints.insert((path.to_path_buf(), kind)) {
            self.notices.push(Notice::about(kind, path, detail));
        }
    }
}
