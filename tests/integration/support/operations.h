// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The operations that change what lasts, each with the home on which it is tried: one table for
// every test that breaks something in the middle of one.
#pragma once

#include <string>
#include <vector>

#include "support/platform.h"

namespace arcella::integration {

struct Operation {
  std::string name;
  // Commands that make the home, each of which must succeed.
  std::vector<std::vector<std::string>> preparation{};
  // The operation itself. Empty: it is the start of the daemon.
  std::vector<std::string> command{};
  int status = 0;        // what it ends with
  int status_again = 0;  // what it ends with once it has taken effect
  // Once more has no further effect; a second rollback takes the first one back.
  bool repeatable = true;
  // Tried at every point in every run of the tests; the others in a long one.
  bool always = false;
  // Done to the home when its daemon is gone.
  void (*alteration)(const std::string& home) = nullptr;
};
std::ostream& operator<<(std::ostream& out, const Operation& operation);  // its name

[[nodiscard]] const std::vector<Operation>& operations();

// Makes `home` as the operation wants to find it, and gives the platform's snapshot before the
// alteration; empty, with a failure of the test, if it cannot.
[[nodiscard]] std::string prepare_home(const Operation& operation, const std::string& home);

}  // namespace arcella::integration
