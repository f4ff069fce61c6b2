//! The exported classes and functions. `numbers` of each read: [0] end of the used bytes, [1] offset in the file,
//! [2] lines truncated, [3] file number, [4] mark, [5] notices waiting (tail) or input taken (framer).

use crate::framing::{Batch, Filled, Framer};
use crate::glob::Pattern;
use crate::position::{Identity, Saved};
use crate::replay::Replay;
use crate::tail::{TailOptions, Watched};
use crate::tail_thread::{Answer, Asked, TailThread};
use napi::bindgen_prelude::{AsyncTask, Float64Array, Object, Uint32Array, Uint8Array};
use napi::{Env, Error, JsDeferred, Result, Task};
use napi_derive::napi;
use regex::bytes::RegexSet;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const NUMBERS: usize = 6;
const CLOSED: i32 = -1;

/// The typed arrays of one read.
struct Buffers {
    bytes: Uint8Array,
    spans: Uint32Array,
    flags: Uint8Array,
    numbers: Float64Array,
}

impl Buffers {
    fn new(
        bytes: Uint8Array,
        spans: Uint32Array,
        flags: Uint8Array,
        numbers: Float64Array,
        line_bytes_max: usize,
    ) -> Result<Buffers> {
        let fits = bytes.len() >= line_bytes_max + 2
            && spans.len() >= 2
            && !flags.is_empty()
            && numbers.len() >= NUMBERS;
        if !fits || bytes.len() > u32::MAX as usize {
            return Err(Error::from_reason("the arrays of a read are too small or too large"));
        }
        Ok(Buffers { bytes, spans, flags, numbers })
    }

    fn batch(&mut self) -> Batch<'_> {
        // SAFETY: JavaScript does not touch the arrays of a read that is under way.
        unsafe {
            Batch {
                bytes: self.bytes.as_mut(),
                spans: self.spans.as_mut(),
                flags: self.flags.as_mut(),
            }
        }
    }

    fn tell(&mut self, filled: &Filled, offset: u64, number: u32, mark: u32, last: usize) {
        let values = [
            filled.used as f64,
            offset as f64,
            filled.truncated as f64,
            number.into(),
            mark.into(),
            last as f64,
        ];
        // SAFETY: as in batch().
        unsafe { self.numbers.as_mut()[..NUMBERS].copy_from_slice(&values) };
    }
}

/// One pass over one file, on the thread pool.
#[napi]
pub struct FileReplay {
    replay: Arc<Mutex<Option<Replay>>>,
    path: String,
    line_bytes_max: usize,
}

#[napi]
impl FileReplay {
    #[napi(constructor)]
    pub fn new(path: String, line_bytes_max: u32) -> FileReplay {
        FileReplay { replay: Arc::default(), path, line_bytes_max: line_bytes_max as usize }
    }

    /// Resolves to the number of lines, 0 at the end. The first call opens the file.
    #[napi]
    pub fn read(
        &self,
        bytes: Uint8Array,
        spans: Uint32Array,
        flags: Uint8Array,
        numbers: Float64Array,
    ) -> Result<AsyncTask<ReplayRead>> {
        let buffers = Buffers::new(bytes, spans, flags, numbers, self.line_bytes_max)?;
        let (replay, path) = (self.replay.clone(), self.path.clone());
        Ok(AsyncTask::new(ReplayRead {
            replay,
            path,
            line_bytes_max: self.line_bytes_max,
            buffers,
        }))
    }
}

pub struct ReplayRead {
    replay: Arc<Mutex<Option<Replay>>>,
    path: String,
    line_bytes_max: usize,
    buffers: Buffers,
}

impl Task for ReplayRead {
    type Output = i32;
    type JsValue = i32;

    fn compute(&mut self) -> Result<i32> {
        let mut slot =
            self.replay.lock().map_err(|_| Error::from_reason("an earlier read failed"))?;
        if slot.is_none() {
            *slot = Some(Replay::open(&self.path, self.line_bytes_max).map_err(to_error)?);
        }
        let replay = slot.as_mut().expect("just opened");
        let filled = replay.read(&mut self.buffers.batch()).map_err(to_error)?;
        self.buffers.tell(&filled, replay.offset(), 0, 0, 0);
        Ok(filled.count as i32)
    }

