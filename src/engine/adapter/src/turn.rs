// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Whose turn it is: a lock for futures that is given on in the order in which they asked. Taking and giving back a free
//! one is one atomic operation each, which matters because a call of an idle instance does little more than that.

use crate::lock::locked;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

const FREE: u8 = 0;
const TAKEN: u8 = 1;
/// Taken, and somebody waits in the queue.
const WANTED: u8 = 2;

pub struct Turn {
    /// Leaves WANTED only under the queue's lock.
    state: AtomicU8,
    queue: Mutex<VecDeque<Arc<Waiter>>>,
}

struct Waiter {
    place: Mutex<Place>,
}

enum Place {
    Waiting(Option<Waker>),
    Granted,
}

impl Turn {
    pub const fn new() -> Self {
        Self {
            state: AtomicU8::new(FREE),
            queue: Mutex::new(VecDeque::new()),
        }
    }

    pub fn try_take(&self) -> bool {
        self.state
            .compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// To be called once by whom it was given to.
    pub fn give(&self) {
        let free = self
            .state
            .compare_exchange(TAKEN, FREE, Ordering::Release, Ordering::Relaxed);
        if free.is_err() {
            self.pass_on();
        }
    }

    #[cold]
    fn pass_on(&self) {
        let mut queue = self.queue();
        let Some(next) = queue.pop_front() else {
            self.state.store(FREE, Ordering::Release);
            return;
        };
        if queue.is_empty() {
            self.state.store(TAKEN, Ordering::Release);
        }
        drop(queue);
        let place = std::mem::replace(&mut *next.place(), Place::Granted);
        if let Place::Waiting(Some(waker)) = place {
            waker.wake();
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Arc<Waiter>>> {
        locked(&self.queue)
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::new()
    }
}

impl Waiter {
    fn place(&self) -> MutexGuard<'_, Place> {
        locked(&self.place)
    }
}

/// A place in the queue. Whoever drops one without having got the turn calls `leave` first.
pub struct Ticket {
    waiter: Option<Arc<Waiter>>,
}

impl Ticket {
    pub const fn new() -> Self {
        Self { waiter: None }
    }

    /// Ready: the turn is the caller's.
    pub fn poll(&mut self, turn: &Turn, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(waiter) = &self.waiter {
            let mut place = waiter.place();
            if let Place::Waiting(waker) = &mut *place {
                *waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            drop(place);
            self.waiter = None;
            return Poll::Ready(());
        }
        let mut queue = turn.queue();
        // Under the lock nobody frees a turn that is wanted; a free one may still be taken by others.
        loop {
            if turn.try_take() {
                return Poll::Ready(());
            }
            let wanted =
                turn.state
                    .compare_exchange(TAKEN, WANTED, Ordering::Relaxed, Ordering::Relaxed);
            if wanted.is_ok() || wanted == Err(WANTED) {
                break;
            }
        }
        let waiter = Arc::new(Waiter {
            place: Mutex::new(Place::Waiting(Some(cx.waker().clone()))),
        });
        queue.push_back(waiter.clone());
        self.waiter = Some(waiter);
        Poll::Pending
    }

    /// Gives the place up, and the turn if it came meanwhile.
    pub fn leave(&mut self, turn: &Turn) {
        let Some(waiter) = self.waiter.take() else {
            return;
        };
        let mut queue = turn.queue();
        let position = queue.iter().position(|other| Arc::ptr_eq(other, &waiter));
        match position {
            Some(position) => {
                queue.remove(position);
                if queue.is_empty() {
                    turn.state.store(TAKEN, Ordering::Relaxed);
                }
            }
            None => {
                // It was popped, so the turn is ours or about to be.
                drop(queue);
                turn.give();
            }
        }
    }
}

impl Default for Ticket {
    fn default() -> Self {
        Self::new()
    }
}
