//! The thread that waits for a `TailSet`: sleeps in poll(2) on inotify and on a wake-up of its owner, and reads a batch
//! only when one was asked for, so the asker's pace is the reader's.

use crate::framing::Batch;
use crate::notice::Notice;
use crate::tail::{Delivered, TailOptions, TailSet};
use rustix::event::{eventfd, poll, EventfdFlags, PollFd, PollFlags, Timespec};
use rustix::fd::{AsFd, OwnedFd};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Pause while there is something to read but nobody asks: events gather instead of waking the thread one by one.
const UNASKED_PAUSE: Duration = Duration::from_millis(20);

/// One batch asked for: buffers to fill and somebody to tell. Dropping it unanswered is an error to the asker.
pub trait Asked: Send {
    fn batch(&mut self) -> Batch<'_>;
    fn answer(self: Box<Self>, answer: Answer);
}

pub enum Answer {
    Lines { delivered: Delivered, notices: usize },
    Notices(usize),
    Closed,
}

/// The owner's side.
pub struct TailThread {
    shared: Arc<Shared>,
}

struct Shared {
    wake: OwnedFd,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: Option<Box<dyn Asked>>,
    /// A request has come that is not answered yet.
    busy: bool,
    notices: Vec<Notice>,
    closing: bool,
}

impl TailThread {
    /// Opens the files and starts the thread. What is written to them after this is read.
    pub fn start(options: TailOptions) -> io::Result<TailThread> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let shared = Arc::new(Shared { wake, state: Mutex::default() });
        let theirs = shared.clone();
        let mut set = TailSet::new(options, Instant::now());
        set.pump(Instant::now());
        thread::Builder::new().name("palisade-tail".into()).spawn(move || run(&theirs, set))?;
        Ok(TailThread { shared })
    }

    /// Asks for the next batch. Hands the request back when one is under way already.
    pub fn ask(&self, asked: Box<dyn Asked>) -> Result<(), Box<dyn Asked>> {
        let mut state = self.shared.lock();
        if state.closing {
            drop(state);
            asked.answer(Answer::Closed);
            return Ok(());
        }
        if std::mem::replace(&mut state.busy, true) {
            return Err(asked);
        }
        state.asked = Some(asked);
        drop(state);
        self.shared.wake_up();
        Ok(())
    }

    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.shared.lock().notices)
    }

    /// Ends the thread; a request under way is answered with `Closed`.
    pub fn close(&self) {
        self.shared.lock().closing = true;
        self.shared.wake_up();
    }
}

impl Drop for TailThread {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn wake_up(&self) {
        // Fails only when the counter is full, and then the thread is awake anyway.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }
}

/// Refuses further requests once the thread is gone, for whatever reason.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closing = true;
        drop(state.asked.take());
    }
}

fn run(shared: &Shared, mut set: TailSet) {
    let _ending = Ending(shared);
    let mut asked: Option<Box<dyn Asked>> = None;
    loop {
        let mut state = shared.lock();
        asked = asked.or_else(|| state.asked.take());
        let closing = state.closing;
        drop(state);
        if closing {
            return end(shared, asked);
        }
        let now = Instant::now();
        set.pump(now);
        if let Some(mut request) = asked.take() {
            let delivered = set.read(&mut request.batch(), now);
            let notices = publish(shared, &mut set);
            shared.lock().busy = delivered.is_none() && notices == 0;
            match delivered {
                Some(delivered) => request.answer(Answer::Lines { delivered, notices }),
                None if notices > 0 => request.answer(Answer::Notices(notices)),
                None => asked = Some(request),
            }
            if asked.is_none() {
                continue;
            }
        }
        wait(shared, &set, asked.is_some());
    }
}

fn end(shared: &Shared, asked: Option<Box<dyn Asked>>) {
    let late = shared.lock().asked.take();
    for request in [asked, late].into_iter().flatten() {
        request.answer(Answer::Closed);
    }
}

fn publish(shared: &Shared, set: &mut TailSet) -> usize {
    let mut state = shared.lock();
    state.notices.append(&mut set.take_notices());
    state.notices.len()
}

/// Sleeps until the owner calls, something happens to the files, or a deadline.
fn wait(shared: &Shared, set: &TailSet, is_asked: bool) {
    let rest = set.rest(Instant::now());
    let busy = set.has_ready() && !is_asked;
    let rest = if busy { Some(rest.unwrap_or(UNASKED_PAUSE).min(UNASKED_PAUSE)) } else { rest };
    let timeout = rest.and_then(|rest| Timespec::try_from(rest).ok());
    let mut fds = vec![PollFd::from_borrowed_fd(shared.wake.as_fd(), PollFlags::IN)];
    if let (Some(fd), false) = (set.fd(), busy) {
        fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
    }
    let _ = poll(&mut fds, timeout.as_ref());
    let _ = rustix::io::read(&shared.wake, &mut [0u8; 8]);
}
