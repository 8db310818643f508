// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/fusion.h"
#include "model/ids.h"

namespace arcella::runtime {

// Which bytes to compile, and the name of the result in the code cache.
struct CodeSource {
  CodeSource(std::string hash, std::vector<model::ComponentId> parts,
             std::vector<model::Plug> joints)
      : content_hash(std::move(hash)), members(std::move(parts)), plugs(std::move(joints)) {}
  std::string content_hash;
  std::vector<model::ComponentId> members;  // at least one
  std::vector<model::Plug> plugs;
};

}  // namespace arcella::runtime
