// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/call_chain.h"

namespace arcella::host {

bool contains(const CallChain* chain, const model::InstanceId& replica) noexcept {
  for (; chain != nullptr; chain = chain->caller.get()) {
    if (*chain->replica == replica) return true;
  }
  return false;
}

int length(const CallChain* chain) noexcept {
  int count = 0;
  for (; chain != nullptr; chain = chain->caller.get()) ++count;
  return count;
}

std::string to_string(const CallChain* chain) {
  std::string text;
  for (; chain != nullptr; chain = chain->caller.get())
    text.insert(0, text.empty() ? chain->replica->str() : chain->replica->str() + " -> ");
  return text;
}

}  // namespace arcella::host
