// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/call_chain.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace arcella::host {
namespace {

std::string joined(const CallChain* chain, std::string_view between) {
  std::string text;
  for (; chain != nullptr; chain = chain->caller.get()) {
    if (!text.empty()) text.insert(0, between);
    text.insert(0, chain->replica->str());
  }
  return text;
}

}  // namespace

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
  return joined(chain, " -> ");
}

std::string encode(const CallChain* chain) {
  return joined(chain, " ");
}

Result<CallChainPtr> decode_chain(std::string_view text) {
  CallChainPtr chain;
  for (int links = 0; !text.empty(); ++links) {
    if (links == limits::kCallChainMax)
      return fail(ErrorCode::InvalidRequest, "a chain of more calls than there may be");
    const std::string_view name = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(name.size() + 1, text.size()));
    auto replica = model::InstanceId::parse(name);
    if (!replica) return fail(ErrorCode::InvalidRequest, replica.error().message());
    chain = std::make_shared<const CallChain>(CallChain{
        std::make_shared<const model::InstanceId>(std::move(*replica)), std::move(chain)});
  }
  return chain;
}

}  // namespace arcella::host
