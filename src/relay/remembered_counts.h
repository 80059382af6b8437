// RememberedCounts: the tokens of messages that have been counted before, so that a history which
// is sent again costs only what is new in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace recloser::relay {

// One per worker. By the hash of a message's bytes, and not of all up to its end: agents move their
// cache marks with every turn, which changes two messages, and would change every prefix behind
// them. A table of sets; of a full set, what was asked for longest ago goes. Two messages of
// one hash would misstate an estimate, never a bill; nobody can aim at that (core/keyed_hash.h).
class RememberedCounts {
 public:
  // What one value of a prompt adds to the whole: its texts and media by the family's line, and
  // what has marks of the provider's around it.
  struct Count {
    std::uint32_t about = 0;
    std::uint32_t max = 0;
    std::uint32_t calls = 0;
    std::uint16_t messages = 0;
    std::uint16_t names = 0;

    friend bool operator==(const Count&, const Count&) = default;
  };

  static constexpr std::size_t ways = 4;
  static constexpr std::size_t sets = 16'384;        // 2 MiB, when there is so much to remember ..
  static constexpr std::size_t sets_at_first = 256;  // .. and nothing before the first message

  // By a hash that is not 0.
  std::optional<Count> find(std::uint64_t hash);
  void keep(std::uint64_t hash, const Count& count);

  // A call begins: what it asks for is younger than what those before it did.
  void next_call() { ++call_; }

 private:
  struct Place {
    std::uint64_t hash = 0;  // 0: free
    Count count;
    std::uint32_t asked = 0;  // by which call, of late; it may wrap, which costs a count
  };
  using Set = std::array<Place, ways>;
  Set& set(std::uint64_t hash) { return sets_[hash % sets_.size()]; }
  Place* place(std::uint64_t hash);
  void grow();

  std::vector<Set> sets_;
  std::size_t taken_ = 0;  // places that are not free
  std::uint32_t call_ = 0;
};

}  // namespace recloser::relay
