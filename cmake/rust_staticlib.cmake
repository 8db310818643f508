# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# arcella_rust_staticlib(<target> PACKAGE <cargo package> LIBRARY <crate name> HEADERS <cxx headers>...
#   [PROGRAM <cargo package> <its folder>])
# makes an imported static library out of a Cargo package, and the program of another package beside it: in one run, so
# that what both need is built once. Cargo decides what has to be built again; its target folder
# lies outside the clone, so that Wasmtime (6-10 minutes) is built once per machine and not once per clone and preset.
# Clones share that folder: what this build needs is copied out of it, under a lock, right after Cargo made it.
#
# Always the release profile, also under the sanitizer presets: they look at our C++.
#
# This file is also the script that runs Cargo (cmake -P), see its second half.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  if(DEFINED ENV{XDG_CACHE_HOME})
    set(arcella_cache "$ENV{XDG_CACHE_HOME}")
  else()
    set(arcella_cache "$ENV{HOME}/.cache")
  endif()
  set(ARCELLA_CARGO_TARGET_DIR "${arcella_cache}/arcella/cargo" CACHE PATH "Cargo's target folder, outside the clone")
  find_program(ARCELLA_CARGO cargo HINTS "$ENV{HOME}/.cargo/bin" REQUIRED)

  function(arcella_rust_staticlib target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PACKAGE;LIBRARY" "HEADERS;PROGRAM")
    set(out "${CMAKE_BINARY_DIR}/rust/${arg_PACKAGE}")
    set(library "${out}/lib${arg_LIBRARY}.a")
    set(headers "${arg_HEADERS}")
    list(TRANSFORM headers PREPEND "${out}/include/")
    file(MAKE_DIRECTORY "${out}/include")
    list(JOIN arg_HEADERS "," header_names)
    set(touch "${CMAKE_CURRENT_SOURCE_DIR}/adapter/build.rs")
    set(program "")
    if(arg_PROGRAM)
      list(GET arg_PROGRAM 0 program)
      list(GET arg_PROGRAM 1 folder)
      string(APPEND touch ",${folder}/src/lib.rs")
    endif()
    add_custom_target(${target}_cargo
      COMMAND "${CMAKE_COMMAND}" "-DCARGO=${ARCELLA_CARGO}" "-DTARGET_DIR=${ARCELLA_CARGO_TARGET_DIR}"
        "-DPACKAGE=${arg_PACKAGE}" "-DLIBRARY=${arg_LIBRARY}" "-DHEADERS=${header_names}" "-DOUT=${out}"
        "-DTOUCH=${touch}" "-DPROGRAM=${program}"
        -P "${CMAKE_CURRENT_FUNCTION_LIST_FILE}"
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
      BYPRODUCTS "${library}" ${headers}
      USES_TERMINAL
      COMMENT "Cargo: ${arg_PACKAGE} (the first build takes some 10 minutes)")
    add_library(${target} STATIC IMPORTED GLOBAL)
    add_dependencies(${target} ${target}_cargo)
    set_target_properties(${target} PROPERTIES
      IMPORTED_LOCATION "${library}"
      # As a system folder: generated code is not held to our warnings.
      INTERFACE_INCLUDE_DIRECTORIES "${out}/include"
      INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m;rt;util")
  endfunction()
  return()
endif()

file(MAKE_DIRECTORY "${TARGET_DIR}")
file(LOCK "${TARGET_DIR}/arcella-copy.lock" GUARD PROCESS TIMEOUT 7200)
# Cargo takes two clones for one and the same package and compares only times: what another clone built last would pass
# for built from here.
set(last_clone "${TARGET_DIR}/arcella-last-clone")
set(clone "${CMAKE_CURRENT_SOURCE_DIR}")
if(EXISTS "${last_clone}")
  file(READ "${last_clone}" clone)
endif()
if(NOT clone STREQUAL "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REPLACE "," ";" touch "${TOUCH}")
  file(TOUCH_NOCREATE ${touch})
endif()
file(WRITE "${last_clone}" "${CMAKE_CURRENT_SOURCE_DIR}")
set(messages "${OUT}/cargo-messages.json")
set(packages --package "${PACKAGE}")
if(PROGRAM)
  list(APPEND packages --package "${PROGRAM}")
endif()
execute_process(
  COMMAND "${CMAKE_COMMAND}" -E env "CARGO_TARGET_DIR=${TARGET_DIR}"
    "${CARGO}" build --release --locked ${packages} --message-format=json-render-diagnostics
  OUTPUT_FILE "${messages}" RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "cargo build of ${PACKAGE} failed (${failed}); Rust 1.95 or newer is needed")
endif()

# The generated headers lie in the build script's own folder, whose name depends on the clone: Cargo tells it.
file(STRINGS "${messages}" lines REGEX "\"reason\":\"build-script-executed\".*[/#]${PACKAGE}[#@]")
if(NOT lines MATCHES "\"out_dir\":\"([^\"]+)\"")
  message(FATAL_ERROR "cargo did not tell the build folder of ${PACKAGE}")
endif()
set(generated "${CMAKE_MATCH_1}/cxxbridge/include")
string(REPLACE "," ";" headers "${HEADERS}")
foreach(header IN LISTS headers)
  file(REAL_PATH "${generated}/${header}" source)
  configure_file("${source}" "${OUT}/include/${header}" COPYONLY)
endforeach()
# Only if it differs, so that nothing is linked again for nothing.
execute_process(
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${TARGET_DIR}/release/lib${LIBRARY}.a" "${OUT}/lib${LIBRARY}.a"
  COMMAND_ERROR_IS_FATAL ANY)
if(PROGRAM)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${TARGET_DIR}/release/${PROGRAM}" "${OUT}/${PROGRAM}"
    COMMAND_ERROR_IS_FATAL ANY)
endif()
