// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Running guests: a Component linked with what a deployment may do (InstancePre), the replicas made
// from it (Instance) and the calls into them. A call is a future of the adapter that C++ polls: the
// thread that starts it runs the guest at once and, if the guest has to wait or used up its slice,
// goes away; the waker then posts the rest to the Executor.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/call.h"
#include "engine/engine.h"
#include "engine/import_target.h"
#include "engine/key_value.h"

namespace arcella::engine {

// Where guests run: the engine pool of the process. `post` is thread-safe, never blocks and never
// runs `work` inline.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(std::function<void()> work) = 0;
};

enum class OutputStream { Stdout, Stderr };

// Receives what a guest prints. Called from any thread, also several at once; must not block.
// `bytes` is untrusted.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  virtual void write(OutputStream stream, std::string_view bytes) = 0;
};

struct StoreLimits {
  std::uint64_t memory_bytes;              // all linear memories of the store together
  std::optional<std::uint64_t> fuel;       // per call; needs EngineTraits::fuel
  std::chrono::milliseconds call_timeout;  // wall clock, also while a host call waits; 0: none
};

struct MountPoint {
  std::string host;   // an absolute folder
  std::string guest;  // what the guest sees
  bool writable = false;
};

// What the guests of one deployment may see: nothing that is not here.
struct WasiPolicy {
  std::vector<std::string> args;  // argv after the program's name
  std::string program;            // argv[0]
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<MountPoint> mounts;
  std::vector<std::string> allowed_hosts;  // outbound wasi:http, as `scheme://host[:port]`
  std::vector<std::pair<std::string, std::string>> config{};  // what wasi:config tells
  std::shared_ptr<KeyValue> key_value{};                      // null: wasi:keyvalue has no bucket
};

// One live store. Owner: the host's replica.  Thread: any; calls are served one at a time in the
// order they came, further ones wait inside (the caller bounds how many). After a dead-store
// outcome every call answers Trapped at once.
class Instance {
 public:
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // A function by its full name: `ns:pkg/iface@1.0.0#add`, `ns:pkg/iface#add` (any version), `add`
  // (unique among all exports), `iface#add`; or NotFound with the functions there are. Resolve
  // once, call often.
  struct Function;
  [[nodiscard]] Result<std::shared_ptr<const Function>> resolve(std::string_view name) const;

  // Starts a call on this thread. `timeout` 0 takes the deployment's; the smaller of both holds.
  CallHandle call(Executor& executor, const std::shared_ptr<const Function>& function,
                  Encoding encoding, std::span<const std::byte> arguments,
                  std::chrono::milliseconds timeout, CallDone done, CallContext context = nullptr);
  CallHandle call(Executor& executor, const std::shared_ptr<const Function>& function,
                  Encoding encoding, std::span<const std::byte> arguments,
                  std::chrono::milliseconds timeout, CallEnding& ending, CallContext context);

  // Handles of its resources that others held have been dropped; unknown ones are left out. Their
  // resources end before the next call. True: settle() has to be called, in case there is none.
  [[nodiscard]] bool drop_handles(std::span<const std::uint64_t> numbers);
  // Ends those resources; their destructors are the guest's. Otherwise as a call without result.
  CallHandle settle(Executor& executor, CallEnding& ending, CallContext context);
  // That others hold; as of the last call's end.
  [[nodiscard]] std::uint64_t lent_handles() const noexcept;
  // Of the numbers of its handles (host/handle_list.h); no other instance of this process has it.
  [[nodiscard]] std::uint32_t holder() const noexcept;

  // Direct calls (direct_calls.h) so far, and whether one is under way.
  [[nodiscard]] std::uint64_t direct_calls() const noexcept;
  [[nodiscard]] bool in_direct_call() const noexcept;
  // Ends the one that is under way, and with it the store; no call begins any more.
  void cut_direct_call();

  [[nodiscard]] bool alive() const noexcept;
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept;  // linear memory now

  struct Impl;
  explicit Instance(std::unique_ptr<Impl> impl);
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

enum class StdioMode {
  Sink,     // stdin is empty, stdout and stderr go to the sink
  Inherit,  // the process's own descriptors 0, 1 and 2
};

class HttpServer;
struct HttpServerConfig {
  int connections_max;
  int concurrent_max;  // requests in guests at once; more wait
};

// A component linked with a deployment's policy; makes instances. Immutable, shared by all
// replicas. Owner: the host's deployment; must outlive its instances.  Thread: any.
class InstancePre {
 public:
  // What the component imports and the host does not offer leads to `imports`; Unresolved names it
  // all if that is null, and what cannot be bound (the host's own resources, streams, handles of
  // asynchronous functions).
  static Result<std::unique_ptr<InstancePre>> link(const Engine& engine,
                                                   std::shared_ptr<const Component> component,
                                                   const WasiPolicy& policy,
                                                   const StoreLimits& limits,
                                                   std::shared_ptr<ImportTarget> imports = nullptr);
  ~InstancePre();
  InstancePre(const InstancePre&) = delete;
  InstancePre& operator=(const InstancePre&) = delete;

  // What leads to the import target, by number.
  [[nodiscard]] const std::vector<ImportedFunction>& imports() const noexcept;

  // A service's replica. `sink` outlives the instance. Guest start code runs under the call
  // timeout.
  using InstantiateDone = std::function<void(Result<std::unique_ptr<Instance>>)>;
  void instantiate(Executor& executor, OutputSink& sink, InstantiateDone done) const;

  // Runs a command (wasi:cli/run or core `_start`) in a store of its own to its end: outcome Exited
  // with its status, or why it did not get there. `deadline` 0: none.
  CallHandle run_command(Executor& executor, OutputSink& sink, StdioMode stdio,
                         std::chrono::milliseconds deadline, CallDone done) const;

  // Serves wasi:http (0.2 or 0.3) with a fresh instance per request on a listening TCP descriptor.
  // Requests are polled on the connection's own tokio thread (design.md section 2).
  [[nodiscard]] Result<std::unique_ptr<HttpServer>> serve_http(
      UniqueFd listener, OutputSink& sink, const HttpServerConfig& config) const;

  struct Impl;
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

 private:
  explicit InstancePre(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct HttpStatistics {
  std::uint64_t requests = 0;     // ended, of any status
  std::uint64_t failed = 0;       // answered 5xx by us: trap, deadline, limit, no response
  std::uint64_t connections = 0;  // open now
  std::uint64_t in_flight = 0;    // in a guest now
};

// Owner: the host's deployment.  Thread: any. The destructor closes everything at once.
class HttpServer {
 public:
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  // Stops accepting, lets requests end until `deadline`, then cuts them; `done` runs on an adapter
  // thread.
  void stop(std::chrono::milliseconds deadline, std::function<void()> done);
  void set_concurrent_max(int concurrent_max);  // when replicas change
  [[nodiscard]] HttpStatistics statistics() const;
  // The last failure's one line (and backtrace), empty if none: shown in `status`.
  [[nodiscard]] std::string last_failure() const;

  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::engine
