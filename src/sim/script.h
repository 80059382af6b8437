// What a simulated model was told to do by its name: `sim-t400-d5`, `sim-reset40`, `sim-429`.
#pragma once

#include "core/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::sim {

// Bounds of the figures in a name.
inline constexpr std::uint64_t script_pieces_max = 10'000'000;
inline constexpr std::uint64_t script_gap_ms_max = 600'000;
inline constexpr std::uint32_t script_billing_percent_max = 10'000;
inline constexpr std::uint32_t script_seconds_max = 86'400;
inline constexpr std::size_t model_name_bytes_max = 256;

inline constexpr std::uint64_t endless = UINT64_MAX;

enum class Tier : unsigned char { fast, smart, long_ };

// How a call goes wrong once it is under way. Counted faults come after `Script::fault_after`
// pieces of a stream; in a whole answer they come in the middle of the body.
enum class FaultKind : unsigned char {
  none,
  hang,   // never answers, not even with a head
  stall,  // answers, then says nothing more
  reset,  // answers, then breaks the connection (RST)
  trunc,  // ends the body as HTTP asks, without the end that the dialect asks for
  error,  // tells an error of the dialect in the body, and ends it as HTTP asks
};

// What the text is like.
enum class Flavour : unsigned char {
  plain,     // words in English order
  greeting,  // the same behind one sentence that says who answers
  loop,      // plain at first, then one phrase over and over
  personal,  // plain, with personal data in it
};

struct Script {
  Tier tier = Tier::fast;
  Flavour flavour = Flavour::plain;
  std::optional<std::uint64_t> pieces;  // of each choice; `endless` for inf
  std::optional<Duration> gap;          // between two pieces
  std::uint16_t status = 0;             // answered with this error at once; 0: not. Of a fault that
                                        // tells an error: which
  std::optional<std::uint32_t> flaky_percent;  // of the calls go wrong; none: all, as the name says
  Duration loads_for{};                        // from its first call on, the model is being loaded
  std::optional<std::uint32_t> retry_after_s;  // what an error at once says in `Retry-After`
  FaultKind fault = FaultKind::none;
  std::uint64_t fault_after = 0;
  bool tool = false;                    // calls a tool
  bool slow = false;                    // long before the first byte, and between pieces
  std::uint32_t billing_percent = 100;  // x146: 1.46 tokens are billed for each piece

  // What becomes of the `nth` call under this name, from 0, and so long `since` the first of them:
  // the script without what does not happen to it. `seed` and `nth` decide which calls go wrong.
  Script of_call(std::uint64_t nth, Duration since, std::uint64_t seed) const;

  bool is_refused() const { return status != 0 && fault != FaultKind::error; }
  bool is_loading() const {
    return loads_for != Duration(0);
  }  // of a call: while it has not passed
  // The error that is told where the fault is one.
  std::uint16_t status_in_band() const;

  Duration first_byte_delay() const;
  Duration piece_gap() const;

  // The pieces of one choice, for a request with this hash; more than `fault_after`, unless the
  // name says how many.
  std::uint64_t length(std::uint64_t request_hash) const;

  // What is billed for `count` pieces: the exact product, rounded up.
  std::uint64_t billed(std::uint64_t count) const;
  // The most pieces whose bill is within `tokens`.
  std::uint64_t pieces_within(std::uint64_t tokens) const;

 private:
  std::uint64_t usual_length(std::uint64_t spread) const;
};

// Why a name is not a simulated model; `directive` is the part of it that was not understood.
struct UnknownDirective {
  std::string directive;
  std::string message;  // a sentence that names it
};

struct ParsedScript {
  Script script;
  std::optional<UnknownDirective> unknown;
};

// Names are `sim(-directive)*`, the directives in any order, each kind once.
ParsedScript parse_script(std::string_view model);

}  // namespace recloser::sim
