// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Locks of data that a panic leaves whole.

use std::sync::{Mutex, MutexGuard};

/// Whoever held it before may have panicked: that was told where it was caught.
pub(crate) fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}
