# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# Finds what Debian provides (script/bootstrap installs it); nothing is downloaded here. Header-only packages (tl/expected,
# toml++, CLI11, Boost.Asio) need no target. A module names the others in LINK_PUBLIC or LINK_PRIVATE:
#   Boost::json  fmt::fmt  spdlog::spdlog  Threads::Threads  SQLite::SQLite3  LibArchive::LibArchive
#   PkgConfig::sodium  PkgConfig::systemd  PkgConfig::seccomp  PkgConfig::edit
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG COMPONENTS headers system json)
find_package(fmt CONFIG)
find_package(spdlog CONFIG)
find_package(SQLite3)
find_package(LibArchive)
find_package(GTest CONFIG)
find_package(benchmark CONFIG)
find_package(PkgConfig)
foreach(library IN ITEMS sodium systemd seccomp edit)
  if(PkgConfig_FOUND)
    pkg_check_modules(${library} IMPORTED_TARGET lib${library})
  endif()
  if(NOT ${library}_FOUND)
    list(APPEND missing lib${library})
  endif()
endforeach()
foreach(package IN ITEMS Boost fmt spdlog SQLite3 LibArchive GTest benchmark)
  if(NOT ${package}_FOUND)
    list(APPEND missing ${package})
  endif()
endforeach()
if(missing)
  list(JOIN missing ", " missing)
  message(FATAL_ERROR "Not installed: ${missing}. Run script/bootstrap, which installs the Debian packages.")
endif()

find_program(ARCELLA_CCACHE ccache)
if(ARCELLA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache's manual asks for with precompiled headers.
  set(ccache_launcher "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${ARCELLA_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${ccache_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_launcher})
endif()
