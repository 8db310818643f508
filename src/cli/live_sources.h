// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/completion.h"
#include "cli/connection.h"

namespace arcella::cli {

// The names of the running daemon and of the file system. Each question is answered within
// limits::kCompletionTimeout, or with nothing: no daemon is nothing to complain of here.
// Owner: the shell or the completion helper.  Thread: one. References outlive it.
class LiveSources : public CompletionSources {
 public:
  LiveSources(Connection& connection, const Environment& environment)
      : connection_(connection), environment_(environment) {}

  std::vector<Candidate> names(Place place, const Daemon& daemon) override;
  std::vector<Candidate> functions(const std::string& deployment, const Daemon& daemon) override;
  std::vector<Candidate> files(const std::string& partial, Place place) override;

 private:
  Result<wire::Json> ask(std::string_view method, wire::Json params, const Daemon& daemon);
  Result<std::vector<Candidate>> ask_names(Place place, const Daemon& daemon);
  Result<std::vector<Candidate>> ask_functions(const std::string& deployment, const Daemon& daemon);

  Connection& connection_;
  const Environment& environment_;
};

}  // namespace arcella::cli
