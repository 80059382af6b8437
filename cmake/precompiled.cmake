# The headers of the standard library, fmt and GoogleTest that nearly every file includes, compiled
# once per build folder. They halve a clean build (docs/decisions/2026-11-21-build-time.md).

set(precompiled <algorithm> <array> <atomic> <chrono> <compare> <cstddef> <cstdint> <cstring>
                <expected> <map> <memory> <mutex> <optional> <span> <string> <string_view> <utility>
                <vector> <fmt/format.h>)

# ccache takes files with a precompiled header only when told that its time and the macros behind
# it do not matter, and clang must not write the time into it.
if(CMAKE_CXX_COMPILER_LAUNCHER STREQUAL "ccache")
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ccache)
endif()
add_compile_options("SHELL:-Xclang -fno-pch-timestamp")

file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cpp CONTENT "// Carries the headers.\n")
function(recloser_precompiled name)
  cmake_parse_arguments(PRECOMPILED "" "" "HEADERS;LINKS" ${ARGN})
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(${name} PRIVATE ${PRECOMPILED_LINKS})
  target_precompile_headers(${name} PRIVATE ${PRECOMPILED_HEADERS})
endfunction()

recloser_precompiled(precompiled_code HEADERS ${precompiled} LINKS fmt::fmt)
recloser_precompiled(precompiled_tests HEADERS ${precompiled} <gmock/gmock.h> <gtest/gtest.h>
                     LINKS fmt::fmt GTest::gmock_main)
if(RECLOSER_SANITIZE)
  recloser_precompiled(precompiled_tests_quickly HEADERS ${precompiled} <gmock/gmock.h>
                       <gtest/gtest.h> LINKS fmt::fmt GTest::gmock_main)
  target_compile_options(precompiled_tests_quickly PRIVATE -O0)
endif()
