// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "apps/arcella/service.h"

#include <cstdint>
#include <ctime>

#include <systemd/sd-daemon.h>

#include "aio/await.h"

namespace arcella::apps {
namespace {

void tell(const std::string& state) {
  ::sd_notify(0, state.c_str());  // a manager that does not listen is no failure of ours
}

// systemd takes it to tell this reload from an earlier one.
std::string monotonic_usec() {
  std::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

void tell_ready(const std::string& status) {
  tell("READY=1\nSTATUS=" + status);
}

void tell_reloading() {
  tell("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec() + "\nSTATUS=reading the configuration");
}

void tell_stopping(const std::string& status) {
  tell("STOPPING=1\nSTATUS=" + status);
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t usec = 0;
  if (::sd_watchdog_enabled(0, &usec) <= 0 || usec < 2) return std::nullopt;
  return std::chrono::microseconds(usec / 2);
}

aio::Task<void> beat(std::chrono::microseconds interval, std::function<std::string()> status) {
  do {
    tell("WATCHDOG=1\nSTATUS=" + status());
  } while ((co_await aio::sleep_for(interval)).has_value());
}

}  // namespace arcella::apps
