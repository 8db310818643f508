// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The operations of the platform (design.md section 6): the one door through which ALME, and later
// everything else, asks for something. Each operation checks first, records what is wanted in one
// transaction, then lets the reconciler bring the observed state to it; it is answered when what it
// promised is durable and has happened (or failed).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aio/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "model/config_view.h"
#include "model/event.h"
#include "model/ids.h"
#include "model/progress.h"
#include "model/views.h"
#include "runtime/config_sources.h"

namespace boost::asio {
class io_context;
}

namespace arcella::runtime {

struct RuntimeConfig {
  std::string home;            // absolute, exists, 0700
  std::string worker_program;  // path of arcella-worker
  std::string version;
  ConfigSources sources;          // for `reload`
  manifest::LoadedConfig loaded;  // what they said when the process began
};

// Several deployments by name, or all of a worker group.
struct Selection {
  std::vector<std::string> deployments;
  std::string group;  // empty: none
};

struct InstallRequest {
  std::string path;               // absolute; a .wasm, a folder or an archive
  std::optional<std::string> id;  // overrides what file and binary say
  model::Progress progress;       // stages: reading, checking, compiling, storing
};

struct UpdateRequest {
  // With `path`: a component, by id or by name, all of whose deployments move. With `to`: a
  // deployment, or a component by its whole id.
  std::string target;
  std::optional<std::string> path;  // absolute; the package of the new version
  std::optional<std::string> to;    // an installed component; exactly one of the two
  bool force = false;               // also when exports are lost
  model::Progress progress;  // stages: those of an install, then starting; reverting if it fails
};
struct UpdateOutcome {
  std::string component;
  std::vector<model::DeploymentView> deployments;  // that now use it and are meant, moved or not
};

struct CallRequest {
  std::string deployment;
  std::optional<int> index;
  std::string function;
  std::string arguments;                 // WAVE, without the parentheses
  std::chrono::milliseconds timeout{0};  // 0: the deployment's
};

struct DeployOutcome {
  std::vector<model::DeploymentView> deployments;
  std::vector<std::string> notes;  // of the files: what is read and has no effect
};

struct RunRequest {
  std::string target;  // component id, its bare name if unique, or a deployment id
  std::vector<model::Mount> mounts;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> args;
  std::chrono::milliseconds timeout{0};  // 0: none
  std::vector<UniqueFd>
      stdio;  // three descriptors, or none: then stdin is empty and the output comes back as text
};
struct RunOutcome {
  int exit_status = 0;
  std::string failure;  // trap or limit; empty when the guest ended by itself
  std::string backtrace;
  std::string
      stdout_text;  // only without descriptors, at most limits::kLogRingBytesPerInstance each
  std::string stderr_text;
};

struct EventQuery {
  std::optional<std::string> deployment;  // none: everything
  std::optional<std::int64_t> since_ms;   // since the epoch
  std::size_t count = 0;                  // the last so many
};

// Called on the control thread for each new line.
using LogFollower = std::function<void(const model::LogLine&)>;
struct LogQuery {
  std::optional<std::string> deployment;  // none: all
  std::optional<int> index;
  int lines = 0;                         // the last so many
  std::optional<std::int64_t> since_ms;  // since the epoch
  LogFollower follower;                  // may be empty
};
struct LogAnswer {
  model::LogTail tail;
  std::shared_ptr<void> following;  // the follower is called until this is dropped
};

// Owner: main.  Thread: control.  Stop: co_await stop() before destruction.
class ArcellaRuntime {
 public:
  // Opens the state, refuses a second daemon on the same home (Conflict) and a newer database. Runs
  // nothing yet.
  static Result<std::unique_ptr<ArcellaRuntime>> open(boost::asio::io_context& io,
                                                      const Clock& clock, RuntimeConfig config);
  ~ArcellaRuntime();
  ArcellaRuntime(const ArcellaRuntime&) = delete;
  ArcellaRuntime& operator=(const ArcellaRuntime&) = delete;

  // Brings back what was running. Returns at once; deployments become ready on their own.
  void restore();
  // Stops all guests and workers gracefully, the last started first, within
  // limits.shutdown_timeout_seconds; the desired state stays.
  aio::Task<void> stop();

  // Cancelling it ends the compiler and changes nothing, as long as it compiles; later it is
  // finished all the same.
  aio::Task<Result<model::ComponentView>> install(InstallRequest request);
  // Paths of *.deployment.toml; all or none. `detail` of the error holds every diagnostic.
  aio::Task<Result<DeployOutcome>> deploy(std::vector<std::string> paths);
  // What that would do; it checks as much, and changes nothing.
  aio::Task<Result<std::vector<model::PlannedChange>>> plan_deploy(std::vector<std::string> paths);
  // Progress: how many replicas are ready.
  aio::Task<Result<model::DeploymentView>> start(std::string deployment,
                                                 model::Progress progress = {});
  aio::Task<Result<model::DeploymentView>> stop_deployment(std::string deployment);
  // Several, who serves others before them, or in reverse; the detail of an error says what became
  // of each.
  aio::Task<Result<std::vector<model::DeploymentView>>> start_several(Selection selection);
  aio::Task<Result<std::vector<model::DeploymentView>>> stop_several(Selection selection);
  aio::Task<Result<model::DeploymentView>> scale(std::string deployment, int replicas,
                                                 model::Progress progress = {});
  // Conflict when others are bound to it, unless by force.
  aio::Task<Result<void>> undeploy(std::string deployment, bool force);
  // What can no longer be rolled back, because the component was its previous generation's.
  aio::Task<Result<std::vector<std::string>>> remove(std::string component);
  // Cancelling update or rollback changes nothing, as long as nothing that runs is replaced; later
  // it is finished all the same.
  aio::Task<Result<UpdateOutcome>> update(UpdateRequest request);
  aio::Task<Result<model::DeploymentView>> rollback(std::string deployment,
                                                    model::Progress progress = {});
  aio::Task<Result<std::string>> call(CallRequest request);  // WAVE text of the result
  aio::Task<Result<RunOutcome>> run(RunRequest request);

  [[nodiscard]] model::Listing list(model::ListSelection selection) const;
  [[nodiscard]] model::PlatformStatus status() const;
  [[nodiscard]] Result<model::ComponentDetails> describe_component(
      const std::string& id) const;  // id or bare name
  aio::Task<Result<model::DeploymentDetails>> describe_deployment(std::string id);
  // Who serves each import of a deployment, and why, or why nobody does.
  [[nodiscard]] Result<std::vector<model::ImportResolution>> diag(
      const std::string& deployment) const;
  [[nodiscard]] model::WiringGraph graph() const;
  [[nodiscard]] Result<std::string> wit(
      const std::string& id) const;  // of a component or a deployment
  aio::Task<Result<LogAnswer>> logs(LogQuery query);
  // What happened, and why. NotFound for a deployment that is not there and was not there either.
  [[nodiscard]] Result<model::EventTail> events(const EventQuery& query);
  [[nodiscard]] std::shared_ptr<void> follow_events(
      std::optional<std::string> deployment, std::function<void(const model::Event&)> follower);
  // Of a request; without a sink nobody watches.
  [[nodiscard]] model::Progress progress(model::Progress::Sink sink) const;

  [[nodiscard]] std::vector<model::ConfigEntry> config() const;
  // See ConfigOperations::reload.
  aio::Task<Result<model::ReloadOutcome>> reload();

 private:
  struct Impl;
  explicit ArcellaRuntime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace arcella::runtime
