//! File patterns as Go's `filepath.Glob` reads them: `*`, `?`, `[a-z]`, `[^a-z]`, `\` escapes; `*` never crosses `/`.
//! Expanding one also tells which directory entries its answer hangs on, so that a watcher can follow them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Symbolic links followed in one path before it counts as a loop, as in Linux.
const LINKS_MAX: usize = 40;

/// Entries of one directory that matter: those whose name the pattern matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchPoint {
    pub dir: PathBuf,
    pub name: Vec<u8>,
}

/// A pattern that parses.
#[derive(Clone)]
pub struct Pattern {
    text: Vec<u8>,
}

impl Pattern {
    /// Checks a pattern. None where Go answers "syntax error in pattern".
    pub fn new(text: &str) -> Option<Pattern> {
        text.split('/')
            .all(|part| match_name(part.as_bytes(), b"", true).is_some())
            .then(|| Pattern { text: text.as_bytes().to_vec() })
    }

    /// Whether a path, spelled as `expand` spells it, matches.
    pub fn matches(&self, path: &Path) -> bool {
        let names = parts_of(path.as_os_str().as_bytes());
        let parts = parts_of(&self.text);
        parts.len() == names.len()
            && parts.iter().zip(names).all(|(part, name)| matches_name(part, name))
    }

    /// Existing paths that match, sorted within each directory. `points` receives what to watch.
    pub fn expand(&self, points: &mut BTreeSet<WatchPoint>) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let parts = parts_of(&self.text);
        if !parts.is_empty() {
            let root = if self.text.starts_with(b"/") { "/" } else { "" };
            descend(PathBuf::from(root), &parts, points, &mut found);
        }
        // As in Go, a pattern without wildcards names its file exactly as written.
        if !has_meta(&self.text) && !found.is_empty() {
            found = vec![PathBuf::from(OsString::from_vec(unescape(&self.text)))];
        }
        found
    }
}

fn parts_of(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect()
}

fn descend(
    dir: PathBuf,
    parts: &[&[u8]],
    points: &mut BTreeSet<WatchPoint>,
    found: &mut Vec<PathBuf>,
) {
    let (part, rest) = (parts[0], &parts[1..]);
    if has_meta(part) {
        points.insert(WatchPoint { dir: listed(&dir), name: part.to_vec() });
        for name in names_in(&dir, part) {
            step(dir.join(name), rest, points, found);
        }
        return;
    }
    let path = dir.join(OsString::from_vec(unescape(part)));
    match fs::symlink_metadata(&path) {
        // Plain directories on the way to a file are not watched: nothing new can show up by their name.
        Ok(meta) if meta.is_dir() && !rest.is_empty() => descend(path, rest, points, found),
        _ => {
            points.insert(WatchPoint { dir: listed(&dir), name: part.to_vec() });
            step(path, rest, points, found);
        }
    }
}

fn step(
    path: PathBuf,
    rest: &[&[u8]],
    points: &mut BTreeSet<WatchPoint>,
    found: &mut Vec<PathBuf>,
) {
    follow_links(&path, points);
    if !rest.is_empty() {
        if path.is_dir() {
            descend(path, rest, points, found);
        }
    } else if fs::symlink_metadata(&path).is_ok() {
        found.push(path);
    }
}

/// Adds every link on the way from `path` to its target, so that a switched link is noticed.
fn follow_links(path: &Path, points: &mut BTreeSet<WatchPoint>) {
    let mut at = path.to_path_buf();
    for _ in 0..LINKS_MAX {
        let Ok(target) = fs::read_link(&at) else { return };
        at = listed(at.parent().unwrap_or(Path::new(""))).join(target);
        if let (Some(dir), Some(name)) = (at.parent(), at.file_name()) {
            points.insert(WatchPoint { dir: listed(dir), name: escape(name.as_bytes()) });
        }
    }
}

fn names_in(dir: &Path, part: &[u8]) -> Vec<OsString> {
    let Ok(entries) = fs::read_dir(listed(dir)) else { return Vec::new() };
    let mut names: Vec<OsString> = entries
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| matches_name(part, name.as_bytes()))
        .collect();
    names.sort();
    names
}

/// The directory as the system wants it named: "" is the working directory.
fn listed(dir: &Path) -> PathBuf {
    if dir.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        dir.to_path_buf()
    }
}

