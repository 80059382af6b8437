#include "sim/script.h"

#include "core/ascii.h"
#include "core/names.h"
#include "sim/pieces.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

// One kind may stand once in a name; the kinds that exclude each other share a bit.
enum KindBit : unsigned {
  bit_tier = 1,
  bit_length = 2,
  bit_gap = 4,
  bit_status = 8,
  bit_fault = 16,
  bit_flavour = 32,
  bit_tool = 64,
  bit_slow = 128,
  bit_billing = 256,
  bit_retry = 512,
  bit_flaky = 1024,
  bit_load = 2048,
};

constexpr unsigned not_understood = 0;

// The whole number at the end of `text` behind `prefix`, when the rest is exactly that.
std::optional<std::uint64_t> figure(std::string_view text, std::string_view prefix,
                                    std::uint64_t most) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text.empty() || text.size() > 9 || !ascii::is_digit(text.front())) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || number > most) return std::nullopt;
  return number;
}

unsigned apply_word(std::string_view directive, Script& script) {
  struct Word {
    std::string_view text;
    KindBit kind;
    void (*apply)(Script&);
  };
  static constexpr Word words[] = {
      {"fast", bit_tier, [](Script& s) { s.tier = Tier::fast; }},
      {"smart", bit_tier, [](Script& s) { s.tier = Tier::smart; }},
      {"long", bit_tier, [](Script& s) { s.tier = Tier::long_; }},
      {"inf", bit_length, [](Script& s) { s.pieces = endless; }},
      {"hang", bit_fault, [](Script& s) { s.fault = FaultKind::hang; }},
      {"loop", bit_flavour, [](Script& s) { s.flavour = Flavour::loop; }},
      {"pii", bit_flavour, [](Script& s) { s.flavour = Flavour::personal; }},
      {"tool", bit_tool, [](Script& s) { s.tool = true; }},
      {"slow", bit_slow, [](Script& s) { s.slow = true; }},
  };
  for (const Word& word : words) {
    if (word.text != directive) continue;
    word.apply(script);
    return word.kind;
  }
  return not_understood;
}

unsigned apply_fault(std::string_view directive, Script& script) {
  struct Fault {
    std::string_view prefix;
    FaultKind kind;
  };
  static constexpr Fault faults[] = {{"stall", FaultKind::stall},
                                     {"reset", FaultKind::reset},
                                     {"trunc", FaultKind::trunc},
                                     {"err", FaultKind::error}};
  for (const Fault& fault : faults) {
    auto after = figure(directive, fault.prefix, script_pieces_max);
    if (!after) continue;
    script.fault = fault.kind;
    script.fault_after = *after;
    return bit_fault;
  }
  return not_understood;
}

unsigned apply_figure(std::string_view directive, Script& script) {
  if (auto pieces = figure(directive, "t", script_pieces_max)) {
    script.pieces = pieces;
    return bit_length;
  }
  if (auto ms = figure(directive, "d", script_gap_ms_max)) {
    script.gap = std::chrono::milliseconds(*ms);
    return bit_gap;
  }
  if (auto percent = figure(directive, "x", script_billing_percent_max)) {
    script.billing_percent = static_cast<std::uint32_t>(*percent);
    return bit_billing;
  }
  if (auto percent = figure(directive, "flaky", 100)) {
    script.flaky_percent = static_cast<std::uint32_t>(*percent);
    return bit_flaky;
  }
  if (auto seconds = figure(directive, "load", script_seconds_max)) {
    script.loads_for = std::chrono::seconds(*seconds);
    return bit_load;
  }
  if (auto seconds = figure(directive, "ra", script_seconds_max)) {
    script.retry_after_s = static_cast<std::uint32_t>(*seconds);
    return bit_retry;
  }
  auto status = figure(directive, "", 599);
  if (status && directive.size() == 3 && *status >= 400) {
    script.status = static_cast<std::uint16_t>(*status);
    return bit_status;
  }
  return not_understood;
}

UnknownDirective unknown(std::string_view directive, std::string_view why) {
  std::string name = shown(directive);
  return {name, fmt::format("'{}' {}", name, why)};
}

constexpr std::string_view directive_help =
    "directives are tN, dN, inf, fast, smart, long, hang, stallN, resetN, truncN, errN, flakyN, "
    "loadN, raN, loop, tool, pii, slow, xN and a status of 400 to 599, joined by '-'";

// The directive that was probably meant, with the figure that stands there; "" when none is near.
std::string nearest_directive(std::string_view directive) {
  constexpr std::size_t word_bytes_max = 16;
  constexpr std::array<std::string_view, 9> words{"fast", "smart", "long", "inf", "hang",
                                                  "loop", "pii",   "tool", "slow"};
  constexpr std::array<std::string_view, 5> counted{"stall", "reset", "trunc", "flaky", "load"};
  std::size_t letters = directive.find_last_not_of("0123456789") + 1;
  std::string_view word = directive.substr(0, letters);
  std::string_view digits = directive.substr(letters);
  if (word.empty() || directive.size() > word_bytes_max) return {};
  if (digits.empty()) return ascii::nearest(word, words);
  std::string meant = ascii::nearest(word, counted);
  return meant.empty() ? meant : meant.append(digits);
}

ParsedScript parse(std::string_view model, bool suggest);

