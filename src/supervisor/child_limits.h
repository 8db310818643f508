// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What a child process of each role may have: its command line, environment, descriptors of ours,
// and rlimits.
#pragma once

#include <string>

#include "aio/child_process.h"
#include "model/worker_traits.h"

namespace arcella::supervisor {

enum class ChildRole {
  Serve,    // a worker of a group
  Compile,  // reads untrusted bytes: bounded in memory, processor time, file size and descriptors
  Run,      // one command
};

// `arcella-worker serve ...`, without its descriptors but standard error, and in the root folder.
// The environment is LANG=C and, for builds with sanitizers or coverage, the variables that say
// where their reports go.
[[nodiscard]] aio::ChildSpec child_spec(ChildRole role, const std::string& worker_program,
                                        model::WorkerTraits traits);

}  // namespace arcella::supervisor
