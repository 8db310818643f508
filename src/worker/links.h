// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The links of a worker: data channels to other workers, which the daemon made and of which it says
// what may be called over them (docs/decisions/0019). What comes over a link is as untrusted as
// what comes from a worker to the daemon: a peer reaches the functions of the routes that it was
// lent, and the handles that its own deployments hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/result.h"
#include "host/call_port.h"
#include "host/callee.h"
#include "host/engine_pool.h"
#include "host/handles.h"
#include "ipc/control_message.h"
#include "ipc/data_end.h"

namespace arcella::worker {

// Owner: the worker.  Thread: control. The loop and the pool outlive it.
class Links {
 public:
  // A link has ended, which nobody here closed; it is forgotten already.
  using OnLost = std::function<void(const ipc::LinkLost&)>;

  Links(boost::asio::io_context& io, host::EnginePool& pool, OnLost on_lost)
      : io_(io), pool_(pool), on_lost_(std::move(on_lost)) {}
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  // Errors of CallPort::open(); Conflict: it is open already; LimitExceeded:
  // limits::kWorkerLinksMax are.
  Result<void> open(std::uint64_t link, ipc::DataEnd end);
  // NotFound: it is not open (any more).
  [[nodiscard]] Result<std::shared_ptr<host::CallPort>> port(std::uint64_t link);

  // As the message says; `provider` is the deployment that it names. NotFound: the link is not
  // open, or a function is missing; then nothing has changed.
  Result<void> lend(const ipc::LendExport& what, const std::shared_ptr<host::Callee>& provider);
  // A LendExport without a provider. NotFound: the link is not open.
  Result<void> withdraw(const ipc::LendExport& what);
  Result<void> forget(const ipc::ForgetConsumer& what);

 private:
  struct Route {
    model::DeploymentId consumer;
    std::uint64_t lent = 0;  // no two lendings have the same
    std::size_t functions = 0;
  };
  struct Link {
    std::shared_ptr<host::CallPort> port;
    std::map<std::uint32_t, Route> routes;
    // Those that a consumer at the other end holds by its routes, which share them.
    std::map<model::DeploymentId, std::shared_ptr<host::Handles>> handles;
  };

  [[nodiscard]] Result<Link*> find(std::uint64_t link);
  void lost(std::uint64_t link, const Error& why);
  void end_route(std::uint64_t link, std::uint32_t number, std::uint64_t lent);

  boost::asio::io_context& io_;
  host::EnginePool& pool_;
  const OnLost on_lost_;
  // What comes from the pool's threads comes only as long as it lives.
  const std::shared_ptr<const void> life_ = std::make_shared<char>();
  std::map<std::uint64_t, Link> links_;
  std::uint64_t last_lent_ = 0;
};

}  // namespace arcella::worker
