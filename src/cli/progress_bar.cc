// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/progress_bar.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "alme_proto/progress.h"
#include "base/text.h"
#include "cli/columns.h"

namespace arcella::cli {
namespace {

constexpr std::size_t kWidthUnknown = 80;
constexpr std::size_t kBarColumnsMax = 40;
constexpr std::string_view kEraseLine = "\r\x1b[K";

// Owner: one call.  Thread: one.
class ProgressBar {
 public:
  ProgressBar(std::ostream& err, std::size_t width) : err_(err), width_(width) {}
  ~ProgressBar() {  // takes the line away
    if (shown_) err_ << kEraseLine << std::flush;
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const alme_proto::ProgressNote& note) {
    // The last column stays free: some terminals wrap as soon as it is written.
    const std::size_t columns = (width_ == 0 ? kWidthUnknown : width_) - 1;
    err_ << kEraseLine << progress_text({note.stage, note.done, note.total}, columns) << std::flush;
    shown_ = true;
  }

 private:
  std::ostream& err_;
  std::size_t width_;
  bool shown_ = false;
};

}  // namespace

std::string progress_text(const model::Progress::Note& note, std::size_t width) {
  if (width == 0) width = kWidthUnknown;
  const std::string stage = inert(note.stage);
  if (!note.total) return fit_columns(stage + " ...", width);
  const std::uint64_t total = std::max<std::uint64_t>(*note.total, 1);
  const std::uint64_t done = std::min(note.done, total);
  const std::string count = " " + std::to_string(note.done) + "/" + std::to_string(*note.total);
  const std::size_t taken = columns_of(stage) + columns_of(count) + std::string_view(" []").size();
  const std::size_t room = taken < width ? std::min(width - taken, kBarColumnsMax) : 0;
  if (room == 0) return fit_columns(stage + count, width);
  const auto filled = static_cast<std::size_t>(
      static_cast<double>(done) / static_cast<double>(total) * static_cast<double>(room));
  return stage + " [" + std::string(filled, '#') + std::string(room - filled, ' ') + "]" + count;
}

Result<wire::Json> call_watched(Client& client, Surroundings& surroundings, std::string_view method,
                                wire::Json params) {
  if (!surroundings.err_is_terminal) return client.call(method, std::move(params));
  if (auto* object = params.if_object()) (*object)["progress"] = true;
  ProgressBar bar(surroundings.err, surroundings.width);
  CallOptions options;
  options.on_notification = [&bar](const wire::RpcRequest& notification) {
    if (notification.method != alme_proto::kProgressNotification) return;
    auto note = alme_proto::progress_from_json(notification.params);
    if (note.has_value()) bar.show(*note);
  };
  return client.call(method, std::move(params), options);
}

}  // namespace arcella::cli
