// SPDX-License-Identifier: Apache-2.0 OR MIT
#pragma once

#include <boost/asio/awaitable.hpp>

namespace arcella::aio {

// A coroutine of the control thread. Owned by a TaskScope (aio/task_scope.h) or awaited by its
// caller; never detached.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace arcella::aio
