#include "config/yaml/utf8.h"

namespace recloser::config {

std::size_t utf8_size(std::string_view text) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned first = at(0);
  std::size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first > 0xf4 || size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if (size < 3) return size;
  bool overlong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xf0 && at(1) < 0x90);
  bool surrogate = first == 0xed && at(1) > 0x9f;
  bool beyond = first == 0xf4 && at(1) > 0x8f;
  return overlong || surrogate || beyond ? 0 : size;
}

bool is_printable(std::string_view text) {
  while (!text.empty()) {
    std::size_t size = utf8_size(text);
    auto first = static_cast<unsigned char>(text.front());
    bool control = first < 0x20 || first == 0x7f ||
                   (size == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
    if (size == 0 || control) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace recloser::config
