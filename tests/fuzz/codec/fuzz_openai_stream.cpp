// Streams of the OpenAI family: the first byte chooses the operation, the second a split.
#include "stream_property.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using recloser::codec::Operation;
  if (size < 2) return 0;
  constexpr Operation operations[] = {Operation::chat, Operation::completions,
                                      Operation::responses};
  std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  recloser::codec::check_stream(operations[data[0] % 3], data[1], stream);
  return 0;
}
