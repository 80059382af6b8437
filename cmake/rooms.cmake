# A room is a folder of src/ and a static library; its tests (*_test.cpp beside the code) are one
# program.

# recloser_room(name [OPTIMISED_TESTS] LINKS rooms and libraries...)
# A folder that does not exist yet, or holds no code yet, makes an empty interface target. Code in a
# subfolder testing/ is for tests of this and other rooms: the library name_testing.
# In the sanitized builds its tests are not optimised, which halves what they take to compile, but
# where they compute more than they wait (docs/decisions/2026-11-21-build-time.md).
function(recloser_room name)
  cmake_parse_arguments(ROOM "OPTIMISED_TESTS" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE code CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  set(tests ${code})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER code EXCLUDE REGEX "_test\\.cpp$")
  set(testing ${code})
  list(FILTER testing INCLUDE REGEX "/testing/")
  list(FILTER code EXCLUDE REGEX "/testing/")
  if(code)
    add_library(${name} STATIC ${code})
    target_link_libraries(${name} PUBLIC ${ROOM_LINKS})
    target_precompile_headers(${name} REUSE_FROM precompiled_code)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ROOM_LINKS})
  endif()
  if(testing)
    add_library(${name}_testing STATIC ${testing})
    target_link_libraries(${name}_testing PUBLIC ${name} GTest::gtest)
  endif()
  if(tests)
    set(quick QUICK_TO_COMPILE)
    if(ROOM_OPTIMISED_TESTS)
      set(quick "")
    endif()
    recloser_test(${name}_test ${quick} SOURCES ${tests}
                  LINKS ${name} $<TARGET_NAME_IF_EXISTS:${name}_testing>)
  endif()
endfunction()

# recloser_test(name [QUICK_TO_COMPILE] SOURCES files LINKS targets): one GoogleTest program, run as
# one ctest entry.
function(recloser_test name)
  if(RECLOSER_FUZZ)
    return()
  endif()
  cmake_parse_arguments(TEST "QUICK_TO_COMPILE" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_LINKS} GTest::gmock_main)
  if(TEST_QUICK_TO_COMPILE AND RECLOSER_SANITIZE)
    target_compile_options(${name} PRIVATE -O0)
    target_precompile_headers(${name} REUSE_FROM precompiled_tests_quickly)
  else()
    target_precompile_headers(${name} REUSE_FROM precompiled_tests)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} TIMEOUT 600)
endfunction()

# recloser_fuzzer(name SOURCES files LINKS targets): a libFuzzer target, built by the presets `asan`
# and, without anything else, `fuzz`.
function(recloser_fuzzer name)
  cmake_parse_arguments(FUZZ "" "" "SOURCES;LINKS" ${ARGN})
  if(RECLOSER_SANITIZE STREQUAL "address")
    add_executable(${name} ${FUZZ_SOURCES})
    target_link_libraries(${name} PRIVATE ${FUZZ_LINKS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
