// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/crash_point.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <string>

#include "base/log.h"
#include "base/text.h"

namespace arcella {
namespace {

constexpr std::size_t kLogAll = kCrashPoints.size();

// Written before there is a second thread, and only read once a point is armed.
std::size_t chosen = kLogAll;
std::atomic<int> passages_left{1};

Unexpected unknown(std::string_view what) {
  return fail(ErrorCode::InvalidParams,
              "ARCELLA_CRASH_AT: '" + inert(what) +
                  "' is no crash point: NAME or NAME:N of the list in base/crash_point.h, or log");
}

}  // namespace

Result<void> arm_crash_point(std::string_view what) {
  if (what.empty()) return {};
  std::string_view name = what.substr(0, what.find(':'));
  int passage = 1;
  if (name.size() < what.size()) {
    std::string_view number = what.substr(name.size() + 1);
    const char* end = number.data() + number.size();
    auto [stop, error] = std::from_chars(number.data(), end, passage);
    if (error != std::errc() || stop != end || passage < 1) return unknown(what);
  }
  auto found = std::find(kCrashPoints.begin(), kCrashPoints.end(), name);
  if (found == kCrashPoints.end() && what != "log") return unknown(what);
  chosen = static_cast<std::size_t>(found - kCrashPoints.begin());
  passages_left = passage;
  crash_point_detail::armed = true;
  return {};
}

void crash_point_detail::pass(CrashPoint point) noexcept {
  if (chosen == kLogAll) {
    log::info("crash", "passed", {{"point", kCrashPoints[point.index()]}});
    return;
  }
  if (point.index() != chosen || --passages_left != 0) return;
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();  // not one more step while the signal is on its way
}

}  // namespace arcella
