// Hostile second streams: the first byte chooses the operation and how it was asked for, the second
// seeds the first stream, the third says where that one broke off.
#include "codec/continuation/splice.h"
#include "codec/testing/delivery.h"
#include "codec/testing/told_answer.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace recloser::codec;

void expect(bool holds, const char* what, const std::string& out) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", what, out.c_str());
  std::abort();
}

struct Told {
  std::string out;
  Seam::State state = Seam::State::undecided;
  std::uint32_t malformed = 0;

  bool operator==(const Told&) const = default;
};

Told tell(const Delivered& delivered, Ask ask, std::string_view stream, std::size_t piece_bytes) {
  Splice splice(delivered, ask, recloser::codec::Usage{.input_tokens = 3, .output_tokens = 5});
  Told told;
  for (std::size_t at = 0; at < stream.size(); at += piece_bytes) {
    splice.feed(stream.substr(at, piece_bytes), told.out);
    bool fits = splice.state() == Seam::State::fits;
    expect(fits || told.out.empty(), "told before it fits", told.out);
  }
  splice.finish(told.out);
  told.state = splice.state();
  told.malformed = splice.facts().malformed;
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  constexpr Operation operations[] = {Operation::chat, Operation::completions, Operation::responses,
                                      Operation::messages};
  constexpr Ask asks[] = {Ask::prefill, Ask::instruction, Ask::again};
  Operation operation = operations[data[0] % 4];
  Ask ask = asks[data[0] / 4 % 3];
  recloser::Random random(data[1]);
  testing::ToldAnswer answer{.id = "a1", .model = "m1", .text = "The quick brown fox jumps over."};
  if ((data[1] & 1) != 0) answer.thinking = "A fox.";
  std::string first;
  for (const std::string& event : testing::tell(operation, answer, random)) first += event;
  testing::Delivery told = testing::deliver(operation, first, data[2] % 32);

  std::string_view stream(reinterpret_cast<const char*>(data) + 3, size - 3);
  Told whole = tell(told.delivered, ask, stream, stream.size());
  expect(whole == tell(told.delivered, ask, stream, 1), "another stream in pieces", whole.out);
  StreamReader reader(operation);
  std::string all = told.out + whole.out;
  std::string_view bytes = all;
  while (reader.next(bytes)) {
  }
  while (reader.finish()) {  // the last event's blank line may be a lone CR
  }
  expect(!reader.facts().incomplete_tail, "half an event", whole.out);
  expect(reader.facts().malformed <= whole.malformed, "malformed", whole.out);
  return 0;
}
