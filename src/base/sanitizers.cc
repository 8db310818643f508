// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the sanitizers have to know of libraries that they do not see into. Here and not in the
// environment, because the daemon gives its children none. Linked into every program by
// cmake/warnings.cmake; nothing without a sanitizer.
#if defined(__has_feature)

// What the linker is told to look for: the functions below are in the sanitizers' own libraries
// too, weakly, which is enough for it not to look further.
extern "C" const int arcella_sanitizer_options;
extern "C" const int arcella_sanitizer_options = 0;

#if __has_feature(address_sanitizer)
extern "C" const char* __lsan_default_suppressions();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  // libedit copies the two texts of EL_ADDFN and does not free them in el_end() (3.1).
  return "leak:wcsdup\n";
}
#endif

#if __has_feature(thread_sanitizer)
// The Rust is not instrumented: its memcpy, malloc and free are seen, its atomics are not. Wasmtime
// leaves its trap handler by a jump, after which everything counts as within a signal.
extern "C" const char* __tsan_default_options();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "handle_segv=0:second_deadlock_stack=1:ignore_interceptors_accesses=1:report_signal_"
         "unsafe=0";
}
// Those that never call back into C++, whose races would be hidden too.
extern "C" const char* __tsan_default_suppressions();   // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:cranelift\nrace:regalloc2\nrace:rayon\nrace:wasmparser\nrace:wasmtime_environ\n"
         "race:wit_parser\nrace:wit_component\n";
}
#endif

#endif
