//! Follows files that are renamed away from a watched name, by the order of events alone, so that a log which rotates
//! several times before anybody looks is still read whole: each departed file is one generation of its old name.

use crate::watch::Event;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Departed files followed at once; the oldest are let go first. A backstop: a settled watcher follows none.
const DEPARTURES_MAX: usize = 4096;

#[derive(Debug)]
struct Departure {
    label: PathBuf,
    at: PathBuf,
    /// Cookie of a rename whose second half has not come yet.
    moving: Option<u32>,
    /// The second half was not there at the last look: the file went out of sight.
    overdue: bool,
}

/// Files on their way, in the order in which they left.
#[derive(Default)]
pub struct Departures {
    list: VecDeque<Departure>,
}

impl Departures {
    /// Takes in events. Files that leave a name which `wanted` accepts are followed from then on.
    pub fn take(&mut self, events: &[Event], wanted: impl Fn(&Path) -> bool) {
        for event in events {
            match event {
                Event::Went { path, cookie: 0 } => self.drop_at(path),
                Event::Went { path, cookie } => self.leave(path, *cookie, &wanted),
                Event::Came { path, cookie } => {
                    // What had this name before has been overwritten.
                    self.drop_at(path);
                    let moving = |departure: &&mut Departure| {
                        *cookie != 0 && departure.moving == Some(*cookie)
                    };
                    if let Some(departure) = self.list.iter_mut().find(moving) {
                        (departure.at, departure.moving) = (path.clone(), None);
                    }
                }
                Event::Changed { .. } | Event::Stirred | Event::Lost => {}
            }
        }
        let excess = self.list.len().saturating_sub(DEPARTURES_MAX);
        self.list.drain(..excess);
    }

    /// The names that files left, and where these files are now, in the order in which they left.
    pub fn places(&self) -> Vec<(PathBuf, PathBuf)> {
        let placed = self.list.iter().filter(|departure| departure.moving.is_none());
        placed.map(|departure| (departure.label.clone(), departure.at.clone())).collect()
    }

    /// Nothing has happened since all places were looked at: they were right, and need not be followed further.
    pub fn settle(&mut self) {
        self.list.retain(|departure| departure.moving.is_some() && !departure.overdue);
        for departure in &mut self.list {
            departure.overdue = true;
        }
    }

    fn drop_at(&mut self, path: &Path) {
        self.list.retain(|departure| departure.moving.is_some() || departure.at != path);
    }

    fn leave(&mut self, path: &Path, cookie: u32, wanted: impl Fn(&Path) -> bool) {
        let here = |departure: &&mut Departure| departure.moving.is_none() && departure.at == path;
        if let Some(departure) = self.list.iter_mut().find(here) {
            departure.moving = Some(cookie);
        } else if wanted(path) {
            let label = path.to_path_buf();
            self.list.push_back(Departure {
                label,
                at: PathBuf::new(),
                moving: Some(cookie),
                overdue: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(path: &str, cookie: u32) -> Event {
        Event::Came { path: path.into(), cookie }
    }

    fn went(path: &str, cookie: u32) -> Event {
        Event::Went { path: path.into(), cookie }
    }

    fn places(batches: &[&[Event]]) -> Vec<String> {
        let mut departures = Departures::default();
        for events in batches {
            departures.take(events, |path| path.ends_with("a"));
        }
        departures
            .places()
            .iter()
            .map(|(label, at)| format!("{} {}", label.display(), at.display()))
            .collect()
    }

    #[test]
    fn a_chain_of_rotations_is_followed_in_order() {
        let events = [
            came("a", 0),
            went("a", 1),
            came("a.1", 1),
            came("a", 0),
            went("a.1", 2),
            came("a.2", 2),
            went("a", 3),
            came("a.1", 3),
            came("a", 0),
        ];
        assert_eq!(places(&[&events]), ["a a.2", "a a.1"]);
        let one_by_one: Vec<&[Event]> = events.chunks(1).collect();
        assert_eq!(places(&one_by_one), ["a a.2", "a a.1"]);
    }

    #[test]
    fn deleted_and_overwritten_files_are_gone() {
        let nothing: [String; 0] = [];
        assert_eq!(places(&[&[went("a", 1), came("b", 1), went("b", 0)]]), nothing);
        assert_eq!(places(&[&[went("a", 1), came("b", 1), came("b", 9)]]), nothing);
        assert_eq!(places(&[&[went("a", 1)]]), nothing, "moved out of sight");
    }

    #[test]
    fn settling_forgets_what_has_arrived_and_waits_once_for_the_rest() {
        let mut departures = Departures::default();
        departures.take(&[went("a", 1), came("b", 1), went("a", 2)], |path| path.ends_with("a"));
        departures.settle();
        departures.take(&[came("c", 2)], |_| false);
        assert_eq!(departures.places(), [("a".into(), "c".into())]);
        departures.settle();
        assert_eq!(departures.places(), []);
    }
}
