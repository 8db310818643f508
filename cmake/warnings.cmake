# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# arcella::warnings: what every C++ target of ours is compiled with. An INTERFACE target rather than global flags, so that
# third-party code is never held to it.
option(ARCELLA_WERROR "Warnings are errors (CI)" OFF)
set(ARCELLA_SANITIZE "" CACHE STRING "Value of -fsanitize= for C++ (presets asan, tsan, fuzz)")
option(ARCELLA_COVERAGE "Instrument for source-based coverage (clang)" OFF)

add_library(arcella_warnings INTERFACE)
add_library(arcella::warnings ALIAS arcella_warnings)

target_compile_options(arcella_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # A lock that is not held is a bug whoever builds, so this one is an error outside CI too.
  target_compile_options(arcella_warnings INTERFACE -Wthread-safety -Werror=thread-safety)
else()
  # GCC 12 also warns of fields that a designated initializer leaves to their defaults, which is what one is for; clang
  # tells the two apart and keeps the warning.
  target_compile_options(arcella_warnings INTERFACE -Wno-missing-field-initializers)
endif()
if(ARCELLA_WERROR)
  target_compile_options(arcella_warnings INTERFACE -Werror)
endif()

# Frame pointers: a profile or a core of a release build can be read. Assertions of the standard library: an index out of
# bounds ends the process instead of reading on; the engine, not these containers, is the hot path.
target_compile_options(arcella_warnings INTERFACE -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(arcella_warnings INTERFACE _GLIBCXX_ASSERTIONS)
target_link_options(arcella_warnings INTERFACE -Wl,-z,relro,-z,now)

if(ARCELLA_SANITIZE)
  target_compile_options(arcella_warnings INTERFACE
    -fsanitize=${ARCELLA_SANITIZE} -fno-sanitize-recover=all)
  # `fuzzer-no-link` instruments; a fuzz target adds -fsanitize=fuzzer for its own main.
  target_link_options(arcella_warnings INTERFACE -fsanitize=${ARCELLA_SANITIZE})
  # base/sanitizers.cc, which nobody refers to.
  target_link_options(arcella_warnings INTERFACE -Wl,-u,arcella_sanitizer_options)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(arcella_warnings INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(ARCELLA_COVERAGE)
  target_compile_options(arcella_warnings INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(arcella_warnings INTERFACE -fprofile-instr-generate)
endif()
