// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// ARCELLA_CHECK(condition, "why it must hold"): for bugs only, on in release builds too. A process
// that has lost an invariant dies: a worker is restarted by the daemon, the daemon comes back from
// SQLite.
#pragma once

namespace arcella {
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const char* why) noexcept;
}  // namespace arcella

#define ARCELLA_CHECK(condition, why)                               \
  do {                                                              \
    if (!(condition)) [[unlikely]]                                  \
      ::arcella::check_failed(__FILE__, __LINE__, #condition, why); \
  } while (false)
