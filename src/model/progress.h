// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// How far a long operation is, said while it goes on to whoever asked for it. An operation gets one
// by value and need not know whether anybody listens: an empty one costs a comparison.
//
//   progress.stage("compiling");
//   progress.count("starting", ready, replicas);
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace arcella::model {

// Owner: the request; copies share it.  Thread: control.
// Bound: a new stage is told at once, within a stage once per limits::kProgressInterval, except for
// the count that completes it.
class Progress {
 public:
  struct Note {
    std::string_view stage;  // a word or two: "compiling"
    std::uint64_t done = 0;
    std::optional<std::uint64_t> total;  // nullopt: not known
  };
  using Sink = std::function<void(const Note&)>;

  Progress() = default;
  // `clock` outlives it.
  Progress(const Clock& clock, Sink sink);

  [[nodiscard]] bool wanted() const noexcept { return state_ != nullptr; }
  void stage(std::string_view name) const { tell({name, 0, std::nullopt}); }
  void count(std::string_view name, std::uint64_t done, std::uint64_t total) const {
    tell({name, done, total});
  }
  void tell(const Note& note) const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared by the copies that the steps of one operation hold
};

}  // namespace arcella::model
