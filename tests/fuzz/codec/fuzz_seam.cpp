// Seams of any two texts: the first byte chooses how the second was asked for, the next one says
// how long the first text is, in parts of the rest.
#include "codec/continuation/anchor.h"
#include "codec/continuation/seam.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace recloser::codec;

struct Told {
  Seam::State state = Seam::State::undecided;
  Repair repair = Repair::none;
  Misfit misfit = Misfit::none;
  std::string out;

  bool operator==(const Told&) const = default;
};

void expect(bool holds, const char* what, std::string_view delivered, std::string_view said) {
  if (holds) return;
  std::fprintf(stderr, "%s: <%s> <%s>\n", what, std::string(delivered).c_str(),
               std::string(said).c_str());
  std::abort();
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// In one piece, or character by character.
Told tell(std::string_view delivered, Ask ask, std::string_view said, bool whole) {
  Seam seam(std::string(delivered), ask);
  Told told;
  for (std::size_t at = 0; at < said.size();) {
    std::size_t end = whole ? said.size() : at + 1;
    while (end < said.size() && continues(said[end])) ++end;
    std::string_view piece = said.substr(at, end - at);
    at = end;
    if (seam.state() == Seam::State::fits) {
      told.out += piece;
      continue;
    }
    seam.feed(piece, told.out);
    bool fits = seam.state() == Seam::State::fits;
    expect(fits || told.out.empty(), "told before it fits", delivered, said);
  }
  if (seam.state() == Seam::State::undecided) seam.finish(told.out);
  told.state = seam.state();
  told.repair = seam.repair();
  told.misfit = seam.misfit();
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr Ask asks[] = {Ask::prefill, Ask::instruction, Ask::again};
  Ask ask = asks[data[0] % 3];
  std::string_view texts(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::size_t split = texts.size() * data[1] / 255;
  std::string_view delivered = texts.substr(0, split);
  std::string_view said = texts.substr(split);

  Told told = tell(delivered, ask, said, true);
  expect(told == tell(delivered, ask, said, false), "another seam in pieces", delivered, said);
  expect(told.state != Seam::State::undecided, "never decided", delivered, said);
  bool fits = told.state == Seam::State::fits;
  expect(fits == (told.misfit == Misfit::none), "fits and misfits", delivered, said);
  expect(said.ends_with(told.out), "other text than was said", delivered, said);
  std::string_view anchor = anchor_of(delivered);
  bool anchored = fits && ask == Ask::instruction && !anchor.empty();
  expect(!anchored || said.contains(anchor), "without the last words", delivered, said);
  return 0;
}
