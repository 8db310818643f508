// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A test's mirror: `echo` gives back what it is given, `relayed` asks the imported `echo` (see
// ../wit/mirror.wit). mirror.h is made of the .wit when this is built (script/examples). What echo
// is given becomes a value of C++ where there is one that owns its memory, and is made anew of it.
#include "mirror.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

std::string taken(mirror_string_t& x) {
  std::string text(reinterpret_cast<const char*>(x.ptr), x.len);
  mirror_string_free(&x);
  return text;
}

void give(const std::string& text, mirror_string_t& ret) {
  mirror_string_dup_n(&ret, text.data(), text.size());
}

// What is no string and no list moves as it is.
template <class T>
  requires std::is_scalar_v<T>
T taken(T& x) {
  return x;
}
template <class T>
  requires std::is_scalar_v<T>
void give(T value, T& ret) {
  ret = value;
}

// The elements' memory is the list's, and what they own becomes their values'.
template <class List>
  requires requires(List x) { x.ptr[x.len]; }
auto taken(List& x) {
  std::vector<decltype(taken(*x.ptr))> values;
  for (size_t i = 0; i < x.len; ++i) values.push_back(taken(x.ptr[i]));
  if (x.len > 0) std::free(x.ptr);
  return values;
}

template <class T, class List>
void give(const std::vector<T>& values, List& ret) {
  using Element = std::remove_pointer_t<decltype(ret.ptr)>;
  ret = {nullptr, values.size()};
  if (values.empty()) return;
  ret.ptr = static_cast<Element*>(std::calloc(values.size(), sizeof(Element)));
  if (ret.ptr == nullptr) std::abort();
  for (size_t i = 0; i < values.size(); ++i) give(values[i], ret.ptr[i]);
}

template <class T>
auto taken(T* maybe) {
  std::optional<decltype(taken(*maybe))> value;
  if (maybe != nullptr) value = taken(*maybe);
  return value;
}

// The types of `echo` and of `relayed` are other names for the same structures.
template <class To, class From>
To* as(From* x) {
  static_assert(sizeof(To) == sizeof(From));
  return reinterpret_cast<To*>(x);
}

}  // namespace

#define BY_VALUE(name, type)                            \
  type exports_tests_mirror_echo_of_##name(type x) {    \
    return x;                                           \
  }                                                     \
  type exports_tests_mirror_relayed_of_##name(type x) { \
    return tests_mirror_echo_of_##name(x);              \
  }

BY_VALUE(bool, bool)
BY_VALUE(s8, int8_t)
BY_VALUE(u8, uint8_t)
BY_VALUE(s16, int16_t)
BY_VALUE(u16, uint16_t)
BY_VALUE(s32, int32_t)
BY_VALUE(u32, uint32_t)
BY_VALUE(s64, int64_t)
BY_VALUE(u64, uint64_t)
BY_VALUE(f32, float)
BY_VALUE(f64, double)
BY_VALUE(char, uint32_t)
BY_VALUE(enum, exports_tests_mirror_echo_color_t)
BY_VALUE(flags, exports_tests_mirror_echo_permissions_t)

#define BY_VALUES(name, type)                                       \
  void exports_tests_mirror_echo_of_##name(type* x, type* ret) {    \
    give(taken(*x), *ret);                                          \
  }                                                                 \
  void exports_tests_mirror_relayed_of_##name(type* x, type* ret) { \
    tests_mirror_echo_of_##name(x, ret);                            \
    taken(*x);                                                      \
  }

BY_VALUES(string, mirror_string_t)
BY_VALUES(bytes, mirror_list_u8_t)
BY_VALUES(numbers, mirror_list_s64_t)
BY_VALUES(strings, mirror_list_string_t)
BY_VALUES(lists, mirror_list_list_u16_t)

#define MOVED(name, echo_type, asked_type, relayed_type, free_it)                   \
  void exports_tests_mirror_echo_of_##name(echo_type* x, echo_type* ret) {          \
    *ret = std::exchange(*x, {});                                                   \
  }                                                                                 \
  void exports_tests_mirror_relayed_of_##name(relayed_type* x, relayed_type* ret) { \
    tests_mirror_echo_of_##name(as<asked_type>(x), as<asked_type>(ret));            \
    free_it(x);                                                                     \
  }
