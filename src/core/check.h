// CHECK stops the process when the program itself is wrong, in release too; input never reaches it.
#pragma once

#include <string_view>

namespace recloser {

// Prints the place, the condition and the reason to stderr, then aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view why) noexcept;

}  // namespace recloser

#define CHECK(condition, ...)                                                                  \
  do {                                                                                         \
    if (!(condition)) [[unlikely]] {                                                           \
      ::recloser::check_failed(__FILE__, __LINE__, #condition, std::string_view{__VA_ARGS__}); \
    }                                                                                          \
  } while (false)
