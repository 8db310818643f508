// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A test's mirror: `echo` gives back what it is given, `relayed` asks the imported `echo` (see
// ../wit/mirror.wit). mirror.h is made of the .wit when this is built (script/examples).
#include "mirror.h"

// What a function is given is its own: echo passes it on with its memory, relayed frees it. The
// types of `echo` and of `relayed` are other names for the same structures.

#define BY_VALUE(name, type)                            \
  type exports_tests_mirror_echo_of_##name(type x) {    \
    return x;                                           \
  }                                                     \
  type exports_tests_mirror_relayed_of_##name(type x) { \
    return tests_mirror_echo_of_##name(x);              \
  }

#define FREE_NOTHING(x) (void)(x)
#define BY_POINTER(name, echo_type, relayed_type, free_it)                          \
  void exports_tests_mirror_echo_of_##name(echo_type* x, echo_type* ret) {          \
    *ret = *x;                                                                      \
  }                                                                                 \
  void exports_tests_mirror_relayed_of_##name(relayed_type* x, relayed_type* ret) { \
    tests_mirror_echo_of_##name((void*)x, (void*)ret);                              \
    free_it(x);                                                                     \
  }
#define PLAIN(name, type, free_it) BY_POINTER(name, type, type, free_it)
#define NAMED(name, type, free_it)                                                                \
  BY_POINTER(name, exports_tests_mirror_echo_##type##_t, exports_tests_mirror_relayed_##type##_t, \
             free_it)

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

PLAIN(string, mirror_string_t, mirror_string_free)
PLAIN(bytes, mirror_list_u8_t, mirror_list_u8_free)
PLAIN(numbers, mirror_list_s64_t, mirror_list_s64_free)
PLAIN(strings, mirror_list_string_t, mirror_list_string_free)
PLAIN(lists, mirror_list_list_u16_t, mirror_list_list_u16_free)
PLAIN(tuple, mirror_tuple4_u8_s64_string_f32_t, mirror_tuple4_u8_s64_string_f32_free)
NAMED(record, point, FREE_NOTHING)
NAMED(variant, shape, exports_tests_mirror_relayed_shape_free)
NAMED(nested, list_entry, exports_tests_mirror_relayed_list_entry_free)

bool exports_tests_mirror_echo_of_option(mirror_string_t* maybe_x, mirror_string_t* ret) {
  if (maybe_x != NULL) *ret = *maybe_x;
  return maybe_x != NULL;
}

bool exports_tests_mirror_relayed_of_option(mirror_string_t* maybe_x, mirror_string_t* ret) {
  const bool is_some = tests_mirror_echo_of_option(maybe_x, ret);
  if (maybe_x != NULL) mirror_string_free(maybe_x);
  return is_some;
}

bool exports_tests_mirror_echo_of_options(mirror_option_u32_t* maybe_x, mirror_option_u32_t* ret) {
  if (maybe_x != NULL) *ret = *maybe_x;
  return maybe_x != NULL;
}

bool exports_tests_mirror_relayed_of_options(mirror_option_u32_t* maybe_x,
                                             mirror_option_u32_t* ret) {
  return tests_mirror_echo_of_options(maybe_x, ret);
}

bool exports_tests_mirror_echo_of_result(exports_tests_mirror_echo_result_u32_string_t* x,
                                         uint32_t* ret, mirror_string_t* err) {
  if (x->is_err) {
    *err = x->val.err;
  } else {
    *ret = x->val.ok;
  }
  return !x->is_err;
}

bool exports_tests_mirror_relayed_of_result(exports_tests_mirror_relayed_result_u32_string_t* x,
                                            uint32_t* ret, mirror_string_t* err) {
  const bool is_ok = tests_mirror_echo_of_result((void*)x, ret, err);
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
  return tests_mirror_echo_of_verdict((void*)x, err);
}

bool exports_tests_mirror_echo_of_bare_result(exports_tests_mirror_echo_result_void_void_t* x) {
  return !x->is_err;
}

bool exports_tests_mirror_relayed_of_bare_result(
    exports_tests_mirror_relayed_result_void_void_t* x) {
  return tests_mirror_echo_of_bare_result((void*)x);
}

void exports_tests_mirror_echo_of_many(uint8_t a, int16_t b, uint32_t c, int64_t d, float e,
                                       double f, bool g, uint32_t h, mirror_string_t* i,
                                       mirror_list_u8_t* j, uint16_t* maybe_k,
                                       exports_tests_mirror_echo_color_t l,
                                       exports_tests_mirror_echo_permissions_t m, uint8_t n,
                                       exports_tests_mirror_echo_many_t* ret) {
  const mirror_option_u16_t k = {maybe_k != NULL, maybe_k != NULL ? *maybe_k : 0};
  *ret = (exports_tests_mirror_echo_many_t){a, b, c, d, e, f, g, h, *i, *j, k, l, m, n};
}

void exports_tests_mirror_relayed_of_many(uint8_t a, int16_t b, uint32_t c, int64_t d, float e,
                                          double f, bool g, uint32_t h, mirror_string_t* i,
                                          mirror_list_u8_t* j, uint16_t* maybe_k,
                                          exports_tests_mirror_relayed_color_t l,
                                          exports_tests_mirror_relayed_permissions_t m, uint8_t n,
                                          exports_tests_mirror_relayed_many_t* ret) {
  tests_mirror_echo_of_many(a, b, c, d, e, f, g, h, i, j, maybe_k, l, m, n, ret);
  mirror_string_free(i);
  mirror_list_u8_free(j);
}
