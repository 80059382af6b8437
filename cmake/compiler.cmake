# The compiler, its flags and the sanitizers. Recloser is C++23: clang 19 with libstdc++ 12.

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR
    "Recloser is built with clang 19 or newer; this is ${CMAKE_CXX_COMPILER_ID} "
    "${CMAKE_CXX_COMPILER_VERSION} (${CMAKE_CXX_COMPILER}).\n"
    "g++ 12 is refused because it miscompiles ordinary coroutines: 14 of 40 everyday forms free "
    "memory twice (docs/decisions/2026-11-21-compiler.md).\n"
    "Install it with `apt-get install clang-19 lld-19` and configure with `cmake --preset dev`.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -gdwarf-4")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -gdwarf-4")

# What users run keeps no frame pointers, for 2 % fewer instructions; traces of the rest need them.
set(RECLOSER_SANITIZE "" CACHE STRING "address (with UBSan) or thread")
set(for_users OFF)
set(frame_pointers -fno-omit-frame-pointer)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND RECLOSER_SANITIZE STREQUAL "")
  set(for_users ON)
  set(frame_pointers -fomit-frame-pointer)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
                    -Wthread-safety -Wno-missing-designated-field-initializers -Werror
                    ${frame_pointers})
add_link_options(-fuse-ld=lld-19)
include_directories(${CMAKE_SOURCE_DIR}/src)

option(RECLOSER_FUZZ "Build the libFuzzer targets alone (the asan preset builds them too)" OFF)
if(RECLOSER_FUZZ AND NOT RECLOSER_SANITIZE STREQUAL "address")
  message(FATAL_ERROR "The fuzzers need the sanitizers: `cmake --preset fuzz`, or --preset asan.")
endif()

# The address build carries the fuzzers' counters as well: 15 % more time to compile than without,
# and one tree instead of two (docs/decisions/2026-11-21-build-time.md).
if(RECLOSER_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                      -fsanitize=fuzzer-no-link -O1)
  add_link_options(-fsanitize=address,undefined)
elseif(RECLOSER_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -O1)
  add_link_options(-fsanitize=thread)
endif()

# What users run is optimised over the whole program at link time: 8 % fewer instructions per call
# (docs/decisions/2026-11-21-instructions-per-request.md). The cache makes a second link cheap.
if(for_users)
  add_compile_options(-flto=thin)
  add_link_options(-flto=thin -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/thinlto
                   -Wl,--thinlto-cache-policy=cache_size_bytes=512m)
endif()
