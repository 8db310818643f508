// SPDX-License-Identifier: Apache-2.0 OR MIT

use arcella_engine::turn::{Ticket, Turn};
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::task::{Context, Waker};

fn ready(ticket: &mut Ticket, turn: &Turn) -> bool {
    ticket
        .poll(turn, &mut Context::from_waker(Waker::noop()))
        .is_ready()
}

#[test]
fn it_is_given_on_in_the_order_of_asking() {
    let turn = Turn::new();
    assert!(turn.try_take());
    assert!(!turn.try_take());
    let [mut first, mut second, mut third] = [Ticket::new(), Ticket::new(), Ticket::new()];
    for ticket in [&mut first, &mut second, &mut third] {
        assert!(!ready(ticket, &turn));
    }
    turn.give();
    assert!(!turn.try_take(), "given to the first, not free");
    assert!(!ready(&mut second, &turn));
    assert!(ready(&mut first, &turn));
    second.leave(&turn);
    turn.give();
    assert!(ready(&mut third, &turn));
    turn.give();
    assert!(turn.try_take());
}

#[test]
fn who_leaves_after_it_came_gives_it_on() {
    let turn = Turn::new();
    assert!(turn.try_take());
    let [mut first, mut second] = [Ticket::new(), Ticket::new()];
    assert!(!ready(&mut first, &turn));
    assert!(!ready(&mut second, &turn));
    turn.give();
    first.leave(&turn);
    assert!(ready(&mut second, &turn));
    turn.give();
    assert!(ready(&mut Ticket::new(), &turn));
}

struct Counter(UnsafeCell<u64>);
unsafe impl Sync for Counter {}

#[test]
fn one_at_a_time_has_it() {
    const ROUNDS: u64 = 20_000;
    let shared = Arc::new((Turn::new(), Counter(UnsafeCell::new(0))));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let shared = shared.clone();
            std::thread::spawn(move || {
                let (turn, counter) = &*shared;
                for _ in 0..ROUNDS {
                    let mut ticket = Ticket::new();
                    if !turn.try_take() {
                        futures::executor::block_on(std::future::poll_fn(|cx| {
                            ticket.poll(turn, cx)
                        }));
                    }
                    unsafe { *counter.0.get() += 1 };
                    turn.give();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(unsafe { *shared.1.0.get() }, 4 * ROUNDS);
}
