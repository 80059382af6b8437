#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace recloser {

void check_failed(const char* file, int line, const char* condition,
                  std::string_view why) noexcept {
  std::fprintf(stderr, "recloser: bug: CHECK(%s) failed at %s:%d%s%.*s\n", condition, file, line,
               why.empty() ? "" : ": ", static_cast<int>(why.size()), why.data());
  std::abort();
}

}  // namespace recloser
