// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// wasi:keyvalue for the guests of one deployment in this process: takes what they ask and does it
// on a thread of its own, because every change waits for the disk, and neither a guest's thread nor
// another deployment may wait with it. What has come meanwhile is done next, in one transaction:
// many replicas that write share one sync (docs/decisions/0014).
#pragma once

#include <memory>
#include <string>

#include "engine/key_value.h"
#include "model/run_spec.h"

namespace arcella::host {

// Owners (shared): the linked code of a deployment.  Thread: any.  Opens nothing and has no thread
// before the first request. Bounds: limits::kKeyValueQueued*, past them a request is refused at
// once. The destructor waits for what is being written; what still waits gets no answer.
class KeyValueService final : public engine::KeyValue {
 public:
  // The folder that the file is in; made if it is not there, its parent is.
  explicit KeyValueService(std::string folder);
  ~KeyValueService() override;
  KeyValueService(const KeyValueService&) = delete;
  KeyValueService& operator=(const KeyValueService&) = delete;

  void ask(engine::KeyValueRequest request, engine::KeyValueDone done) override;

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;  // shared with the thread, which may be the one that lets go
};

// Null: the deployment has no keys.
[[nodiscard]] std::shared_ptr<engine::KeyValue> key_value_of(const model::RunSpec& spec);

}  // namespace arcella::host
