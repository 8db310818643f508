// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/progress.h"

#include <string>
#include <utility>

#include "base/limits.h"

namespace arcella::model {

struct Progress::State {
  const Clock& clock;
  Sink sink;
  std::string stage;
  std::uint64_t done = 0;
  std::optional<MonotonicTime> told_at;
};

Progress::Progress(const Clock& clock, Sink sink)
    : state_(std::make_shared<State>(State{clock, std::move(sink), {}, 0, std::nullopt})) {}

void Progress::tell(const Note& note) const {
  if (!state_) return;
  State& state = *state_;
  const MonotonicTime now = state.clock.monotonic_now();
  const bool new_stage = !state.told_at || state.stage != note.stage;
  const bool news = new_stage || state.done != note.done;
  const bool complete = note.total && note.done == *note.total;
  if (!news) return;
  if (!new_stage && !complete && now - *state.told_at < limits::kProgressInterval) return;
  state.stage = note.stage;
  state.done = note.done;
  state.told_at = now;
  state.sink(note);
}

}  // namespace arcella::model
