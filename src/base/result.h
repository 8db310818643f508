// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Result<T>: a value or an Error. The alias keeps to what tl::expected and std::expected share, so
// that moving later is this one line. The macros are statements, not expressions: GCC 12 crashes on
// a statement expression around co_await.
#pragma once

#include <utility>

#include <tl/expected.hpp>

#include "base/error.h"

namespace arcella {

template <class T>
using Result = tl::expected<T, Error>;

using Unexpected = tl::unexpected<Error>;

// `return fail(ErrorCode::NotFound, "no component 'x'");`
[[nodiscard]] inline Unexpected fail(ErrorCode code, std::string message) {
  return Unexpected(Error(code, std::move(message)));
}
[[nodiscard]] inline Unexpected fail(Error error) {
  return Unexpected(std::move(error));
}

}  // namespace arcella

#define ARCELLA_CONCAT_INNER(a, b) a##b
#define ARCELLA_CONCAT(a, b) ARCELLA_CONCAT_INNER(a, b)

// ARCELLA_TRY(auto file, open(path));  declares `file` or returns the error.
#define ARCELLA_TRY(declaration, ...) \
  ARCELLA_TRY_INNER(ARCELLA_CONCAT(arcella_try_, __LINE__), return, declaration, __VA_ARGS__)
// The same in a coroutine; the expression may contain co_await.
#define ARCELLA_CO_TRY(declaration, ...) \
  ARCELLA_TRY_INNER(ARCELLA_CONCAT(arcella_try_, __LINE__), co_return, declaration, __VA_ARGS__)
#define ARCELLA_TRY_INNER(temporary, give_back, declaration, ...)                            \
  auto temporary = (__VA_ARGS__);                                                            \
  if (!temporary.has_value()) give_back ::arcella::Unexpected(std::move(temporary).error()); \
  declaration = std::move(temporary).value()

// For Result<void>.
#define ARCELLA_TRY_VOID(...) \
  ARCELLA_TRY_VOID_INNER(ARCELLA_CONCAT(arcella_try_, __LINE__), return, __VA_ARGS__)
#define ARCELLA_CO_TRY_VOID(...) \
  ARCELLA_TRY_VOID_INNER(ARCELLA_CONCAT(arcella_try_, __LINE__), co_return, __VA_ARGS__)
#define ARCELLA_TRY_VOID_INNER(temporary, give_back, ...) \
  auto temporary = (__VA_ARGS__);                         \
  if (!temporary.has_value()) give_back ::arcella::Unexpected(std::move(temporary).error())
