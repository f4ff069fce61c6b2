//! Which file has which name: patterns expanded, generations of a log kept in order, files opened at the right place.

use super::{TailSet, EXPANSIONS_MAX};
use crate::notice::{Kind, Notice};
use crate::position::Identity;
use crate::tailed::{is_remote, open_path, Start, TailedFile};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

impl TailSet {
    /// Opens departed files that nobody has opened yet, each before the next generation of its name.
    pub(super) fn place(&mut self, places: &[(PathBuf, PathBuf)], now: Instant) {
        let open: Vec<Option<u32>> = places.iter().map(|(_, at)| self.number_at(at)).collect();
        for (index, (label, at)) in
            places.iter().enumerate().filter(|(index, _)| open[*index].is_none())
        {
            let later = (index + 1..places.len())
                .filter(|other| places[*other].0 == *label)
                .find_map(|other| open[other]);
            let current = self.current.get(label).copied();
            let present =
                current.filter(|number| !open.contains(&Some(*number)) && self.has_name(*number));
            self.visit_before(later.or(present), label, at, now);
            if let Some(file) = self.number_at(at).and_then(|number| self.files.get_mut(&number)) {
                file.left = file.path == *label;
            }
        }
        for (number, (label, _)) in open.iter().zip(places) {
            if let Some(file) = number
                .and_then(|number| self.files.get_mut(&number))
                .filter(|file| file.path == *label)
            {
                file.left = true;
            }
        }
    }

    fn number_at(&self, path: &Path) -> Option<u32> {
        self.by_identity.get(&Identity::of(&fs::metadata(path).ok()?)).copied()
    }

    /// Whether, as far as events tell, a file still has the name it is known by.
    fn has_name(&self, number: u32) -> bool {
        self.files.get(&number).is_some_and(|file| !file.left && !file.is_deleted())
    }

    /// Looks at every name the patterns match now.
    pub(super) fn rescan(&mut self, now: Instant) {
        let found = self.expand();
        if !self.started {
            self.report_missing(&found);
            for path in self
                .options
                .saved
                .iter()
                .map(|saved| PathBuf::from(&saved.path))
                .collect::<BTreeSet<_>>()
            {
                self.resume_rotated(&path, now);
            }
        }
        for path in &found {
            self.visit(path, now);
        }
        self.started = true;
        let found: HashSet<PathBuf> = found.into_iter().collect();
        for (path, number) in self.current.clone() {
            if !found.contains(&path) || fs::metadata(&path).is_err() {
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
                found.extend(
                    paths
                        .into_iter()
                        .filter(|path| !self.is_excluded(path) && seen.insert(path.clone())),
                );
            }
            // A directory that is watched only now may have got entries since it was listed.
            match self.watcher.watch_dirs(&points) {
                Ok(true) if round < EXPANSIONS_MAX => {}
                Ok(_) => {
                    self.poll_names = self.watcher.fd().is_none();
                    return found;
                }
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
                self.notices.push(Notice::about(
                    Kind::Missing,
                    Path::new(&watched.text),
                    String::new(),
                ));
            }
        }
    }

