// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "support/operations.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>

namespace arcella::integration {
namespace {

using Commands = std::vector<std::vector<std::string>>;

constexpr int kNotFound = 4;
constexpr int kGuestFailed = 8;

std::string example(std::string_view path) {
  return source_path("examples/" + std::string(path));
}
std::string survival(std::string_view file) {
  return source_path("tests/integration/survival/" + std::string(file));
}

const std::vector<std::string> kInstallCalc{"install", example("calc/calc.wasm")};
const std::vector<std::string> kDeployMath{"deploy", example("calc/calc-math.deployment.toml")};
const std::vector<std::string> kDeployMain{"deploy", example("calc/calc.deployment.toml")};
const std::vector<std::string> kDeployBoth{"deploy", example("calc/calc-math.deployment.toml"),
                                           example("calc/calc.deployment.toml")};
const std::vector<std::string> kStartMath{"start", "calc-math"};

// A later version of an example: its binary with a manifest of its own.
std::string later(const std::string& name, std::string_view policy = {}) {
  static const TemporaryFolder folder;
  namespace fs = std::filesystem;
  const std::string package = folder.path() + "/" + name;
  fs::create_directory(package);
  fs::copy_file(example(name + "/" + name + ".wasm"), package + "/" + name + ".wasm",
                fs::copy_options::overwrite_existing);
  folder.write(name + "/component.toml",
               "[component]\nname = \"" + name + "\"\nversion = \"1.1.0\"\n");
  if (!policy.empty()) folder.write(name + "/deployment-template.toml", policy);
  return package;
}
constexpr std::string_view kCrashesAtStart = "[deployment]\n[startup]\nentrypoint = \"crash\"\n";

void forget_compiled_code(const std::string& home) {
  std::filesystem::remove_all(home + "/cache");
}

// What a killed install, removal and first start may leave.
void litter(const std::string& home) {
  namespace fs = std::filesystem;
  fs::copy(home + "/modules/calc@1.0.0", home + "/modules/unknown@1.0.0");
  fs::copy(home + "/modules/calc@1.0.0", home + "/modules/.staging-unknown@2.0.0");
  const fs::path artifact = fs::directory_iterator(home + "/cache")->path();
  fs::copy(artifact, home + "/cache/.tmp-" + artifact.filename().string());
  fs::copy(artifact,
           home + "/cache/" + std::string(64, 'a') + "-" + std::string(32, 'b') + ".artifact");
  fs::copy(home + "/state/cache.key", home + "/state/.cache.key.aBcDeF");
}

std::vector<Operation> of_the_daemon_and_components() {
  return {
      {.name = "FirstStart", .always = true},
      {.name = "StartAfterACrash",
       .preparation = {kInstallCalc, kDeployMath, kStartMath},
       .alteration = litter},
      {.name = "Install", .preparation = {{"ping"}}, .command = kInstallCalc},
      {.name = "InstallOfKnownCode",
       .preparation = {kInstallCalc},
       .command = {"install", example("calc/calc.wasm"), "--id", "sums@1.0.0"}},
      {.name = "Remove",
       .preparation = {kInstallCalc},
       .command = {"remove", "calc@1.0.0"},
       .status_again = kNotFound,
       .always = true},
  };
}

std::vector<Operation> of_deployments() {
  return {
      {.name = "StartInAWorker", .preparation = {kInstallCalc, kDeployMath}, .command = kStartMath},
      {.name = "StartInMain",
       .preparation = {kInstallCalc, kDeployMain},
       .command = {"start", "calc"}},
      {.name = "StartWithoutCompiledCode",
       .preparation = {kInstallCalc, kDeployMath},
       .command = kStartMath,
       .alteration = forget_compiled_code},
      {.name = "StartThatFails",
       .preparation = {{"install", example("crasher/crasher.wasm")},
                       {"deploy", survival("doomed.deployment.toml")}},
       .command = {"start", "doomed"},
       .status = kGuestFailed,
       .status_again = kGuestFailed,
       .always = true},
      {.name = "StartOfACommand",
       .preparation = {{"install", example("hello-core/hello-core.wasm")},
                       {"deploy", example("hello-core/hello-core.deployment.toml")}},
       .command = {"start", "hello-core"}},
      {.name = "Stop",
       .preparation = {kInstallCalc, kDeployBoth, kStartMath, {"start", "calc"}},
       .command = {"stop", "calc-math"}},
      {.name = "ScaleUp",
       .preparation = {kInstallCalc, kDeployMath, kStartMath},
       .command = {"scale", "calc-math", "3"}},
      {.name = "ScaleDown",
       .preparation = {kInstallCalc, kDeployMath, kStartMath},
       .command = {"scale", "calc-math", "1"},
       .always = true},
      {.name = "ScaleWhatIsStopped",
       .preparation = {kInstallCalc, kDeployMath},
       .command = {"scale", "calc-math", "3"}},
      {.name = "UndeployWhatRuns",
       .preparation = {kInstallCalc, kDeployMath, kStartMath},
       .command = {"undeploy", "calc-math"},
       .status_again = kNotFound},
  };
}

std::vector<Operation> that_change_deployments() {
  return {
      {.name = "DeployTwo", .preparation = {kInstallCalc}, .command = kDeployBoth, .always = true},
      {.name = "DeployAnew",
       .preparation = {kInstallCalc, kDeployMath},
       .command = {"deploy", survival("calc-math.deployment.toml")}},
      {.name = "DeployWhatRuns",
       .preparation = {kInstallCalc, kDeployMath, kStartMath},
       .command = {"deploy", survival("calc-math.deployment.toml")}},
      {.name = "UpdateByPackage",
       .preparation = {kInstallCalc, kDeployBoth, kStartMath},
       .command = {"update", "calc", later("calc")}},
      {.name = "UpdateToWhatIsInstalled",
       .preparation = {kInstallCalc, kDeployMath, kStartMath, {"install", later("calc")}},
       .command = {"update", "calc-math", "--to", "calc@1.1.0"}},
      {.name = "UpdateThatFails",
       .preparation = {{"install", example("crasher/crasher.wasm")},
                       {"deploy", example("crasher/crasher.deployment.toml")},
                       {"start", "crasher"}},
       .command = {"update", "crasher", later("crasher", kCrashesAtStart)},
       .status = kGuestFailed,
       .status_again = kGuestFailed},
      {.name = "Rollback",
       .preparation = {kInstallCalc, kDeployMath, kStartMath, {"update", "calc", later("calc")}},
       .command = {"rollback", "calc-math"},
       .repeatable = false},
  };
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << operation.name;
}

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> joined = of_the_daemon_and_components();
    for (const auto& part : {of_deployments(), that_change_deployments()})
      joined.insert(joined.end(), part.begin(), part.end());
    return joined;
  }();
  return all;
}

std::string prepare_home(const Operation& operation, const std::string& home) {
  Platform platform(home);
  if (!platform.start()) {
    ADD_FAILURE() << operation.name << ": no daemon\n" << platform.log();
    return {};
  }
  for (const auto& command : operation.preparation) {
    const ProgramResult result = platform.cli(command);
    if (result.status == 0) continue;
    ADD_FAILURE() << operation.name << ": " << command.front() << ": " << result.err;
    return {};
  }
  EXPECT_TRUE(platform.settle());
  std::string snapshot = platform.snapshot();
  if (platform.end() != 0) return {};
  if (operation.alteration != nullptr) operation.alteration(home);
  return snapshot;
}

}  // namespace arcella::integration
