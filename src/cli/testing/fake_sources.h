// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A platform with two components, three deployments and a folder, for tests of completion.
#pragma once

#include <string>
#include <vector>

#include "cli/completion.h"

namespace arcella::cli::testing {

class FakeSources : public CompletionSources {
 public:
  std::vector<Candidate> names(Place place, const Daemon& daemon) override {
    home = daemon.home;
    ++asked;
    switch (place) {
      case Place::Component:
        return {{"calc@1.0.0", "service"}, {"greeter@1.0.0", "http"}};
      case Place::Deployment:
        return {{"calc", "running"}, {"calc-math", "stopped"}, {"greeter", "running"}};
      case Place::Instance:
        return {{"calc/0", ""}, {"calc-math/0", ""}, {"calc-math/1", ""}};
      case Place::Group:
        return {{"math", ""}, {"web", ""}};
      default:
        return {};
    }
  }
  std::vector<Candidate> functions(const std::string& deployment, const Daemon&) override {
    if (deployment != "calc") return {};
    return {{"add", "add: func(a: s32, b: s32) -> s32"}, {"divide", ""}};
  }
  std::vector<Candidate> files(const std::string& partial, Place place) override {
    asked_files = partial;
    if (place == Place::Folder) return {{"examples/", "", false}};
    return {{"examples/", "", false},
            {"extra.wasm", "", true},
            {"my file.wasm", "", true},
            {"zz\x1b[2J", "", true}};
  }

  std::string home;         // that was asked last
  std::string asked_files;  // the same for files
  int asked = 0;            // how often the daemon was
};

}  // namespace arcella::cli::testing
