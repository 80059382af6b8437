#include "text/unicode_class.h"

#include "core/check.h"
#include "text/unicode_runs.h"

namespace recloser::text {

const UnicodeClasses& UnicodeClasses::get() {
  static const UnicodeClasses classes;
  return classes;
}

// Nearly all pages lie within one run: those of a class share a page.
UnicodeClasses::UnicodeClasses() {
  constexpr std::uint8_t not_made = 0xFF;
  std::array<std::uint8_t, 64> page_of_class;
  page_of_class.fill(not_made);
  std::size_t pages = 0;
  auto new_page = [&pages] {
    CHECK(pages < pages_max, "more kinds of pages than there is room for");
    return static_cast<std::uint8_t>(pages++);
  };
  std::size_t run = 0;
  auto run_end = [&run] {
    return run + 1 < unicode_runs.size() ? unicode_runs[run + 1] >> 8 : code_points;
  };
  for (std::size_t page = 0; page < page_of_.size(); ++page) {
    std::size_t begin = page * 256;
    if (run_end() <= begin) ++run;
    if (run_end() >= begin + 256) {
      auto classes = static_cast<std::uint8_t>(unicode_runs[run]);
      std::uint8_t& shared = page_of_class[classes];
      if (shared == not_made) {
        shared = new_page();
        pages_[shared].fill(classes);
      }
      page_of_[page] = shared;
      continue;
    }
    page_of_[page] = new_page();
    for (std::size_t i = 0; i < 256; ++i) {
      if (run_end() <= begin + i) ++run;
      pages_[page_of_[page]][i] = static_cast<std::uint8_t>(unicode_runs[run]);
    }
  }
}

}  // namespace recloser::text
