//! Follows files that were created under a watched name and renamed away before anybody could open them: a log that
//! rotates several times within one wake-up. Pure: works on the order of events alone.

use crate::watch::Event;
use std::path::PathBuf;

/// A file that came to exist as `born_as` and is at `at` now.
#[derive(Debug, PartialEq)]
pub struct Birth {
    pub born_as: PathBuf,
    pub at: PathBuf,
}

/// Returns, oldest first, the files that came under a name that `wanted` accepts and lie under another one now.
pub fn moved_births(events: &[Event], wanted: impl Fn(&PathBuf) -> bool) -> Vec<Birth> {
    let mut births: Vec<(Birth, Option<u32>)> = Vec::new();
    for event in events {
        match event {
            Event::Went { path, cookie } => {
                births.retain(|(birth, _)| *cookie != 0 || birth.at != *path);
                for (birth, moving) in births.iter_mut().filter(|(birth, _)| birth.at == *path) {
                    (birth.at, *moving) = (PathBuf::new(), Some(*cookie));
                }
            }
            Event::Came { path, cookie } => {
                // What lay under this name before has been overwritten by the rename.
                births.retain(|(birth, _)| birth.at != *path);
                let known = births.iter().position(|(_, moving)| *cookie != 0 && *moving == Some(*cookie));
                if let Some((birth, moving)) = known.and_then(|index| births.get_mut(index)) {
                    (birth.at, *moving) = (path.clone(), None);
                } else if wanted(path) {
                    births.push((Birth { born_as: path.clone(), at: path.clone() }, None));
                }
            }
            Event::Changed { .. } | Event::Stirred => {}
        }
    }
    let births = births.into_iter().map(|(birth, _)| birth);
    births.filter(|birth| birth.at != birth.born_as && !birth.at.as_os_str().is_empty()).collect()
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

    fn births(events: &[Event]) -> Vec<(String, String)> {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        moved_births(events, |path| path.ends_with("a")).iter().map(|b| (text(&b.born_as), text(&b.at))).collect()
    }

    #[test]
    fn a_chain_of_rotations_is_followed_in_order() {
        let events = [
            came("a", 0), went("a", 1), came("a.1", 1), came("a", 0),
            went("a.1", 2), came("a.2", 2), went("a", 3), came("a.1", 3), came("a", 0),
        ];
        assert_eq!(births(&events), [("a".into(), "a.2".into()), ("a".into(), "a.1".into())]);
    }

    #[test]
    fn deleted_and_overwritten_files_are_gone() {
        assert_eq!(births(&[came("a", 0), went("a", 1), came("b", 1), went("b", 0)]), []);
        assert_eq!(births(&[came("a", 0), went("a", 1), came("b", 1), came("b", 9)]), []);
        assert_eq!(births(&[came("a", 0), went("a", 1)]), [], "moved out of sight");
    }
}
