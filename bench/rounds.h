// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// How script/bench talks to its programs: one round per line on stdin, `NAME COUNT`, answered by
// {"name": NAME, "ns": NUMBER}, so that the rounds of two programs can alternate.
#pragma once

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "base/result.h"

namespace arcella::bench {

// `round(name, count)` gives a Result<double>, nanoseconds. Until stdin ends, or a round fails.
template <class Round>
Result<void> serve_rounds(Round round) {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string name;
    std::uint32_t count = 0;
    words >> name >> count;
    if (count == 0) return fail(ErrorCode::InvalidParams, "a round is: NAME COUNT");
    ARCELLA_TRY(const double ns, round(name, count));
    std::printf("{\"name\": \"%s\", \"ns\": %.1f}\n", name.c_str(), ns);
    std::fflush(stdout);
  }
  return {};
}

}  // namespace arcella::bench
