// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/call_port.h"
#include "host/callee.h"
#include "host/handles.h"
#include "ipc/import_route.h"

namespace arcella::host {

// A deployment of another process, through the channel that leads there.
class RemoteCallee final : public Callee {
 public:
  // By name as resolve() is asked, `ns:pkg/iface@1.0.0#add`; there are no others.
  using Functions = std::map<std::string, std::uint32_t, std::less<>>;

  // `slot`: its number on the channel. A call ends within `call_timeout`, which the other side
  // keeps; past it and limits::kCallReplyGrace it is given up here.
  RemoteCallee(std::shared_ptr<CallPort> port, std::uint32_t slot, Functions functions,
               std::chrono::milliseconds call_timeout)
      : port_(std::move(port)),
        slot_(slot),
        functions_(std::move(functions)),
        call_timeout_(call_timeout) {}

  // Whoever the daemon says serves `interface`, which is a part of the functions' names.
  static std::shared_ptr<RemoteCallee> through(const std::shared_ptr<CallPort>& port,
                                               const ipc::ImportRoute& route,
                                               std::string_view interface);

  Result<std::uint32_t> resolve(std::string_view function) override;
  engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                          engine::Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallChainPtr caller,
                          engine::CallDone done) override;
  void drop(std::span<const std::uint64_t> handles) override;
  [[nodiscard]] const void* handle_space() const noexcept override { return port_.get(); }

 private:
  const std::shared_ptr<CallPort> port_;
  const std::uint32_t slot_;
  const Functions functions_;
  const std::chrono::milliseconds call_timeout_;
};

// What a process may call of a callee of ours: these functions, by their place in the list, of its
// least busy replica.
class Route final : public Callee {
 public:
  // `number`: of the route. `handles`: those that the process holds for the same consumer, by
  // whatever route.
  Route(std::uint32_t number, std::shared_ptr<Callee> callee, std::vector<std::uint32_t> functions,
        std::shared_ptr<Handles> handles);

  // Unavailable: whoever has a route knows its numbers.
  Result<std::uint32_t> resolve(std::string_view function) override;
  engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                          engine::Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallChainPtr caller,
                          engine::CallDone done) override;
  void drop(std::span<const std::uint64_t> handles) override { handles_->drop(handles); }

 private:
  const Handles::ProviderPtr provider_;  // shared with the handles that came from it
  const std::shared_ptr<Handles> handles_;
};

// What serves a route that leads to nobody at the moment: NotReady, and why.
class Nobody final : public Callee {
 public:
  explicit Nobody(std::string why) : why_(std::move(why)) {}

  Result<std::uint32_t> resolve(std::string_view function) override;
  engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                          engine::Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallChainPtr caller,
                          engine::CallDone done) override;

 private:
  const std::string why_;
};

}  // namespace arcella::host
