// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/error.h"

#include <array>
#include <cerrno>
#include <system_error>

namespace arcella {
namespace {

// Indexed by ErrorCode. ALME numbers: the five of JSON-RPC 2.0 section 5.1, then ours from -32001
// down, never reused. Exit statuses: 2 usage, 3 no daemon or worker, 4 not found, 5 bad input, 6
// state, 7 imports, 8 guest, 9 system, 1 bug.
constexpr std::array<ErrorTraits, kErrorCodeCount> kTraits{{
    {"parse-error", -32700, 5},       {"invalid-request", -32600, 2},
    {"method-not-found", -32601, 2},  {"invalid-params", -32602, 2},
    {"invalid-manifest", -32001, 5},  {"invalid-component", -32002, 5},
    {"not-found", -32003, 4},         {"already-exists", -32004, 6},
    {"conflict", -32005, 6},          {"unresolved", -32006, 7},
    {"address-in-use", -32007, 6},    {"limit-exceeded", -32008, 8},
    {"deadline-exceeded", -32009, 8}, {"guest-trapped", -32010, 8},
    {"unavailable", -32011, 3},       {"permission-denied", -32012, 9},
    {"no-space", -32013, 9},          {"io", -32014, 9},
    {"cancelled", -32015, 6},         {"internal", -32603, 1},
}};

ErrorCode code_of_errno(int error_number) noexcept {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::NotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::PermissionDenied;
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::NoSpace;
    case EADDRINUSE:
      return ErrorCode::AddressInUse;
    default:
      return ErrorCode::Io;
  }
}

}  // namespace

const ErrorTraits& traits_of(ErrorCode code) noexcept {
  return kTraits[static_cast<std::size_t>(code)];
}

ErrorCode error_code_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (kTraits[i].name == name) return static_cast<ErrorCode>(i);
  }
  return ErrorCode::Internal;
}

Error Error::from_errno(int error_number, std::string_view what) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(error_number);
  return {code_of_errno(error_number), std::move(message)};
}

Error Error::with_context(std::string_view context) && {
  message_.insert(0, ": ");
  message_.insert(0, context);
  return std::move(*this);
}

Error Error::with_context(std::string_view context) const& {
  return Error(*this).with_context(context);
}

Error Error::with_detail(std::string detail) && {
  detail_ = std::move(detail);
  return std::move(*this);
}

}  // namespace arcella
