// Hostile streams that are cut: the first byte chooses the operation, the second how, the third
// the place.
#include "codec/testing/cut_property.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace recloser::codec;
  if (size < 3) return 0;
  constexpr Operation operations[] = {Operation::chat, Operation::completions, Operation::responses,
                                      Operation::messages};
  CutOrder order{.note = "[Recloser: stopped]", .call = "01JD", .rule = "budget/x"};
  order.structured = (data[1] & 1) != 0;
  if ((data[1] & 2) != 0) order.client = ClientFamily::codex;
  if ((data[1] & 4) != 0) order.client = ClientFamily::claude_code;
  order.finish = static_cast<CutFinish>(data[1] >> 3 & 3);
  Usage usage{.input_tokens = 3, .output_tokens = 5, .cached_input_tokens = 9};
  if ((data[1] & 32) != 0) order.usage = &usage;
  testing::Passing passing = (data[1] & 64) != 0    ? testing::Passing::releases
                             : (data[1] & 128) != 0 ? testing::Passing::unseen
                                                    : testing::Passing::holds;
  std::string_view stream(reinterpret_cast<const char*>(data) + 3, size - 3);
  std::string fault =
      testing::fault_of_cut(operations[data[0] % 4], stream, data[2], order, passing);
  if (!fault.empty()) {
    std::fprintf(stderr, "%s\n", fault.c_str());
    std::abort();
  }
  return 0;
}
