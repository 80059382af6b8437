// Hostile streams that are assembled: the first byte chooses the operation, the second how much may
// be kept, the third where we end them ourselves.
#include "codec/json_walk.h"
#include "codec/testing/assembly.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace recloser::codec;

void expect(bool holds, const char* what, const std::string& answer) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", what, answer.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  constexpr Operation operations[] = {Operation::chat, Operation::completions, Operation::responses,
                                      Operation::messages};
  Operation operation = operations[data[0] % 4];
  std::size_t bytes_max = (data[1] + 1u) * 4096u;
  std::string_view stream(reinterpret_cast<const char*>(data) + 3, size - 3);

  std::string whole = testing::assemble(operation, stream);
  expect(whole == testing::assemble_bytes(operation, stream), "another answer in pieces", whole);
  bool no_answer = whole.empty() || whole == "too large";
  // What it is put together of may be deep already: the answer lies a few levels deeper.
  if (!no_answer && !stream.contains("[[[[")) {
    expect(is_json_object(whole), "no JSON", whole);
  }

  Assembled assembled(operation, bytes_max);
  std::string_view front = stream.substr(0, stream.size() * data[2] / 255);
  bool fits = testing::feed_piece(assembled, front);
  if (!fits) return 0;
  expect(assembled.memory_bytes() <= 4 * bytes_max + 4 * stream.size(), "too much kept", whole);
  assembled.ends_by_us();
  if (!testing::feed_piece(assembled, stream.substr(front.size())) || !assembled.finish()) return 0;
  std::string ours;
  assembled.write(ours);
  if (!ours.empty() && !stream.contains("[[[[")) expect(is_json_object(ours), "no JSON", ours);
  return 0;
}
