// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What went wrong, as a value: a code from a closed set, and one line for a person that says what,
// where and how to mend it. The code decides the ALME error number and the exit status of the
// command line (table in error.cc, printed in docs/alme-protocol.md and by `arcella-cli help
// exit-codes`); the text is never compared. A guest's trap is not an Error until an operation has
// to report it.
#pragma once

#include <string>
#include <string_view>

namespace arcella {

enum class ErrorCode {
  ParseError,        // not JSON at all
  InvalidRequest,    // JSON, but no request
  MethodNotFound,    // no such operation
  InvalidParams,     // an argument is missing, of the wrong type, or out of its bounds
  InvalidManifest,   // a TOML file breaks its rules
  InvalidComponent,  // not a WebAssembly binary that this platform can run
  NotFound,          // no such file, component, deployment, instance or function
  AlreadyExists,     // the id is taken by something else
  Conflict,          // the operation does not fit the present state
  Unresolved,        // an import that nobody offers
  AddressInUse,      // a listening address is taken
  LimitExceeded,     // a bound of base/limits.h or of the deployment
  DeadlineExceeded,  // not finished in time
  GuestTrapped,      // the component trapped, or ended with a failure
  Unavailable,       // the daemon, a worker or an instance is not there (any more)
  PermissionDenied,  // the operating system or the peer check refused
  NoSpace,           // the disk is full
  Io,                // any other failure of the operating system
  Cancelled,         // the caller went away or took the request back
  Internal,          // a bug in Arcella
};
inline constexpr int kErrorCodeCount = static_cast<int>(ErrorCode::Internal) + 1;

// The code's fixed attributes. `name` is kebab-case and part of the ALME protocol
// (`error.data.code`).
struct ErrorTraits {
  std::string_view name;
  int alme_code;    // JSON-RPC error number
  int exit_status;  // of arcella-cli
};
[[nodiscard]] const ErrorTraits& traits_of(ErrorCode code) noexcept;
// The inverse of ErrorTraits::name; Internal for a name that is not in the table.
[[nodiscard]] ErrorCode error_code_from_name(std::string_view name) noexcept;

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  // From errno (or a std::error_code's value in the system category): ENOENT -> NotFound,
  // EACCES/EPERM -> PermissionDenied, ENOSPC/EDQUOT -> NoSpace, EADDRINUSE -> AddressInUse, else
  // Io. The message is "<what>: <strerror>".
  static Error from_errno(int error_number, std::string_view what);

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  // Longer text that a person may want below the one line: a wasm backtrace, or all diagnostics of
  // a manifest.
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

  // "context: message", added on the way up.
  [[nodiscard]] Error with_context(std::string_view context) &&;
  [[nodiscard]] Error with_context(std::string_view context) const&;
  [[nodiscard]] Error with_detail(std::string detail) &&;

 private:
  ErrorCode code_;
  std::string message_;
  std::string detail_;
};

}  // namespace arcella
