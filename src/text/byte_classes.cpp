#include "text/byte_classes.h"

#include "text/byte_weights.h"

#include <algorithm>
#include <optional>

namespace recloser::text {
namespace {

constexpr std::uint8_t from_hex(char digit) {
  return static_cast<std::uint8_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}
constexpr std::uint8_t byte_of(std::string_view hex, std::size_t at) {
  return static_cast<std::uint8_t>(from_hex(hex[2 * at]) << 4 | from_hex(hex[2 * at + 1]));
}

// Four sums are made at once, in fields of a word.
constexpr unsigned field_bits = 16;
constexpr std::size_t block_bytes = (1u << field_bits) / (UINT8_MAX + 1);
constexpr std::size_t pairs = byte_weights::classes * byte_weights::classes;

struct Tables {
  std::array<std::uint8_t, 256> class_of;
  std::array<std::uint64_t, pairs> of_pair;  // by class of the first << 6 | class of the second
};

constexpr Tables make_tables() {
  Tables tables{};
  for (std::size_t i = 0; i < 256; ++i) tables.class_of[i] = byte_of(byte_weights::class_of, i);
  for (std::size_t i = 0; i < pairs; ++i) {
    tables.of_pair[i] = std::uint64_t{byte_of(byte_weights::o200k_about, i)} |
                        std::uint64_t{byte_of(byte_weights::o200k_max, i)} << field_bits |
                        std::uint64_t{byte_of(byte_weights::cl100k_about, i)} << 2 * field_bits |
                        std::uint64_t{byte_of(byte_weights::cl100k_max, i)} << 3 * field_bits;
  }
  return tables;
}

constexpr Tables tables = make_tables();
static_assert(byte_weights::classes == 64 && byte_weights::class_of.size() == 2 * 256);

constexpr std::uint32_t replacement = 0xFFFD;

std::optional<std::uint32_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::uint32_t code_unit(const char* digits) {
  std::uint32_t unit = 0;
  for (int i = 0; i < 4; ++i) unit = unit << 4 | hex_digit(digits[i]).value_or(0);
  return unit;
}

// What a backslash and `c` mean; nothing when they mean nothing.
std::optional<char> short_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case '"':
    case '\\':
    case '/':
      return c;
    default:
      return std::nullopt;
  }
}

bool is_high(std::uint32_t unit) { return unit >> 10 == 0xD800 >> 10; }
bool is_low(std::uint32_t unit) { return unit >> 10 == 0xDC00 >> 10; }

std::uint64_t tokens_of(std::uint64_t units) {
  return (units + byte_weights::units_per_token - 1) / byte_weights::units_per_token;
}

}  // namespace

void ByteClasses::add(std::string_view piece) {
  if (piece.empty()) return;
  give_up_escape();
  count(piece);
}

void ByteClasses::end_text() {
  give_up_escape();
  begun_ = false;
}

void ByteClasses::count(std::string_view bytes) {
  if (!begun_) {
    begun_ = true;
    ++texts_;
    last_class_ = tables.class_of['\n'];
  }
  bytes_ += bytes.size();
  std::size_t last = last_class_;
  while (!bytes.empty()) {
    std::string_view block = bytes.substr(0, block_bytes);
    std::uint64_t fields = 0;
    for (char c : block) {
      std::size_t now = tables.class_of[static_cast<unsigned char>(c)];
      fields += tables.of_pair[last << 6 | now];
      last = now;
    }
    constexpr std::uint64_t field = (1u << field_bits) - 1;
    o200k_.about += fields & field;
    o200k_.max += fields >> field_bits & field;
    cl100k_.about += fields >> 2 * field_bits & field;
    cl100k_.max += fields >> 3 * field_bits;
    bytes.remove_prefix(block.size());
  }
  last_class_ = static_cast<std::uint8_t>(last);
}

void ByteClasses::count_code_point(std::uint32_t c) {
  std::array<char, 4> bytes;
  std::size_t size = 0;
  auto put = [&](std::uint32_t byte) { bytes[size++] = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
  }
  if (c >= 0x80) put(0x80 | (c & 0x3F));
  count({bytes.data(), size});
}

void ByteClasses::add_json(std::string_view piece) {
  while (!piece.empty()) {
    if (escape_bytes_ == 0) {
      std::size_t plain = std::min(piece.find('\\'), piece.size());
      if (plain > 0) count(piece.substr(0, plain));
      piece.remove_prefix(plain);
      if (piece.empty()) return;
    }
    take(piece.front());
    piece.remove_prefix(1);
  }
}

// The next character of an escape. Of a pair of surrogates the first one waits for the second.
void ByteClasses::take(char c) {
  std::size_t at = escape_bytes_;
  escape_[escape_bytes_++] = c;
  std::size_t within = at % 6;  // of \uXXXX
  if (within == 0 && c == '\\') return;
  if (within == 1 && c == 'u') return;
  if (within >= 2 && hex_digit(c)) {
    if (within == 5) take_code_unit(code_unit(&escape_[at - 3]));
    return;
  }
  if (at > 5) {  // no second surrogate came
    count_code_point(replacement);
    escape_bytes_ = 0;
    for (std::size_t i = 6; i < at; ++i) escape_[escape_bytes_++] = escape_[i];
    if (escape_bytes_ > 0) return take(c);
    return count({&c, 1});
  }
  std::optional<char> meant = within == 1 ? short_escape(c) : std::nullopt;
  if (!meant) return give_up_escape();
  escape_bytes_ = 0;
  count({&*meant, 1});
}

void ByteClasses::take_code_unit(std::uint32_t unit) {
  if (escape_bytes_ == surrogates_bytes) {
    std::uint32_t high = code_unit(&escape_[2]);
    escape_bytes_ = 0;
    if (is_low(unit)) return count_code_point(0x10000 + ((high & 0x3FF) << 10) + (unit & 0x3FF));
    count_code_point(replacement);
    if (is_high(unit)) {  // which may have its own second one
      std::copy_n(escape_.begin() + 6, 6, escape_.begin());
      escape_bytes_ = 6;
      return;
    }
  } else if (is_high(unit)) {
    return;
  }
  escape_bytes_ = 0;
  count_code_point(is_low(unit) ? replacement : unit);
}

// What began as an escape is none: its bytes count.
void ByteClasses::give_up_escape() {
  if (escape_bytes_ == 0) return;
  std::string_view bytes(escape_.data(), escape_bytes_);
  escape_bytes_ = 0;
  count(bytes);
}

const ByteClasses::Sums& ByteClasses::sums(const TokenFamily& family) const {
  return family.encoding == &Encoding::cl100k ? cl100k_ : o200k_;
}

std::uint64_t ByteClasses::tokens_about(const TokenFamily& family) const {
  std::uint64_t counted = tokens_of(sums(family).about) + escape_bytes_;
  return (counted * family.per_mille + 500) / 1000 + texts_ * family.more;
}

// Of tokenizers that are not public one of the two is near; which one, depends on the language.
std::uint64_t ByteClasses::tokens_max(const TokenFamily& family) const {
  std::uint64_t sum = family.exact ? sums(family).max : std::max(o200k_.max, cl100k_.max);
  std::uint64_t counted = tokens_of(sum) + texts_ * byte_weights::begin_tokens_max + escape_bytes_;
  std::uint64_t by_line = (counted * family.per_mille_max + 999) / 1000;
  return std::min(by_line, bytes()) + texts_ * family.more_max;
}

}  // namespace recloser::text
