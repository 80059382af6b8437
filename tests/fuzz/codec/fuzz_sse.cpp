// The same events from an event stream at every split, and no byte lost: offsets end at the end.
#include "codec/sse.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace recloser::codec;

std::string read(std::string_view stream, std::size_t cut, std::size_t step) {
  SseReader reader;
  std::string told;
  std::string data;
  std::string name;
  auto event = [&] {
    told += name + "|" + data + "@" + std::to_string(reader.offset()) + "/" +
            std::to_string(reader.data_lines()) + "\n";
    data.clear();
    name.clear();
  };
  std::size_t at = 0;
  while (at < stream.size()) {
    std::size_t size = std::min(at == 0 && cut != 0 ? cut : step, stream.size() - at);
    std::string copy(stream.substr(at, size));
    std::string_view piece = copy;
    at += size;
    for (SseToken token = reader.next(piece); token != SseToken::none; token = reader.next(piece)) {
      if (token == SseToken::data) data += reader.text();
      if (token == SseToken::name) {
        if (reader.text_begins()) name.clear();
        name += reader.text();
      }
      if (token == SseToken::comment) told += "#";
      if (token == SseToken::event_end) event();
    }
    if (reader.offset() != at) std::abort();
  }
  if (reader.finish() == SseToken::event_end) event();
  return told + (reader.inside_event() ? "unfinished" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string whole = read(stream, 0, stream.size());
  if (read(stream, data[0], stream.size()) != whole) std::abort();
  if (read(stream, 0, 1) != whole) std::abort();
  return 0;
}