    /// The file saved under this name may have been rotated while nobody watched: finish it under its new name.
    fn resume_rotated(&mut self, path: &Path, now: Instant) {
        let present = fs::metadata(path).ok().map(|meta| Identity::of(&meta));
        let saved = self.options.saved.iter().filter(|saved| Path::new(&saved.path) == path);
        let saved: Vec<Identity> = saved.map(|saved| saved.identity).collect();
        // Only the one with the latest news was still being written; the others had been read to their end.
        let newest = saved.last().copied();
        let lost: Vec<Identity> = saved.into_iter().filter(|id| Some(*id) != present).collect();
        if lost.is_empty() || !self.is_wanted(path) {
            return;
        }
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries: HashMap<Identity, PathBuf> = fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some((Identity::of(&entry.metadata().ok()?), entry.path())))
            .collect();
        for identity in lost {
            match entries.get(&identity) {
                Some(at) => self.visit_before(None, path, at, now),
                None if Some(identity) == newest => {
                    self.notices.push(Notice::about(Kind::Gone, path, String::new()))
                }
                None => {}
            }
        }
    }

    pub(super) fn is_wanted(&self, path: &Path) -> bool {
        !self.is_excluded(path)
            && self.options.watched.iter().any(|watched| watched.pattern.matches(path))
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
                    let after =
                        self.files.get_mut(&next).and_then(|file| file.after.replace(number));
                    self.files.get_mut(&number).expect("just opened").after = after;
                    self.retire(number, now);
                }
            },
            // Gone since it was seen: there is an event about that.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.refuse(label, at, &error),
        }
    }

    fn refuse(&mut self, label: &Path, at: &Path, error: &io::Error) {
        if !self.started && self.reads_from_end(label) {
            if let Ok(meta) = fs::metadata(at) {
                self.denied.insert(Identity::of(&meta), meta.len());
            }
        }
        let text = error.to_string();
        self.complain_once(
            Kind::Unreadable,
            at,
            text.split(" (os error").next().unwrap_or(&text).to_string(),
        );
    }

    /// Opens a file that is not open yet. None: it is.
    fn open(&mut self, label: &Path, at: &Path, now: Instant) -> io::Result<Option<u32>> {
        let file = open_path(at)?;
        let meta = file.metadata()?;
        if self.by_identity.contains_key(&Identity::of(&meta)) {
            return Ok(None);
        }
        if !meta.is_file() {
            let kind = if meta.is_dir() { "is a directory" } else { "is not a regular file" };
            return Err(io::Error::other(kind));
        }
        let start = self.start_of(label, &file, Identity::of(&meta), meta.len());
        let number = self.numbers;
        let mut tailed = TailedFile::new(
            number,
            label.to_path_buf(),
            file,
            start,
            self.options.line_bytes_max,
            now,
        )?;
        self.numbers += 1;
        let remote = self.options.poll.is_none() && is_remote(tailed.file());
        tailed.watch = if remote { None } else { self.watcher.watch_file(tailed.file()) };
        tailed.polled = tailed.watch.is_none();
        if let Some(watch) = tailed.watch {
            self.by_watch.insert(watch, number);
        }
        self.notices.push(Notice::of(Kind::Opened, &tailed));
        if tailed.polled && self.options.poll.is_none() {
            self.complain_once(Kind::Polling, label, String::new());
        }
        if start == Start::Beginning && self.started {
            tailed.unchecked = true;
        }
        self.by_identity.insert(tailed.identity, number);
        self.polled += usize::from(tailed.polled);
        self.files.insert(number, tailed);
        self.enqueue(number);
        Ok(Some(number))
    }

    fn start_of(&mut self, label: &Path, file: &File, identity: Identity, size: u64) -> Start {
        let saved = self.options.saved.iter().rev().find(|saved| saved.identity == identity);
        if let Some(saved) = saved.filter(|saved| saved.holds_for(file, size)) {
            return Start::At(saved.offset);
        }
        if let Some(offset) = self.denied.remove(&identity).filter(|offset| *offset <= size) {
            return Start::At(offset);
        }
        let was_read = self.options.saved.iter().any(|saved| Path::new(&saved.path) == label);
        if !self.started && !was_read && self.reads_from_end(label) {
            Start::End
        } else {
            Start::Beginning
        }
    }

    fn reads_from_end(&self, label: &Path) -> bool {
        self.options
            .watched
            .iter()
            .find(|watched| watched.pattern.matches(label))
            .is_none_or(|watched| watched.from_end)
    }

    /// An open file has (again) the name `label`.
    fn rename(&mut self, number: u32, label: &Path, now: Instant) {
        let file = &self.files[&number];
        if self.current.get(label) == Some(&number) {
            self.files.get_mut(&number).expect("open").absent_since = None;
            self.leaving.remove(&number);
            return;
        }
        let still = fs::metadata(&file.path).is_ok_and(|meta| Identity::of(&meta) == file.identity);
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
        self.leaving.remove(&number);
        self.notices.push(Notice::of(Kind::Renamed, &self.files[&number]));
        self.set_current(label, number, now);
    }

    /// The file that had the name before is read to its end before this one begins.
    fn set_current(&mut self, label: &Path, number: u32, now: Instant) {
        if let Some(before) =
            self.current.insert(label.to_path_buf(), number).filter(|before| *before != number)
        {
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

    pub(super) fn retire(&mut self, number: u32, now: Instant) {
        if let Some(file) = self.files.get_mut(&number) {
            file.retired_at.get_or_insert(now);
            file.absent_since = None;
            self.leaving.insert(number);
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
            self.leaving.insert(number);
        }
    }
}
