// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the platform shows of itself: the results of `list`, `status`, `describe` and `logs`, as
// plain values. The runtime makes them, alme_proto turns them into JSON and back, the command line
// prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/binding.h"
#include "model/component.h"
#include "model/deployment.h"
#include "model/instance_lifecycle.h"
#include "model/worker_lifecycle.h"

namespace arcella::model {

struct ComponentView {
  std::string id;
  Kind kind = Kind::Service;
  Format format = Format::Component;
  std::string description;
  std::uint64_t wasm_bytes = 0;
  std::int64_t installed_at = 0;  // seconds since the epoch
  int deployments = 0;
};

// `state`: stopped, starting, running (all replicas ready), degraded (some are not), stopping,
// completed, failed.
struct DeploymentView {
  std::string id;
  std::string module_id;
  std::string state;
  Kind kind = Kind::Service;
  int replicas = 0;
  int ready = 0;
  Isolation isolation = Isolation::Worker;
  std::string group;   // empty in main
  std::string listen;  // "127.0.0.1:8080" for http, else empty
  int generation = 1;
  int restarts = 0;
  std::string reason;  // why it is failed or degraded, one line; else empty
};

struct InstanceView {
  std::string id;
  InstanceState state = InstanceState::Starting;
  std::int64_t pid = 0;  // of the process it lives in; 0 when it lives nowhere
  int restarts = 0;
  std::string reason;
};

struct WorkerView {
  std::string group;
  std::string state;
  std::int64_t pid = 0;
  int restarts = 0;
  std::uint64_t rss_bytes = 0;
  int instances = 0;
};

struct Listing {
  std::vector<ComponentView> components;
  std::vector<DeploymentView> deployments;
  std::vector<InstanceView> instances;
  std::vector<WorkerView> workers;
  std::vector<Binding> bindings;  // in force: of deployments that are to run
};
// Which parts of a Listing are asked for; none set means all.
struct ListSelection {
  bool components = false;
  bool deployments = false;
  bool instances = false;
  bool workers = false;
  bool bindings = false;
};

// An entry of the hot-deploy folder. `state`: deployed, installed (its deployments have files of
// their own), waiting, working, failed, ignored.
struct HotDeployView {
  std::string file;
  std::string state;
  std::string message;  // what it brought, what it waits for, or what is wrong; one line
};

struct PlatformStatus {
  std::string version;
  std::int64_t pid = 0;
  std::int64_t start_time = 0;  // seconds since the epoch
  std::int64_t uptime_seconds = 0;
  std::string home;
  std::uint64_t rss_bytes = 0;
  int components = 0;
  int deployments = 0;
  int running = 0;
  int instances_ready = 0;
  std::vector<WorkerView> workers;
  std::vector<HotDeployView> hot_deploy;
};

struct ComponentDetails {
  Component component;
  std::vector<std::string> deployments;
};
struct DeploymentDetails {
  Deployment deployment;
  DeploymentView view;
  std::optional<Generation> previous;  // that `rollback` goes back to
  std::vector<InstanceView> instances;
  std::optional<std::string>
      statistics;  // a JSON object made by the host; absent when it does not run
};

// What `deploy` would do to one deployment.
struct PlannedChange {
  struct Replicas {
    int from = 0;
    int to = 0;
  };
  std::string deployment;
  std::string change;                             // create, replace, scale, adjust, unchanged
  std::vector<std::string> actions;               // the planner's, in order: "stop calc/0"
  std::optional<Replicas> scaled = std::nullopt;  // of scale
};

struct LogLine {
  std::int64_t time_ms = 0;  // since the epoch
  std::string instance;      // <deployment>/<index>
  bool stderr_stream = false;
  std::string text;
  std::string component = {};  // what the instance was made of when it wrote this
};
struct LogTail {
  std::vector<LogLine> lines;  // oldest first
  std::uint64_t dropped = 0;   // lines that were lost: too fast for the ring, or for the disk
};

}  // namespace arcella::model
