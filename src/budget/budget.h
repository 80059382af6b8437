// Budget: a limit as its document says it, and what one call would take of it.
#pragma once

#include "budget/unit.h"
#include "budget/window.h"
#include "core/time.h"

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::budget {

// How a call's worst case is held before it runs (ARCHITECTURE 4).
enum class Reserve : std::uint8_t {
  clamp,        // all of it; the answer's limit is lowered until it fits
  upper_bound,  // all of it, or the call is refused
  elastic,      // the input and a slice of the answer; further slices ahead of the tokens
  none,         // nothing: it only counts
};
std::string_view name_of(Reserve reserve);

// By what an account is kept apart from others of the same budget.
enum class KeyPart : std::uint8_t {
  org,
  team,
  user,
  agent,
  key,
  session,
  trace,
  model,
  provider,
  target,
  call,  // each for itself; no document can ask for it
  label,
};
std::string_view name_of(KeyPart part);

// The finish reason of an answer that is cut (SEMANTICS 3).
enum class Finish : std::uint8_t { by_client, length, content_filter, stop };

// How a stream ends when nothing is left.
struct Cut {
  bool at_sentence = false;        // else where it is
  std::uint32_t grace_tokens = 0;  // to the end of the sentence; reserved ahead, within the limit
  Finish finish = Finish::by_client;
  std::optional<std::string> note;  // in place of the usual one; "": none

  friend bool operator==(const Cut&, const Cut&) = default;
};

struct Budget {
  struct Part {
    KeyPart what = KeyPart::org;
    std::string label;  // its name, where it is one
    friend bool operator==(const Part&, const Part&) = default;
  };
  // It applies to calls alone of which this part has this value.
  struct Filter {
    KeyPart what = KeyPart::key;
    std::string value;
    friend auto operator<=>(const Filter&, const Filter&) = default;
  };

  // Many filters in order, shared by the budgets that have the same.
  class FilterSet {
   public:
    FilterSet() = default;
    explicit FilterSet(std::vector<Filter> filters);  // in any order
    bool empty() const { return filters_ == nullptr; }
    bool contains(KeyPart what, std::string_view value) const;
    friend bool operator==(const FilterSet& a, const FilterSet& b) {
      if (a.filters_ == b.filters_) return true;
      return !a.empty() && !b.empty() && *a.filters_ == *b.filters_;
    }

   private:
    std::shared_ptr<const std::vector<Filter>> filters_;
  };

  std::string name;
  Unit unit = Unit::usd;
  Amount limit = 0;
  std::vector<Part> key;
  std::vector<Filter> only;  // all of them; none: it applies to every call
  FilterSet except;          // teams and users; to calls of one of them it does not apply
  Window window;
  Reserve reserve = Reserve::clamp;
  std::uint32_t slice_tokens = 0;          // elastic; 0: by the stream's rate
  std::uint32_t clamp_floor_tokens = 256;  // clamp does not go below; it refuses then
  bool deny_unpriced = true;
  std::vector<std::uint32_t> thresholds_per_million;  // ascending; at most thresholds_max
  std::uint32_t degrade_at_per_million = 0;           // 0: never
  Cut cut;
  std::string owner;
  std::string contact;

  // What is counted over, as a store tells budgets of one name apart: "calendar org,team".
  std::string kind() const;
  // Limits of the moment (rates, calls at once) leave nothing behind that a store would keep.
  bool leaves_a_balance() const { return window.type != WindowType::rate && unit != Unit::calls; }

  static constexpr std::size_t thresholds_max = 16;

  friend bool operator==(const Budget&, const Budget&) = default;

  // Whether what has been charged under `other` goes on under this one.
  bool continues(const Budget& other) const {
    return name == other.name && unit == other.unit && key == other.key &&
           window.type == other.window.type;
  }
};

// What a call takes of a budget: an amount in any case (its input, its fees, its hidden reasoning),
// and so much for each million tokens that it is allowed to write.
struct Demand {
  Amount base = 0;
  Amount per_million_output = 0;

  // With an answer of so many tokens, rounded up: what is reserved is never too little.
  Amount with(std::uint64_t output_tokens) const;

  // The most tokens that `amount` pays for; nothing when not even the base.
  std::optional<std::uint64_t> affordable(Amount amount) const;
  // The same or `enough`, whichever is less: mostly that is told without a division.
  std::optional<std::uint64_t> affordable(Amount amount, std::uint64_t enough) const;
};

}  // namespace recloser::budget
