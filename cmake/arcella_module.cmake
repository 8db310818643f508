# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# arcella_module(<folder>
#   SOURCES a.cc b.cc          library arcella_<folder> (alias arcella::<folder>); without sources an INTERFACE library
#   TESTS a_test.cc            one GoogleTest binary <folder>_test, label `unit`, run in the source root
#   PUBLIC base model          folders whose headers our headers include
#   PRIVATE wire               folders that only our sources include
#   LINK_PUBLIC / LINK_PRIVATE system libraries (names in dependencies.cmake)
#   TEST_LINK aio ...          further folders (by name) or libraries that only the tests use
#   PRECOMPILE <boost/asio.hpp>  headers to precompile for this folder's sources
# )
# One call = library + unit test + every header of the folder compiled alone (target `check-headers`).
include("${CMAKE_CURRENT_LIST_DIR}/layers.cmake")
include(GoogleTest)

add_custom_target(check-headers COMMENT "Every header compiles alone")

# What a half-made tree may lack (a folder, a source that is listed but not written yet) is a warning; in CI an error.
set(ARCELLA_INCOMPLETE WARNING)
if(ARCELLA_WERROR)
  set(ARCELLA_INCOMPLETE FATAL_ERROR)
endif()

# Refuses a dependency that is not of a lower level.
function(arcella_check_layer folder dependency)
  if(NOT DEFINED ARCELLA_LEVEL_OF_${folder})
    message(FATAL_ERROR "src/${folder} has no level: add it to cmake/layers.cmake")
  endif()
  if(NOT DEFINED ARCELLA_LEVEL_OF_${dependency})
    message(FATAL_ERROR "src/${folder} names '${dependency}', which is no folder of cmake/layers.cmake")
  endif()
  if(NOT ARCELLA_LEVEL_OF_${dependency} LESS ARCELLA_LEVEL_OF_${folder})
    message(FATAL_ERROR "layer order: src/${folder} (level ${ARCELLA_LEVEL_OF_${folder}}) may not use "
      "src/${dependency} (level ${ARCELLA_LEVEL_OF_${dependency}}); see cmake/layers.cmake")
  endif()
endfunction()

# Drops the files of the list `name` that do not exist.
function(arcella_existing_files folder name)
  set(existing)
  foreach(file IN LISTS ${name})
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE absolute)
    get_source_file_property(generated "${absolute}" GENERATED)
    if(EXISTS "${absolute}" OR generated)
      list(APPEND existing "${file}")
    else()
      message(${ARCELLA_INCOMPLETE} "src/${folder}/${file} is listed but does not exist")
    endif()
  endforeach()
  set(${name} ${existing} PARENT_SCOPE)
endfunction()

function(arcella_module folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" ""
    "SOURCES;TESTS;PUBLIC;PRIVATE;LINK_PUBLIC;LINK_PRIVATE;TEST_LINK;PRECOMPILE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "arcella_module(${folder}): what is '${arg_UNPARSED_ARGUMENTS}'?")
  endif()
  foreach(dependency IN LISTS arg_PUBLIC arg_PRIVATE)
    arcella_check_layer(${folder} ${dependency})
    if(NOT TARGET arcella_${dependency})
      message(${ARCELLA_INCOMPLETE} "src/${folder} is left out: it needs src/${dependency}, which is not there")
      return()
    endif()
  endforeach()
  arcella_existing_files(${folder} arg_SOURCES)
  arcella_existing_files(${folder} arg_TESTS)
  set(target arcella_${folder})
  set(public_links ${arg_LINK_PUBLIC})
  set(private_links ${arg_LINK_PRIVATE})
  foreach(dependency IN LISTS arg_PUBLIC)
    list(APPEND public_links arcella::${dependency})
  endforeach()
  foreach(dependency IN LISTS arg_PRIVATE)
    list(APPEND private_links arcella::${dependency})
  endforeach()

  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} PUBLIC ${public_links} PRIVATE ${private_links} arcella::warnings)
    if(arg_PRECOMPILE)
      target_precompile_headers(${target} PRIVATE ${arg_PRECOMPILE})
      if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        # Without the time stamp equal inputs make equal files, and ccache finds them again.
        target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
      endif()
    endif()
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} INTERFACE ${public_links})
  endif()
  add_library(arcella::${folder} ALIAS ${target})

  arcella_module_headers(${folder})
  if(arg_TESTS AND BUILD_TESTING)
    arcella_module_tests(${folder} "${arg_TESTS}" "${arg_TEST_LINK};${private_links}")
  endif()
endfunction()

# A header that leans on what its first includer happened to include breaks the second includer: compile each alone.
function(arcella_module_headers folder)
  file(GLOB headers RELATIVE "${PROJECT_SOURCE_DIR}/src" CONFIGURE_DEPENDS
    "${CMAKE_CURRENT_SOURCE_DIR}/*.h" "${CMAKE_CURRENT_SOURCE_DIR}/testing/*.h")
  if(NOT headers)
    return()
  endif()
  set(sources)
  foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER "${header}" stem)
    set(source "${CMAKE_CURRENT_BINARY_DIR}/headers/${stem}.cc")
    # Twice, so that a missing `#pragma once` shows.
    file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
    list(APPEND sources "${source}")
  endforeach()
  add_library(${folder}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${folder}_headers PRIVATE arcella::${folder} arcella::warnings)
  add_dependencies(check-headers ${folder}_headers)
endfunction()

function(arcella_module_tests folder tests links)
  add_executable(${folder}_test ${tests})
  set_target_properties(${folder}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  set(test_links)
  foreach(link IN LISTS links)
    if(TARGET arcella_${link})
      list(APPEND test_links arcella::${link})
    elseif(link)
      list(APPEND test_links ${link})
    endif()
  endforeach()
  target_link_libraries(${folder}_test PRIVATE
    arcella::${folder} ${test_links} arcella::warnings GTest::gtest GTest::gmock GTest::gtest_main)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # `if (x) EXPECT_EQ(a, b);` is fine: the macro guards against the ambiguity that GCC warns of.
    target_compile_options(${folder}_test PRIVATE -Wno-dangling-else)
  endif()
  # A test that hangs is a failure, not a wait: no unit test needs real time.
  gtest_discover_tests(${folder}_test DISCOVERY_MODE PRE_TEST WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
