// Accounts: how a worker turns what a call used into money on its row.
#pragma once

#include "codec/usage.h"
#include "core/time.h"
#include "ledger/call_record.h"
#include "price/catalogue.h"
#include "price/cost.h"
#include "relay/meter.h"
#include "relay/providers.h"
#include "route/health.h"
#include "text/prompt_overhead.h"
#include "text/token_family.h"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recloser::relay {

// What is known of a model before it is called.
struct Model {
  std::string name;  // as its provider calls it
  price::Priced priced;
  const text::TokenFamily* family = nullptr;
  text::PromptOverhead overhead;
  route::TargetHealth* health = nullptr;
};
using ModelRef = std::shared_ptr<const Model>;

// One per worker.
class Accounts {
 public:
  // Names come from clients: beyond so many of one provider, all are forgotten and looked up again.
  static constexpr std::size_t models_remembered_max = 1024;

  Accounts(std::shared_ptr<const price::Catalogue> catalogue, const Providers& providers,
           route::Health& health);

  // Never null.
  ModelRef model(const Provider& provider, std::string_view name, text::PromptForm form);

  // Near names, for a model that has no price; "" when nothing is near.
  std::string near(const Provider& provider, std::string_view name) const;

  // Writes into the row what a call may cost that is about to be made.
  struct Expected {
    text::TokenRange input;                  // max UINT64_MAX: nobody knows
    std::optional<price::UpperPrice> upper;  // of so much input
    std::uint64_t output_asked = 0;          // the client's own limit; 0: none
    std::optional<std::uint64_t> output_usual;
  };
  void book_estimate(ledger::CallRecord& row, const Model& model, const Expected& expected);

  // Writes into the row what its usage costs: by the provider's own bill, else by the prices of the
  // moment it was made; on top of `earlier`, of attempts that may be billed too. Whoever asked for
  // `asked` may have been served by `served`, which then is what is paid for.
  struct Used {
    const Provider* provider = nullptr;
    const Model* asked = nullptr;
    std::string_view served;
    const codec::Usage* usage = nullptr;
    const price::Cost* earlier = nullptr;
    bool exact = false;  // the provider said all of it
  };
  // What the catalogue says of a usage that the provider has billed itself, for the two to be
  // compared; nothing when there is no price, or no bill.
  std::optional<NanoUsd> book(ledger::CallRecord& row, const Used& used);

  MeterRoom& meter_room() { return meter_room_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Shelf {  // of one provider
    price::Place place;
    using Models = std::unordered_map<std::string, ModelRef, Hash, std::equal_to<>>;
    std::array<Models, text::prompt_form_count> models;  // by form
  };

  Shelf& shelf(const Provider& provider) { return shelves_[provider.index]; }
  price::Priced find(price::Place place, std::string_view name) const;
  price::Priced paid_for(const Used& used);

  std::shared_ptr<const price::Catalogue> catalogue_;
  route::Health& health_;
  std::vector<Shelf> shelves_;
  MeterRoom meter_room_;
};

}  // namespace recloser::relay
