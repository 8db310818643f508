// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Which lock guards what, written where clang checks it (-Wthread-safety is an error in every clang
// preset); nothing under GCC. The standard library's mutex carries no annotations, so guarded
// members use Mutex of base/mutex.h.
#pragma once

#if defined(__clang__)
#define ARCELLA_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define ARCELLA_THREAD_ATTRIBUTE(x)
#endif

#define ARCELLA_CAPABILITY(name) ARCELLA_THREAD_ATTRIBUTE(capability(name))
#define ARCELLA_SCOPED_CAPABILITY ARCELLA_THREAD_ATTRIBUTE(scoped_lockable)
#define ARCELLA_GUARDED_BY(mutex) ARCELLA_THREAD_ATTRIBUTE(guarded_by(mutex))
#define ARCELLA_PT_GUARDED_BY(mutex) ARCELLA_THREAD_ATTRIBUTE(pt_guarded_by(mutex))
#define ARCELLA_REQUIRES(...) ARCELLA_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define ARCELLA_EXCLUDES(...) ARCELLA_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ARCELLA_ACQUIRE(...) ARCELLA_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define ARCELLA_RELEASE(...) ARCELLA_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define ARCELLA_NO_THREAD_SAFETY_ANALYSIS ARCELLA_THREAD_ATTRIBUTE(no_thread_safety_analysis)