#define MOVED_NAMED(name, type, free_it)                                  \
  MOVED(name, exports_tests_mirror_echo_##type, tests_mirror_echo_##type, \
        exports_tests_mirror_relayed_##type, free_it)

MOVED(tuple, mirror_tuple4_u8_s64_string_f32_t, mirror_tuple4_u8_s64_string_f32_t,
      mirror_tuple4_u8_s64_string_f32_t, mirror_tuple4_u8_s64_string_f32_free)
MOVED_NAMED(record, point_t, static_cast<void>)
MOVED_NAMED(variant, shape_t, exports_tests_mirror_relayed_shape_free)
MOVED_NAMED(nested, list_entry_t, exports_tests_mirror_relayed_list_entry_free)

bool exports_tests_mirror_echo_of_option(mirror_string_t* maybe_x, mirror_string_t* ret) {
  const std::optional<std::string> x = taken(maybe_x);
  if (x) give(*x, *ret);
  return x.has_value();
}

bool exports_tests_mirror_relayed_of_option(mirror_string_t* maybe_x, mirror_string_t* ret) {
  const bool is_some = tests_mirror_echo_of_option(maybe_x, ret);
  taken(maybe_x);
  return is_some;
}

bool exports_tests_mirror_echo_of_options(mirror_option_u32_t* maybe_x, mirror_option_u32_t* ret) {
  if (maybe_x != nullptr) *ret = *maybe_x;
  return maybe_x != nullptr;
}

bool exports_tests_mirror_relayed_of_options(mirror_option_u32_t* maybe_x,
                                             mirror_option_u32_t* ret) {
  return tests_mirror_echo_of_options(maybe_x, ret);
}

bool exports_tests_mirror_echo_of_result(exports_tests_mirror_echo_result_u32_string_t* x,
                                         uint32_t* ret, mirror_string_t* err) {
  if (x->is_err) {
    give(taken(x->val.err), *err);
  } else {
    *ret = x->val.ok;
  }
  return !x->is_err;
}

bool exports_tests_mirror_relayed_of_result(exports_tests_mirror_relayed_result_u32_string_t* x,
                                            uint32_t* ret, mirror_string_t* err) {
  const bool is_ok =
      tests_mirror_echo_of_result(as<tests_mirror_echo_result_u32_string_t>(x), ret, err);
  if (x->is_err) mirror_string_free(&x->val.err);
  return is_ok;
}

bool exports_tests_mirror_echo_of_verdict(exports_tests_mirror_echo_result_void_color_t* x,
                                          exports_tests_mirror_echo_color_t* err) {
  if (x->is_err) *err = x->val.err;
  return !x->is_err;
}

bool exports_tests_mirror_relayed_of_verdict(exports_tests_mirror_relayed_result_void_color_t* x,
                                             exports_tests_mirror_relayed_color_t* err) {
  return tests_mirror_echo_of_verdict(as<tests_mirror_echo_result_void_color_t>(x), err);
}

bool exports_tests_mirror_echo_of_bare_result(exports_tests_mirror_echo_result_void_void_t* x) {
  return !x->is_err;
}

bool exports_tests_mirror_relayed_of_bare_result(
    exports_tests_mirror_relayed_result_void_void_t* x) {
  return tests_mirror_echo_of_bare_result(as<tests_mirror_echo_result_void_void_t>(x));
}

void exports_tests_mirror_echo_of_many(uint8_t a, int16_t b, uint32_t c, int64_t d, float e,
                                       double f, bool g, uint32_t h, mirror_string_t* i,
                                       mirror_list_u8_t* j, uint16_t* maybe_k,
                                       exports_tests_mirror_echo_color_t l,
                                       exports_tests_mirror_echo_permissions_t m, uint8_t n,
                                       exports_tests_mirror_echo_many_t* ret) {
  const std::optional<uint16_t> k = taken(maybe_k);
  *ret = {a, b, c, d, e, f, g, h, {}, {}, {k.has_value(), k.value_or(0)}, l, m, n};
  give(taken(*i), ret->i);
  give(taken(*j), ret->j);
}

void exports_tests_mirror_relayed_of_many(uint8_t a, int16_t b, uint32_t c, int64_t d, float e,
                                          double f, bool g, uint32_t h, mirror_string_t* i,
                                          mirror_list_u8_t* j, uint16_t* maybe_k,
                                          exports_tests_mirror_relayed_color_t l,
                                          exports_tests_mirror_relayed_permissions_t m, uint8_t n,
                                          exports_tests_mirror_relayed_many_t* ret) {
  tests_mirror_echo_of_many(a, b, c, d, e, f, g, h, i, j, maybe_k, l, m, n,
                            as<tests_mirror_echo_many_t>(ret));
  mirror_string_free(i);
  mirror_list_u8_free(j);
}
