// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/run_operations.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "aio/await.h"
#include "aio/task_scope.h"
#include "runtime/composition.h"
#include "runtime/run_imports.h"
#include "wire/utf8.h"

namespace arcella::runtime {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "making a pipe"));
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Reads to the end of the pipe and keeps its beginning: a guest may print without end. No deadline:
// the process that writes has one, or is killed with the caller, and either ends the pipe.
aio::Task<void> capture(boost::asio::io_context& io, UniqueFd pipe, std::string& text) {
  boost::asio::posix::stream_descriptor stream(io, pipe.release());
  std::array<char, 16384> chunk{};
  while (true) {
    auto [error, count] =
        co_await stream.async_read_some(boost::asio::buffer(chunk), aio::kAsTuple);
    if (error) co_return;
    text.append(chunk.data(), std::min(count, limits::kLogRingBytesPerInstance - text.size()));
  }
}

void lay_over(model::RunSpec& spec, const RunRequest& request) {
  for (const auto& variable : request.env) {
    std::erase_if(spec.env,
                  [&variable](const auto& there) { return there.first == variable.first; });
    spec.env.push_back(variable);
  }
  for (const model::Mount& mount : request.mounts) {
    std::erase_if(spec.mounts,
                  [&mount](const model::Mount& there) { return there.guest == mount.guest; });
    spec.mounts.push_back(mount);
  }
  spec.args.insert(spec.args.end(), request.args.begin(), request.args.end());
}

Result<void> check_request(const RunRequest& request) {
  for (const model::Mount& mount : request.mounts) {
    if (mount.host.empty() || mount.host.front() != '/' || mount.guest.empty()) {
      return fail(ErrorCode::InvalidParams,
                  "mount '" + mount.host + ":" + mount.guest +
                      "': expected an absolute folder of the host and one of the guest");
    }
  }
  if (!request.stdio.empty() && request.stdio.size() != 3) {
    return fail(ErrorCode::InvalidParams,
                "expected three descriptors (stdin, stdout, stderr) or none");
  }
  return {};
}

}  // namespace

aio::Task<Result<RunOutcome>> RunOperations::run(RunRequest request) {
  ARCELLA_CO_TRY_VOID(check_request(request));
  ARCELLA_CO_TRY(Target target, find_target(request));
  if (request.stdio.empty()) co_return co_await run_captured(std::move(target), request.timeout);
  supervisor::CommandStdio stdio{std::move(request.stdio[0]), std::move(request.stdio[1]),
                                 std::move(request.stdio[2])};
  co_return co_await run_with(std::move(target), std::move(stdio), request.timeout);
}

Result<RunOperations::Target> RunOperations::find_target(const RunRequest& request) const {
  const Registry& registry = core_.registry;
  auto as_component = registry.find_component(request.target);
  auto as_deployment = registry.find_deployment(request.target);
  const ComponentRecord* component = nullptr;
  std::optional<model::Deployment> deployment;
  if (as_component.has_value()) {
    component = *as_component;
    ARCELLA_TRY(model::DeploymentId id, model::DeploymentId::parse(component->component.id.name()));
    model::DeploymentSpec spec{.id = std::move(id),
                               .component = component->component.id,
                               .group = {},
                               .args = {},
                               .overrides = {},
                               .env = {},
                               .allowed_hosts = {},
                               .mounts = {},
                               .http_listen = {},
                               .restart = {}};
    deployment = model::Deployment{std::move(spec), model::merge(component->template_fields, {})};
  } else if (as_deployment.has_value()) {
    deployment = (*as_deployment)->deployment;
    component = registry.find(deployment->spec.component);
  }
  if (component == nullptr) {
    if (as_component.error().code() == ErrorCode::Conflict) return fail(as_component.error());
    return fail(ErrorCode::NotFound,
                as_component.error().message() + ", nor is there a deployment of that name");
  }
  if (component->component.kind != model::Kind::Command) {
    return fail(
        ErrorCode::Conflict,
        "component '" + component->component.id.str() + "' is no command but " +
            (component->component.kind == model::Kind::Http ? "answers HTTP" : "a service") +
            ": deploy and start it");
  }
  ARCELLA_TRY(const Composition made, composition_of(registry, *deployment));
  Target target{made.code(), registry.needs_of(*deployment),
                model::run_spec_of(*deployment, made.component(), core_.config.home), *deployment,
                made.component()};
  // Its id is only the component's name, which a deployment may have too.
  if (as_component.has_value()) target.spec.keys_folder.reset();
  lay_over(target.spec, request);
  return target;
}

aio::Task<Result<RunOutcome>> RunOperations::run_with(Target target, supervisor::CommandStdio stdio,
                                                      std::chrono::milliseconds timeout) {
  ARCELLA_CO_TRY(UniqueFd artifact,
                 co_await core_.artifacts.artifact(std::move(target.code), target.needs));
  RunImports imports(core_, std::move(target.deployment), std::move(target.whole));
  Result<supervisor::CommandResult> result = fail(ErrorCode::Internal, "");
  auto told = co_await imports.begin();
  if (told.has_value()) {
    result = co_await supervisor::run_command(core_.config.worker_program, std::move(target.spec),
                                              target.needs, std::move(artifact), std::move(stdio),
                                              std::move(*told), timeout);
  } else {
    result = fail(told.error());
  }
  co_await imports.stop();
  ARCELLA_CO_TRY(auto ended, std::move(result));
  RunOutcome outcome;
  outcome.exit_status = ended.exit_status;
  outcome.failure = std::move(ended.failure);
  outcome.backtrace = std::move(ended.backtrace);
  co_return outcome;
}

aio::Task<Result<RunOutcome>> RunOperations::run_captured(Target target,
                                                          std::chrono::milliseconds timeout) {
  supervisor::CommandStdio stdio;
  stdio.in = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ARCELLA_CO_TRY(Pipe out, make_pipe());
  ARCELLA_CO_TRY(Pipe err, make_pipe());
  stdio.out = std::move(out.write);
  stdio.err = std::move(err.write);
  std::string out_text;
  std::string err_text;
  aio::TaskScope readers(core_.io.get_executor());
  readers.spawn(capture(core_.io, std::move(out.read), out_text));
  readers.spawn(capture(core_.io, std::move(err.read), err_text));
  auto outcome = co_await run_with(std::move(target), std::move(stdio), timeout);
  co_await readers.join();
  if (!outcome.has_value()) co_return outcome;
  outcome->stdout_text = wire::to_utf8(out_text);
  outcome->stderr_text = wire::to_utf8(err_text);
  co_return outcome;
}

}  // namespace arcella::runtime
