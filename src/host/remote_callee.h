// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/call_port.h"
#include "host/callee.h"
#include "host/imports.h"
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
  Route(std::shared_ptr<Callee> callee, std::vector<std::uint32_t> functions)
      : callee_(std::move(callee)), functions_(std::move(functions)) {}

  // Unavailable: whoever has a route knows its numbers.
  Result<std::uint32_t> resolve(std::string_view function) override;
  engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                          engine::Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallChainPtr caller,
                          engine::CallDone done) override;

 private:
  const std::shared_ptr<Callee> callee_;
  const std::vector<std::uint32_t> functions_;
};

// An interface that another process imports, as a callee for that process: its calls go wherever
// `imports` leads to at the moment. `functions`: by their place in the list, the numbers there.
class ImportedInterface final : public Callee {
 public:
  ImportedInterface(std::shared_ptr<Imports> imports, std::vector<std::uint32_t> functions)
      : imports_(std::move(imports)), functions_(std::move(functions)) {}

  // Unavailable: whoever imports it knows its numbers.
  Result<std::uint32_t> resolve(std::string_view function) override;
  engine::CallHandle call(std::optional<int> index, std::uint32_t function,
                          engine::Encoding encoding, std::span<const std::byte> arguments,
                          std::chrono::milliseconds timeout, CallChainPtr caller,
                          engine::CallDone done) override;

 private:
  const std::shared_ptr<Imports> imports_;
  const std::vector<std::uint32_t> functions_;
};

}  // namespace arcella::host
