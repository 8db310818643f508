// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace arcella::engine {

enum class KeyValueOperation {
  Open,       // the entry's key is a bucket's name
  Get,        // the values of all entries
  Exists,     // of one
  Set,        // all entries, or none
  Remove,     // all that are there, or none
  List,       // keys from `number` on; 0: from the first
  Increment,  // the number in one value, by `number`
};

struct KeyValueEntry {
  std::string key;
  std::string value{};  // any bytes
  bool present = false;
};

// What a guest asks through wasi:keyvalue. Sizes and counts are the guest's: not yet bounded by
// more than what a host call may allocate (limits::kHostcallFuel).
struct KeyValueRequest {
  KeyValueOperation operation = KeyValueOperation::Open;
  std::vector<KeyValueEntry> entries{};
  std::uint64_t number = 0;
};

// `number`: Open and Exists: 0 for no; List: where to go on, 0 at the end; Increment: the sum.
struct KeyValueAnswer {
  std::vector<KeyValueEntry> entries{};
  std::uint64_t number = 0;
};

// Exactly once, on any thread. An error's message is shown to the guest.
using KeyValueDone = std::function<void(Result<KeyValueAnswer>)>;

// Keeps the keys of one deployment. Owners (shared): the InstancePre and its instances.
// Thread: any, also several at once; called inside a guest, whose thread it must not block.
class KeyValue {
 public:
  virtual ~KeyValue() = default;
  virtual void ask(KeyValueRequest request, KeyValueDone done) = 0;
};

}  // namespace arcella::engine
