// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "engine/door/door.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace arcella::engine::door {
namespace {

// What stands between code, message and detail.
constexpr char kSeparator = '\x1f';

struct CodeName {
  std::string_view name;
  ErrorCode code;
};

// The names are those of `Code` in adapter/src/error.rs.
constexpr std::array kCodeNames = {
    CodeName{"InvalidComponent", ErrorCode::InvalidComponent},
    CodeName{"InvalidParams", ErrorCode::InvalidParams},
    CodeName{"NotFound", ErrorCode::NotFound},
    CodeName{"Conflict", ErrorCode::Conflict},
    CodeName{"Unresolved", ErrorCode::Unresolved},
    CodeName{"LimitExceeded", ErrorCode::LimitExceeded},
    CodeName{"DeadlineExceeded", ErrorCode::DeadlineExceeded},
    CodeName{"GuestTrapped", ErrorCode::GuestTrapped},
    CodeName{"Cancelled", ErrorCode::Cancelled},
    CodeName{"Io", ErrorCode::Io},
    CodeName{"Internal", ErrorCode::Internal},
};

ErrorCode code_from(std::string_view name) {
  const auto* found =
      std::find_if(kCodeNames.begin(), kCodeNames.end(),
                   [name](const CodeName& candidate) { return candidate.name == name; });
  return found == kCodeNames.end() ? ErrorCode::Internal : found->code;
}

}  // namespace

Error error_from(const rust::Error& thrown) {
  const std::string_view text = thrown.what();
  const std::size_t first = text.find(kSeparator);
  const std::size_t second =
      first == std::string_view::npos ? first : text.find(kSeparator, first + 1);
  if (second == std::string_view::npos) return {ErrorCode::Internal, std::string(text)};
  Error error(code_from(text.substr(0, first)),
              std::string(text.substr(first + 1, second - first - 1)));
  return std::move(error).with_detail(std::string(text.substr(second + 1)));
}

Error error_from(const std::exception& thrown) {
  if (dynamic_cast<const std::invalid_argument*>(&thrown) != nullptr) {
    return {ErrorCode::InvalidParams, std::string("a text is not UTF-8: ") + thrown.what()};
  }
  return {ErrorCode::Internal, thrown.what()};
}

CallOutcome outcome_from(std::uint8_t outcome, std::int32_t exit_status, rust::Str message,
                         rust::Str backtrace) {
  return {.outcome = static_cast<Outcome>(outcome),
          .payload = {},
          .exit_status = exit_status,
          .message = std::string(message.data(), message.size()),
          .backtrace = std::string(backtrace.data(), backtrace.size())};
}

void tell(const CallDone& done, const Task& task) {
  if (static_cast<Outcome>(task.outcome()) == Outcome::Returned) {
    const rust::Slice<const std::uint8_t> payload = task.payload();
    return done(CallOutcomeView(std::as_bytes(std::span(payload.data(), payload.size()))));
  }
  const Failure failure = task.failure();
  done(outcome_from(task.outcome(), failure.exit_status, failure.message, failure.backtrace));
}

void SinkTarget::write(std::uint8_t stream, rust::Slice<const std::uint8_t> bytes) const noexcept {
  const MutexLock lock(mutex_);
  if (sink_ == nullptr) return;
  const auto which = stream == 0 ? OutputStream::Stdout : OutputStream::Stderr;
  sink_->write(which, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void SinkTarget::detach() {
  const MutexLock lock(mutex_);
  sink_ = nullptr;
}

}  // namespace arcella::engine::door
