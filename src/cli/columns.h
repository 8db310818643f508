// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// How many columns of a terminal a UTF-8 text takes, and cutting it to fit. The C library knows
// (wcwidth), but only when the locale happens to be UTF-8, and a table must not fall apart where it
// is not: the ranges that matter stand in columns.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace arcella::cli {

// For text without control characters (base/text.h, inert()). A byte that is no UTF-8 counts as
// one.
[[nodiscard]] std::size_t columns_of(std::string_view text);
// `text`, or as much of it as fits with an ellipsis in the last column. `columns` 0: all of it.
[[nodiscard]] std::string fit_columns(std::string_view text, std::size_t columns);

// The widths of a table's columns, made smaller until they and the gaps fit into `total`: the last
// one first, which holds what is told at length, then the widest. None gets so small that it says
// nothing; a terminal that is narrower than that wraps.
[[nodiscard]] std::vector<std::size_t> shrink_columns(std::vector<std::size_t> widths,
                                                      std::size_t gap, std::size_t total);

}  // namespace arcella::cli
