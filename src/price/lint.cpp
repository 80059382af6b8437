#include "price/lint.h"

#include "core/money.h"

#include <utility>

#include <fmt/format.h>

namespace recloser::price {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

class Lint {
 public:
  Lint(const Provider& provider, WallTime now) : provider_(provider), now_(now) {}

  std::vector<LintFinding> findings() {
    for (const Entry& entry : provider_.entries) look_at(entry);
    return std::move(findings_);
  }

 private:
  void say(std::string_view kind, const Entry& entry, std::string message) {
    findings_.push_back({.kind = kind,
                         .provider = provider_.id,
                         .model = entry.model,
                         .message = std::move(message)});
  }

  void look_at(const Entry& entry) {
    Schedule::Found found = entry.list.at(now_, codec::ServiceTier::standard);
    const Rates& rates = rates_for(*found.window, 0);
    for (const Entry::Other& other : entry.other) {
      say("disagreement", entry,
          fmt::format("{}: {} here, {} in LiteLLM's list; reservations take the dearer",
                      name_of(other.rate), short_price(rates[other.rate]),
                      short_price(other.nano)));
    }
    if (entry.deprecation_s) {
      bool over = *entry.deprecation_s * second_ns <= now_.ns;
      say("deprecated", entry,
          fmt::format("{} {}", over ? "was due to end on" : "is to end on",
                      date_text(*entry.deprecation_s)));
    } else if (entry.deprecated) {
      say("deprecated", entry, "is deprecated, without a date");
    }
    bool beside_tokens = rates.own >> token_rate_count != 0;
    if (rates.known == 0) {
      say("no_price", entry, "has no price: calls to it are unpriced");
    } else if (rates.beyond_usage) {
      say("no_price", entry, "is charged for what no usage counts: calls to it are unpriced");
    } else if (!rates.has(Rate::output) && !beside_tokens && entry.can_do(Capability::tools)) {
      say("no_output_price", entry, "writes, and its output has no price");
    }
  }

  const Provider& provider_;
  WallTime now_;
  std::vector<LintFinding> findings_;
};

// What a list of the operator says of one model, beside what the catalogue knows.
std::string judged(const Catalogue& catalogue, Place place, const Contract& contract) {
  if (contract.model == "*") return {};
  Place bare{.provider = place.provider};
  bool known = catalogue.find(bare, contract.model).entry != nullptr;
  if (!known && contract.own.empty()) return "discounts or limits a model that no list has";
  if (!known) {
    std::string near = catalogue.near(bare, contract.model);
    if (!near.empty())
      return fmt::format("is in no other list; if that is a slip, the names near it are {}", near);
  }
  for (const Schedule::Window& window : contract.own.windows()) {
    const Rates& rates = *window.bands.front().rates;
    if (rates.has(Rate::input) && !rates.has(Rate::output))
      return "has a price for input and none for output: answers are unpriced";
  }
  return {};
}

}  // namespace

std::vector<LintFinding> lint_catalogue(const Catalogue& catalogue, WallTime now) {
  std::vector<LintFinding> all;
  for (const Provider& provider : catalogue.providers()) {
    for (LintFinding& finding : Lint(provider, now).findings()) all.push_back(std::move(finding));
  }
  return all;
}

std::vector<LintFinding> lint_contracts(const Catalogue& catalogue) {
  std::vector<LintFinding> all;
  for (const ContractGroup& group : catalogue.contracts().groups) {
    Place place = catalogue.place_named(group.provider);
    // Under a name of the configuration alone, nothing says which list it stands over.
    if (place.provider == Place::none) continue;
    for (const Contract& contract : group.contracts) {
      std::string message = judged(catalogue, place, contract);
      if (message.empty()) continue;
      all.push_back({.kind = "contract",
                     .provider = group.provider,
                     .model = contract.model,
                     .message = std::move(message)});
    }
  }
  return all;
}

std::string short_price(std::int64_t nano) {
  std::string text = text_of(NanoUsd{nano});
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string date_text(std::int64_t at_s) {
  constexpr std::size_t date_bytes = 10;
  return rfc3339(WallTime{at_s * second_ns}).substr(0, date_bytes);
}

}  // namespace recloser::price
