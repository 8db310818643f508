// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The ways from a deployment that imports to the one that serves it: where both run, and how they
// are joined.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "support/daemon_fixture.h"

namespace arcella::integration {

enum class Joint {
  Wired,   // each call has two stores
  Direct,  // the same, over a socket of the two workers
  Fused,   // both are in one store, and the provider need not run
};

struct Route {
  const char* name;
  // Groups; empty: in main.
  std::string consumer;
  std::string provider;
  Joint joint = Joint::Wired;
  friend void PrintTo(const Route& route, std::ostream* out) { *out << route.name; }
};

inline std::vector<Route> routes_between_stores() {
  return {{"MainToMain", "", ""},       {"WithinAWorker", "a", "a"},
          {"MainToWorker", "", "b"},    {"WorkerToMain", "a", ""},
          {"WorkerToWorker", "a", "b"}, {"DirectlyToWorker", "a", "b", Joint::Direct}};
}

inline std::vector<Route> all_routes() {
  std::vector<Route> routes = routes_between_stores();
  routes.push_back({"FusedInMain", "", "", Joint::Fused});
  routes.push_back({"FusedInAWorker", "a", "a", Joint::Fused});
  return routes;
}

// What a deployment's file says of its place, after its module_id; `more` is what else stands in
// it.
inline std::string placed(const std::string& group, const std::string& more = {}) {
  if (!group.empty()) return "group = \"" + group + "\"\n" + more;
  return more + std::string(kInMain);
}

inline std::string consumer_of(const Route& route, const std::string& more = {}) {
  return placed(route.consumer, (route.joint == Joint::Direct ? "direct = true\n" : "") + more);
}

// The same, and its import of the interface leads to that provider.
inline std::string joined(const Route& route, const std::string& interface,
                          const std::string& provider) {
  const std::string quoted = '"' + provider + '"';
  const std::string joint = route.joint == Joint::Fused
                                ? "fuse_with = [" + quoted + "]\n"
                                : "[deployment.wiring]\n\"" + interface + "\" = " + quoted + "\n";
  return consumer_of(route, joint);
}

}  // namespace arcella::integration
