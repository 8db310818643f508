// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cli/columns.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

namespace arcella::cli {
namespace {

constexpr std::size_t kCellColumnsMin = 8;
constexpr std::string_view kEllipsis = "\u2026";

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};
// Unicode 15, EastAsianWidth W and F: whole blocks, which are wide but for unassigned points.
constexpr std::array<Range, 11> kWide{{{0x1100, 0x115f},
                                       {0x2e80, 0x303e},
                                       {0x3041, 0xa4cf},
                                       {0xa960, 0xa97f},
                                       {0xac00, 0xd7a3},
                                       {0xf900, 0xfaff},
                                       {0xfe30, 0xfe6f},
                                       {0xff00, 0xff60},
                                       {0xffe0, 0xffe6},
                                       {0x1f300, 0x1faff},
                                       {0x20000, 0x3fffd}}};
// Combining marks, joiners, direction marks and variation selectors stand on the one before.
constexpr std::array<Range, 8> kZero{{{0x0300, 0x036f},
                                      {0x1ab0, 0x1aff},
                                      {0x1dc0, 0x1dff},
                                      {0x200b, 0x200f},
                                      {0x202a, 0x202e},
                                      {0x20d0, 0x20ff},
                                      {0xfe00, 0xfe0f},
                                      {0xfe20, 0xfe2f}}};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, std::uint32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const Range& range) {
    return point >= range.first && point <= range.last;
  });
}

struct Point {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

// The code point at the front of a text that is not empty.
Point first_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (bytes == 1 || text.size() < bytes) return {};
  std::uint32_t point = lead & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return {};
    point = (point << 6U) | (next & 0x3fU);
  }
  return {bytes, within(kZero, point) ? 0U : within(kWide, point) ? 2U : 1U};
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Point point = first_point(text);
    columns += point.columns;
    text.remove_prefix(point.bytes);
  }
  return columns;
}

std::string fit_columns(std::string_view text, std::size_t columns) {
  if (columns == 0 || columns_of(text) <= columns) return std::string(text);
  std::size_t taken = 0;
  std::size_t used = 0;
  while (taken < text.size()) {
    const Point point = first_point(text.substr(taken));
    if (used + point.columns + 1 > columns) break;  // the ellipsis needs one
    used += point.columns;
    taken += point.bytes;
  }
  return std::string(text.substr(0, taken)) + std::string(kEllipsis);
}

std::vector<std::size_t> shrink_columns(std::vector<std::size_t> widths, std::size_t gap,
                                        std::size_t total) {
  if (widths.empty()) return widths;
  std::size_t sum = std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
  while (sum > total) {
    auto at = widths.end() - 1;
    if (*at <= kCellColumnsMin) at = std::max_element(widths.begin(), widths.end());
    if (*at <= kCellColumnsMin) break;
    --*at;
    --sum;
  }
  return widths;
}

}  // namespace arcella::cli