pub fn has_meta(part: &[u8]) -> bool {
    part.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

fn unescape(part: &[u8]) -> Vec<u8> {
    let mut bytes = part.iter();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    out
}

fn escape(name: &[u8]) -> Vec<u8> {
    let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
    name.iter()
        .flat_map(|byte| if special(byte) { vec![b'\\', *byte] } else { vec![*byte] })
        .collect()
}

/// Whether one name (no slash) matches one part of a pattern.
pub fn matches_name(part: &[u8], name: &[u8]) -> bool {
    match_name(part, name, false) == Some(true)
}

/// Matches, or with `check` only parses, the whole pattern. None on bad syntax. `*` backtracks to its last place
/// only, so time stays within length times length.
fn match_name(pattern: &[u8], name: &[u8], check: bool) -> Option<bool> {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p + 1, n));
            p += 1;
            continue;
        }
        if p == pattern.len() && n == name.len() {
            return Some(true);
        }
        if p < pattern.len() {
            let (next, hit) = match_one(&pattern[p..], name.get(n).map(|_| &name[n..]))?;
            if hit > 0 || check {
                p += next;
                n += hit;
                continue;
            }
        } else if check {
            return Some(false);
        }
        match star {
            Some((after, from)) if from < name.len() => {
                star = Some((after, from + 1));
                (p, n) = (after, from + 1);
            }
            _ => return Some(false),
        }
    }
}

/// Matches one element (a byte, `?`, a class) at the start of the text. Returns the lengths of both, the text's 0
/// when it does not match.
fn match_one(pattern: &[u8], text: Option<&[u8]>) -> Option<(usize, usize)> {
    let (code, width) = text.map_or((None, 0), |bytes| {
        let (code, width) = decode(bytes);
        (Some(code), width)
    });
    match pattern[0] {
        b'?' => Some((1, width)),
        b'[' => {
            match_class(pattern, code).map(|(length, hit)| (length, if hit { width } else { 0 }))
        }
        b'\\' => {
            let byte = *pattern.get(1)?;
            Some((2, usize::from(text.is_some_and(|bytes| bytes[0] == byte))))
        }
        byte => Some((1, usize::from(text.is_some_and(|bytes| bytes[0] == byte)))),
    }
}

fn match_class(pattern: &[u8], code: Option<u32>) -> Option<(usize, bool)> {
    let negated = pattern.get(1) == Some(&b'^');
    let mut at = if negated { 2 } else { 1 };
    let (mut hit, mut ranges) = (false, 0);
    loop {
        if pattern.get(at) == Some(&b']') && ranges > 0 {
            return Some((at + 1, code.is_some() && hit != negated));
        }
        let low = class_member(pattern, &mut at)?;
        let high = if pattern.get(at) == Some(&b'-') {
            at += 1;
            class_member(pattern, &mut at)?
        } else {
            low
        };
        hit |= code.is_some_and(|code| low <= code && code <= high);
        ranges += 1;
    }
}

fn class_member(pattern: &[u8], at: &mut usize) -> Option<u32> {
    match pattern.get(*at)? {
        b'-' | b']' => return None,
        b'\\' => *at += 1,
        _ => {}
    }
    let rest = pattern.get(*at..).filter(|rest| !rest.is_empty())?;
    let (code, width) = decode(rest);
    *at += width;
    // A class that ends with the pattern has no closing bracket.
    (*at < pattern.len()).then_some(code)
}

/// The first character of a text; a byte that is not UTF-8 stands for U+FFFD.
fn decode(bytes: &[u8]) -> (u32, usize) {
    let width = match bytes[0] {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let text = bytes.get(..width).and_then(|head| std::str::from_utf8(head).ok());
    text.and_then(|text| text.chars().next()).map_or((0xfffd, 1), |c| (c as u32, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_go() {
        let cases = [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "ab/c", true),
            ("a*b*c*d*e*", "axbxcxdxe", true),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("[\\]a]", "]", true),
            ("[x\\-]", "-", true),
            ("*x", "xxx", true),
            ("*", ".hidden", true),
        ];
        for (pattern, name, wanted) in cases {
            assert_eq!(
                matches_name(pattern.as_bytes(), name.as_bytes()),
                wanted,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for text in ["[]a]", "[-]", "[x-]", "[-x]", "[", "[^", "[^bc", "a[", "[a-b-c]", "\\"] {
            assert!(Pattern::new(text).is_none(), "{text}");
        }
        assert!(Pattern::new("/var/log/*.log").is_some());
    }
}