// The name with the directive that was probably meant in place of the one at `at`; "" when that
// makes no name either.
std::string meant(std::string_view model, std::size_t at, std::string_view directive) {
  if (model.size() > model_name_bytes_max) return {};
  std::string nearest = nearest_directive(directive);
  if (nearest.empty()) return {};
  std::string_view behind = model.substr(at + directive.size());
  std::string name = fmt::format("{}{}{}", model.substr(0, at), nearest, behind);
  return parse(name, false).unknown ? std::string() : name;
}

ParsedScript parse(std::string_view model, bool suggest) {
  ParsedScript parsed;
  Script& script = parsed.script;
  if (model != "sim" && !model.starts_with("sim-")) {
    parsed.unknown = unknown(model, "is not a simulated model; their names begin with 'sim'");
    return parsed;
  }
  unsigned seen = 0;
  std::string_view fault;
  std::string_view retry;
  std::string_view rest = model.substr(3);
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the '-'
    std::string_view directive = rest.substr(0, rest.find('-'));
    rest.remove_prefix(directive.size());
    unsigned kind = apply_word(directive, script);
    if (kind == not_understood) kind = apply_fault(directive, script);
    if (kind == not_understood) kind = apply_figure(directive, script);
    if (kind == not_understood) {
      std::size_t at = model.size() - rest.size() - directive.size();
      std::string name = suggest ? meant(model, at, directive) : std::string();
      if (!name.empty()) name = fmt::format(" (did you mean {}?)", shown(name));
      parsed.unknown = unknown(
          directive,
          fmt::format("is not a directive of a simulated model{}; {}", name, directive_help));
      return parsed;
    }
    if ((seen & kind) != 0) {
      parsed.unknown = unknown(directive, "contradicts or repeats a directive before it");
      return parsed;
    }
    seen |= kind;
    if (kind == bit_fault) fault = directive;
    if (kind == bit_retry) retry = directive;
  }
  if (script.pieces && script.fault_after > *script.pieces) {
    parsed.unknown = unknown(fault, "lies beyond the end of the answer that the name asks for");
    return parsed;
  }
  bool flaky = script.flaky_percent && script.fault == FaultKind::none;
  if (script.retry_after_s && !script.is_refused() && !flaky && !script.is_loading()) {
    parsed.unknown = unknown(retry, "says when to come back, and no call is refused with a status");
    return parsed;
  }
  // A bare tier is what a person tries first.
  if ((seen & (bit_length | bit_flavour | bit_tool)) == 0) script.flavour = Flavour::greeting;
  return parsed;
}

}  // namespace

ParsedScript parse_script(std::string_view model) { return parse(model, true); }

Script Script::of_call(std::uint64_t nth, Duration since, std::uint64_t seed) const {
  constexpr std::uint16_t unavailable = 503;
  Script one = *this;
  if (since < loads_for) {
    one.status = unavailable;
    one.fault = FaultKind::none;
    return one;
  }
  one.loads_for = Duration(0);
  if (!flaky_percent) return one;
  bool wrong = SeedHash(seed).add(nth).value() % 100 < *flaky_percent;
  if (!wrong) one.fault = FaultKind::none;
  if (!wrong) one.status = 0;
  if (wrong && fault == FaultKind::none && status == 0) one.status = unavailable;
  return one;
}

std::uint16_t Script::status_in_band() const {
  constexpr std::uint16_t overloaded = 529;
  return status != 0 ? status : overloaded;
}

Duration Script::first_byte_delay() const { return slow ? Duration(2s) : Duration(0); }

Duration Script::piece_gap() const {
  if (gap) return *gap;
  if (slow) return 200ms;
  // Nothing may turn a processor into heat for ever because nobody said how fast.
  if (pieces == endless) return 5ms;
  if (flavour != Flavour::greeting) return Duration(0);
  switch (tier) {
    case Tier::fast:
      return 4ms;
    case Tier::smart:
      return 12ms;
    case Tier::long_:
      return 8ms;
  }
  return Duration(0);
}

std::uint64_t Script::length(std::uint64_t request_hash) const {
  if (pieces) return *pieces;
  std::uint64_t usual = usual_length(request_hash >> 32);
  // A fault comes, whatever was asked: what it breaks off would have gone on.
  return fault_after < usual ? usual : fault_after + usual;
}

std::uint64_t Script::usual_length(std::uint64_t spread) const {
  if (flavour == Flavour::loop) return 6'000;
  if (flavour == Flavour::personal) return 160;
  switch (tier) {
    case Tier::fast:
      return 24 + spread % 17;
    case Tier::smart:
      return 80 + spread % 61;
    case Tier::long_:
      return 600 + spread % 401;
  }
  return 0;
}

std::uint64_t Script::billed(std::uint64_t count) const {
  unsigned __int128 product = static_cast<unsigned __int128>(count) * billing_percent;
  return static_cast<std::uint64_t>((product + 99) / 100);
}

std::uint64_t Script::pieces_within(std::uint64_t tokens) const {
  if (billing_percent == 0) return endless;
  unsigned __int128 most = static_cast<unsigned __int128>(tokens) * 100 / billing_percent;
  return most > endless ? endless : static_cast<std::uint64_t>(most);
}

}  // namespace recloser::sim
