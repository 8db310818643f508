// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the daemon tells the service manager that started it (sd_notify(3)); nothing when none did.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "aio/task.h"

namespace arcella::apps {

// It takes requests, or again after reloading().
void tell_ready(const std::string& status);
void tell_reloading();
void tell_stopping(const std::string& status);

// How often the service manager wants to hear of us (WATCHDOG_USEC, halved so that one late beat is
// no death); none: it does not.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();
// Says so until it is cancelled. It runs on the control loop and nowhere else: a loop that is stuck
// says nothing, and is ended by the service manager. `status` is shown by `systemctl status`.
aio::Task<void> beat(std::chrono::microseconds interval, std::function<std::string()> status);

}  // namespace arcella::apps
