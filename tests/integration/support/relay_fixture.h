// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <string_view>

#include "support/daemon_fixture.h"

namespace arcella::integration {

// What a relay answers to `division` when somebody serves it.
inline constexpr std::string_view kServed = "ok((3, 1))\n";

// With calc installed, and relay, which passes every call on to whoever exports what calc does.
class RelayTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    install("calc");
    install("relay");
  }

  std::string division(const std::string& relay = "relay") {
    return cli({"call", relay, "divide-with-remainder(7, 2)"}).out;
  }
  bool serves(const std::string& relay = "relay") {
    return eventually([&] { return division(relay) == kServed; });
  }

  // A rally, which has to be installed, that calls the deployment `other`.
  void put_rally(const std::string& name, const std::string& group, const std::string& other) {
    put(name, "rally",
        "group = \"" + group + "\"\n[deployment.wiring]\n\"examples:rally/court\" = \"" + other +
            "\"\n");
  }
};

}  // namespace arcella::integration
