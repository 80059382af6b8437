// A month of calls as providers see them: their truth, with a pricing of its own, and their bills.
#pragma once

#include "codec/usage.h"
#include "core/ids.h"
#include "core/time.h"
#include "ledger/store.h"
#include "price/catalogue.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::books::test {

__extension__ using Wide = __int128;

inline constexpr Wide femto_per_nano = 1'000'000;  // a token's price: nano-dollars a million

// What a provider knows of a call.
struct TrueCall {
  WallTime at;
  CallId id;
  std::uint8_t model = 0;  // of models()
  codec::ServiceTier tier = codec::ServiceTier::standard;
  std::uint32_t input = 0;  // all of it
  std::uint32_t cached = 0;
  std::uint32_t written = 0;
  std::uint32_t written_1h = 0;
  std::uint32_t output = 0;
  std::uint32_t searches = 0;
};

struct Model {
  std::string_view provider;
  std::string_view served;  // as the answer names it
  bool caches = false;
  bool writes_cache = false;
  bool searches = false;
  bool has_tiers = false;
};
const std::vector<Model>& models();

// How a bill may misprice a call.
struct Fault {
  bool cached_as_input = false;
  std::optional<codec::ServiceTier> tier;
};

class Month {
 public:
  static constexpr int days = 30;
  static constexpr WallTime begin{1'792'540'800'000'000'000};  // 2026-10-21

  Month(std::size_t calls, std::uint64_t seed);

  const std::vector<TrueCall>& calls() const { return calls_; }
  // In 10^-15 dollars, before any rounding; nothing where the fault changes nothing (no such tier).
  std::optional<Wide> cost_of(const TrueCall& call, const Fault& fault = {}) const;
  // The same in nano-dollars: tokens rounded once, half to even, and each kind of fee by itself.
  std::int64_t nano_of(const TrueCall& call) const;
  Wide fees_of(const TrueCall& call) const;

  // All calls into a store, in batches, with what price::cost_of makes of them.
  void book(ledger::Store& store) const;
  const std::shared_ptr<const price::Catalogue>& catalogue() const { return catalogue_; }

 private:
  struct Terms {
    price::Place place;
    price::Priced priced;
  };

  TrueCall draw(Random& random, WallTime at, CallId id) const;
  std::optional<Wide> tokens_of(const TrueCall& call, const Fault& fault) const;

  std::shared_ptr<const price::Catalogue> catalogue_;
  std::vector<Terms> terms_;
  std::vector<TrueCall> calls_;
};

std::string request_id_of(const TrueCall& call);
// Femto-dollars as a decimal with fifteen places.
std::string text_of(Wide femto);

}  // namespace recloser::books::test
