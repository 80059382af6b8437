// The scanner accepts what Boost.JSON accepts, and gives the same verdict and tokens at every
// split.
#include "codec/json_scanner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <boost/json/src.hpp>

namespace {

using namespace recloser::codec;

constexpr JsonTable table{
    {"a", 1, want_any | want_end},     {"a.b", 2, want_any | want_end},
    {"a[]", 3, want_any | want_end},   {"a[].c", 4, want_any | want_end},
    {"model", 5, want_any | want_end}, {"usage.prompt_tokens", 6, want_any},
};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Told {
  bool accepted = false;
  std::string tokens;
};

Told read(std::string_view text, std::size_t cut, std::size_t step) {
  JsonScanner scanner(table);
  Told told;
  std::string joined;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t size = std::min(at == 0 && cut != 0 ? cut : step, text.size() - at);
    std::string copy(text.substr(at, size));
    std::string_view piece = copy;
    at += size;
    for (JsonToken token = scanner.next(piece); token != JsonToken::none;
         token = scanner.next(piece)) {
      if (token == JsonToken::error) {
        told.tokens += scanner.fault_sentence();
        return told;
      }
      if (token == JsonToken::text || token == JsonToken::text_part) joined += scanner.raw();
      if (token == JsonToken::text_part) continue;
      told.tokens += std::to_string(static_cast<int>(token)) + ":" + std::to_string(scanner.id()) +
                     "@" + std::to_string(scanner.value().begin) + "-" +
                     std::to_string(scanner.value().end) + joined;
      if (token == JsonToken::number) told.tokens += std::to_string(scanner.number());
      joined.clear();
    }
  }
  told.accepted = scanner.finish() == JsonToken::none;
  if (!told.accepted) told.tokens += scanner.fault_sentence();
  return told;
}

// What we accept and Boost.JSON does not: unpaired surrogates (on purpose), which it gives several
// codes, and exponents beyond its numbers.
bool refused_for_reasons_of_its_own(std::string_view text, boost::json::error error) {
  if (error == boost::json::error::exponent_overflow) return true;
  for (std::size_t at = 0; at + 3 < text.size(); ++at) {
    bool surrogate = text[at] == '\\' && text[at + 1] == 'u' && (text[at + 2] | 0x20) == 'd' &&
                     text[at + 3] >= '8';
    if (surrogate) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::size_t cut = data[0];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Told whole = read(text, 0, text.size());
  Told cut_once = read(text, cut, text.size());
  Told bytes = read(text, 0, 1);
  require(whole.accepted == cut_once.accepted && whole.tokens == cut_once.tokens);
  require(whole.accepted == bytes.accepted && whole.tokens == bytes.tokens);

  boost::json::parse_options options;
  options.max_depth = recloser::limits::json_depth_max;
  boost::system::error_code error;
  boost::json::parse(boost::json::string_view(text.data(), text.size()), error, {}, options);
  if (!error) {
    require(whole.accepted);
  } else if (whole.accepted) {
    require(refused_for_reasons_of_its_own(text, static_cast<boost::json::error>(error.value())));
  }
  return 0;
}
