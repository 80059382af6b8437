# Libraries, all from Debian 12 packages; `./run` installs them. Licences: docs/dependencies.md.
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)            # MIT
find_package(OpenSSL 3 REQUIRED)        # Apache-2.0
find_package(SQLite3 REQUIRED)          # public domain
find_package(yaml-cpp 0.7 REQUIRED)     # MIT
find_package(Boost 1.81 REQUIRED COMPONENTS json)  # BSL-1.0
find_package(date 3 REQUIRED)           # MIT; time zones
find_package(GTest REQUIRED)            # BSD-3-Clause
find_package(PkgConfig REQUIRED)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)  # MIT
find_package(ZLIB 1.2.13 REQUIRED)      # Zlib
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlidec)  # MIT
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)         # BSD-3-Clause (or GPL-2.0)
pkg_check_modules(brotli_encoder REQUIRED IMPORTED_TARGET libbrotlienc)  # MIT; for tests
if(NOT TARGET SQLite::SQLite3)
  add_library(SQLite::SQLite3 ALIAS SQLite3::SQLite3)
endif()
