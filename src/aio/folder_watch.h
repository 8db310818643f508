// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Which entries of some folders have changed, as the kernel tells it (inotify): no polling. It says
// where to look, not what is there; that is the looker's to find out, as more may have happened
// since.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "aio/task.h"
#include "base/result.h"

namespace arcella::aio {

struct FolderEvent {
  enum class What {
    Entry,         // `name` was made, removed, moved away or touched
    EntryWritten,  // `name` was written by somebody who has closed it now
    EntryMoved,    // `name` was moved in: it is whole
    FolderGone,    // the watched folder itself was removed or moved
    Overflow,      // events were lost, of any folder: look at everything
  };
  What what = What::Entry;
  int folder = -1;   // as add() numbered it; -1 for Overflow
  std::string name;  // for the three of an entry
};

// The events of one read() of the kernel's buffer; `bytes` must be whole events. What means nothing
// here (a watch that was removed by us) is left out.
[[nodiscard]] std::vector<FolderEvent> decode_folder_events(std::string_view bytes);

// Owner: whoever reads.  Thread: the executor's.  Bound: the kernel's queue (16384 events), then
// Overflow.  Stop: next() must have returned before destruction (cancel its task).
class FolderWatch {
 public:
  static Result<std::unique_ptr<FolderWatch>> open(const boost::asio::any_io_executor& executor);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // Watches what happens in `path`, not in the folders below it. Gives the folder's number; the
  // same one for a folder that is watched already. Symbolic links are not followed.
  Result<int> add(const std::string& path);
  // No error if it is over already.
  void remove(int folder) noexcept;
  // At least one event; Cancelled.
  Task<Result<std::vector<FolderEvent>>> next();

 private:
  FolderWatch(const boost::asio::any_io_executor& executor, int descriptor);

  boost::asio::posix::stream_descriptor descriptor_;
  // Room for some hundred events; the kernel wants room for one of the longest name at least.
  alignas(8) std::array<char, 16384> buffer_{};
};

}  // namespace arcella::aio