    fn resolve(&mut self, _env: Env, count: i32) -> Result<i32> {
        Ok(count)
    }
}

/// Frames pieces of a stream that JavaScript reads itself (a pipe, a socket).
#[napi]
pub struct LineFramer {
    framer: Framer,
    line_bytes_max: usize,
}

#[napi]
impl LineFramer {
    #[napi(constructor)]
    pub fn new(line_bytes_max: u32) -> LineFramer {
        LineFramer {
            framer: Framer::new(line_bytes_max as usize),
            line_bytes_max: line_bytes_max as usize,
        }
    }

    /// Takes some of `chunk` from `from` on and returns the number of lines it completed; `numbers[5]` says how much
    /// of the chunk was taken. An empty rest with `last` gives the unfinished line. Synchronous.
    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn push(
        &mut self,
        chunk: Uint8Array,
        from: u32,
        last: bool,
        bytes: Uint8Array,
        spans: Uint32Array,
        flags: Uint8Array,
        numbers: Float64Array,
    ) -> Result<i32> {
        let mut buffers = Buffers::new(bytes, spans, flags, numbers, self.line_bytes_max)?;
        let rest = chunk.get(from as usize..).unwrap_or(&[]);
        let mut taken = 0;
        let filled = self.framer.fill(&mut buffers.batch(), last, |room| {
            taken = rest.len().min(room.len());
            room[..taken].copy_from_slice(&rest[..taken]);
            Ok(taken)
        });
        let filled = filled.map_err(to_error)?;
        buffers.tell(&filled, 0, 0, 0, taken);
        Ok(filled.count as i32)
    }
}

/// Growing files, followed by a thread of their own.
#[napi]
pub struct FileTail {
    thread: TailThread,
    line_bytes_max: usize,
}

#[napi(object)]
pub struct FileTailOptions {
    pub patterns: Vec<String>,
    /// For each pattern: files there at the start are read from their end.
    pub from_end: Vec<bool>,
    pub exclude_regexps: Vec<String>,
    /// Five texts for each saved position: path, device, inode, offset, mark.
    pub saved: Vec<String>,
    pub poll: Option<bool>,
    pub poll_interval_ms: f64,
    /// 0: never.
    pub discovery_interval_ms: f64,
    pub linger_ms: f64,
    pub line_bytes_max: u32,
}

#[napi]
impl FileTail {
    #[napi(constructor)]
    pub fn new(options: FileTailOptions) -> Result<FileTail> {
        let line_bytes_max = options.line_bytes_max as usize;
        let thread = TailThread::start(tail_options(options)?).map_err(to_error)?;
        Ok(FileTail { thread, line_bytes_max })
    }

    /// Resolves to the number of lines once there are some; 0 when there are only notices, -1 after `close`.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn read<'env>(
        &self,
        env: &'env Env,
        bytes: Uint8Array,
        spans: Uint32Array,
        flags: Uint8Array,
        numbers: Float64Array,
    ) -> Result<Object<'env>> {
        let buffers = Buffers::new(bytes, spans, flags, numbers, self.line_bytes_max)?;
        let (deferred, promise) = env.create_deferred()?;
        let asked = Box::new(TailRead { buffers: Some(buffers), deferred: Some(deferred) });
        // A second read beside one under way is refused: dropping it rejects its promise.
        drop(self.thread.ask(asked));
        Ok(promise)
    }

    /// Seven texts for each notice: kind, file number or "", path, device:inode, offset, mark, detail.
    #[napi]
    pub fn take_notices(&self) -> Vec<String> {
        let texts = |notice: crate::notice::Notice| {
            let Identity { device, inode } = notice.identity;
            let number = notice.number.map_or(String::new(), |number| number.to_string());
            let kind = notice.kind.word().to_string();
            let (identity, offset, mark) =
                (format!("{device}:{inode}"), notice.offset.to_string(), notice.mark.to_string());
            [kind, number, notice.path, identity, offset, mark, notice.detail]
        };
        self.thread.take_notices().into_iter().flat_map(texts).collect()
    }

    #[napi]
    pub fn close(&self) {
        self.thread.close();
    }
}

