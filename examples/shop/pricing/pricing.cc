// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the shop's products cost: a service that exports examples:shop/pricing@1.0.0 (see
// ../wit/shop.wit). The prices stand in the program; the deployment's configuration may take a
// discount off them. pricing_world.h is made of the .wit when this is built (script/examples).
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pricing_world.h"

namespace {

using String = pricing_world_string_t;
using Quote = exports_examples_shop_pricing_quote_t;
using Lines = exports_examples_shop_pricing_list_line_t;
using PricedLine = exports_examples_shop_pricing_priced_line_t;

constexpr std::array<std::pair<std::string_view, uint64_t>, 4> kCents{{
    {"tea", 650},
    {"coffee", 890},
    {"cup", 1200},
    {"kettle", 4900},
}};
// So that no total leaves its 64 bits.
constexpr size_t kLinesMax = 1000;

std::string_view view(const String& text) {
  return {reinterpret_cast<const char*>(text.ptr), text.len};
}

bool fail(std::string_view why, String* err) {
  pricing_world_string_dup_n(err, why.data(), why.size());
  return false;
}

std::optional<uint64_t> cents_of(std::string_view product) {
  const auto found =
      std::ranges::find(kCents, product, [](const auto& entry) { return entry.first; });
  if (found == kCents.end()) return std::nullopt;
  return found->second;
}

// Of the configuration; 0 when it does not say.
uint32_t discount_percent() {
  String key;
  pricing_world_string_set(&key, "discount-percent");
  pricing_world_option_string_t value;
  wasi_config_store_error_t error;
  if (!wasi_config_store_get(&key, &value, &error)) std::abort();
  uint32_t percent = 0;
  if (value.is_some) {
    const std::string_view text = view(value.val);
    std::from_chars(text.data(), text.data() + text.size(), percent);
  }
  pricing_world_option_string_free(&value);
  return std::min<uint32_t>(percent, 100);
}

bool price(Lines& lines, Quote& quote, String* err) {
  if (lines.len > kLinesMax) return fail("there are more than 1000 lines", err);
  uint64_t sum = 0;
  for (size_t i = 0; i < lines.len; ++i) {
    const auto cents = cents_of(view(lines.ptr[i].product));
    if (!cents)
      return fail("there is no price for " + std::string(view(lines.ptr[i].product)), err);
    sum += *cents * lines.ptr[i].count;
  }
  quote.lines = {static_cast<PricedLine*>(std::calloc(lines.len, sizeof(PricedLine))), lines.len};
  if (lines.len > 0 && quote.lines.ptr == nullptr) std::abort();
  for (size_t i = 0; i < lines.len; ++i) {
    // The product's name moves over.
    auto& line = quote.lines.ptr[i].line = std::exchange(lines.ptr[i], {});
    quote.lines.ptr[i].sum = *cents_of(view(line.product)) * line.count;
  }
  const uint32_t percent = discount_percent();
  const uint64_t saved = sum / 100 * percent + sum % 100 * percent / 100;
  quote.discount = {percent > 0, {percent, saved}};
  quote.total = sum - saved;
  return true;
}

}  // namespace

// What a function is given is its own.
bool exports_examples_shop_pricing_price(Lines* lines, Quote* ret, String* err) {
  const bool done = price(*lines, *ret, err);
  exports_examples_shop_pricing_list_line_free(lines);
  return done;
}
