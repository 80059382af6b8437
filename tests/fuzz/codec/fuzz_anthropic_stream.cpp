// Streams of Anthropic messages: the first byte is a split.
#include "stream_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  recloser::codec::check_stream(recloser::codec::Operation::messages, data[0], stream);
  return 0;
}