type Resolver = Box<dyn FnOnce(Env) -> Result<i32> + Send>;

struct TailRead {
    buffers: Option<Buffers>,
    deferred: Option<JsDeferred<i32, Resolver>>,
}

impl Asked for TailRead {
    fn batch(&mut self) -> Batch<'_> {
        self.buffers.as_mut().expect("held until answered").batch()
    }

    fn answer(mut self: Box<Self>, answer: Answer) {
        let mut buffers = self.buffers.take().expect("held until answered");
        let count = match answer {
            Answer::Closed => CLOSED,
            Answer::Notices(notices) => {
                buffers.tell(&Filled::default(), 0, 0, 0, notices);
                0
            }
            Answer::Lines { delivered, notices } => {
                let crate::tail::Delivered { number, filled, offset, mark } = delivered;
                buffers.tell(&filled, offset, number, mark, notices);
                filled.count as i32
            }
        };
        if let Some(deferred) = self.deferred.take() {
            // The arrays are let go on the JavaScript thread.
            deferred.resolve(Box::new(move |_| {
                drop(buffers);
                Ok(count)
            }));
        }
    }
}

impl Drop for TailRead {
    fn drop(&mut self) {
        if let Some(deferred) = self.deferred.take() {
            deferred.reject(Error::from_reason(
                "the tail thread ended, or a read was already under way",
            ));
        }
    }
}

/// Existing paths that match a pattern as in Go's filepath.Glob. Throws on bad syntax.
#[napi]
pub fn glob(pattern: String) -> Result<Vec<String>> {
    let paths = parse(&pattern)?.expand(&mut BTreeSet::new());
    Ok(paths.into_iter().map(|path| path.to_string_lossy().into_owned()).collect())
}

/// Whether a path matches a pattern, file or no file. Throws on bad syntax.
#[napi]
pub fn glob_matches(pattern: String, path: String) -> Result<bool> {
    Ok(parse(&pattern)?.matches(path.as_ref()))
}

fn parse(pattern: &str) -> Result<Pattern> {
    Pattern::new(pattern)
        .ok_or_else(|| Error::from_reason(format!("syntax error in pattern \"{pattern}\"")))
}

fn tail_options(options: FileTailOptions) -> Result<TailOptions> {
    let watched = options
        .patterns
        .into_iter()
        .zip(options.from_end)
        .map(|(text, from_end)| Ok(Watched { pattern: parse(&text)?, text, from_end }))
        .collect::<Result<_>>()?;
    let interval = |ms: f64| Duration::from_millis(ms as u64);
    Ok(TailOptions {
        watched,
        excludes: RegexSet::new(&options.exclude_regexps)
            .map_err(|error| Error::from_reason(error.to_string()))?,
        saved: options.saved.chunks_exact(5).map(to_saved).collect::<Option<_>>().ok_or_else(
            || Error::from_reason("a saved position holds something other than numbers"),
        )?,
        poll: options.poll,
        poll_interval: interval(options.poll_interval_ms),
        discovery_interval: (options.discovery_interval_ms > 0.0)
            .then(|| interval(options.discovery_interval_ms)),
        linger: interval(options.linger_ms),
        line_bytes_max: options.line_bytes_max as usize,
    })
}

fn to_saved(texts: &[String]) -> Option<Saved> {
    let identity = Identity { device: texts[1].parse().ok()?, inode: texts[2].parse().ok()? };
    Some(Saved {
        path: texts[0].clone(),
        identity,
        offset: texts[3].parse().ok()?,
        mark: texts[4].parse().ok()?,
    })
}

/// The system's own words, without Rust's "(os error 13)".
fn to_error(error: std::io::Error) -> Error {
    let text = error.to_string();
    Error::from_reason(text.split(" (os error").next().unwrap_or(&text).to_string())
}
