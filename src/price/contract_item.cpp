#include "price/contract_item.h"

#include "config/schema/reading.h"
#include "core/ascii.h"
#include "core/limits.h"
#include "core/money.h"

#include <array>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace recloser::price {
namespace {

using config::Node;
using config::Place;
using config::written;

constexpr unsigned million_places = 6;  // USD per million tokens: finer prices do not exist
constexpr unsigned discount_places = 4;
constexpr std::uint64_t tokens_max = std::uint64_t{1} << 40;
constexpr std::size_t tiers_max = 16;

constexpr std::array<std::string_view, 14> other_fields{
    "provider", "model",    "unit",          "from",     "until",     "daily", "tier",
    "tiers",    "discount", "contextWindow", "maxInput", "maxOutput", "note",  "above"};

// Prices may be given for a million tokens, a thousand, or one: how many places then make
// micro-dollars per million.
struct Unit {
  std::string_view name;
  unsigned places;
};
constexpr std::array<Unit, 3> units{
    {{"1M", million_places}, {"1K", million_places + 3}, {"1", million_places + 6}}};

class Reader {
 public:
  Reader(std::size_t index, config::Findings& findings)
      : findings_(findings), path_(fmt::format("[{}]", index)) {}

  ContractItem read(const Node& node) {
    item_.place = node.place;
    if (node.kind != Node::Kind::map) {
      error(node.place, "must be {provider: .., model: .., input: .., output: ..}");
      return item_;
    }
    read_unit(node);
    read_fields(node, /*tier=*/false);
    if (item_.provider.empty() && !node.find("provider")) missing(node, "provider");
    if (item_.model.empty() && !node.find("model")) missing(node, "model");
    judge(node);
    return std::move(item_);
  }

 private:
  void error(Place place, std::string_view message) {
    findings_.error(place, fmt::format("{} {}", path_, message));
  }
  void wrong(const Node& node, std::string_view field, std::string_view wanted) {
    findings_.error(node.place,
                    fmt::format("{} must {}; you wrote {}", config::join_path(path_, field), wanted,
                                written(node)));
  }
  void missing(const Node& node, std::string_view field) {
    error(node.place, fmt::format("has no {}; write one", field));
  }

  void read_unit(const Node& node) {
    const Node* unit = node.find("unit");
    if (!unit) return;
    for (const Unit& known : units) {
      if (unit->text == known.name) {
        places_ = known.places;
        return;
      }
    }
    wrong(*unit, "unit", "be 1M, 1K or 1: the tokens that a price is for");
  }

  void read_fields(const Node& node, bool tier) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const Node::Key& key = node.keys[i];
      if (std::optional<Rate> rate = rate_named(key.text)) {
        read_price(key.text, node.items[i], *rate);
      } else if (tier ? key.text != "above" : !read_other(key.text, node.items[i])) {
        unknown(key, tier);
      }
    }
  }

  void unknown(const Node::Key& key, bool tier) {
    std::vector<std::string_view> known;
    for (std::size_t i = 0; i < rate_count; ++i) known.push_back(name_of(static_cast<Rate>(i)));
    if (!tier) known.insert(known.end(), other_fields.begin(), other_fields.end() - 1);
    std::string meant = config::meant_by(key.text, known);
    std::string hint = meant.empty() ? "" : fmt::format("; did you mean {}?", meant);
    error(key.place, fmt::format("has no field {}{}", config::shown(key.text), hint));
  }

  bool read_other(std::string_view name, const Node& node) {
    if (name == "provider") {
      read_name(name, node, limits::model_name_bytes_max, item_.provider);
    } else if (name == "model") {
      read_name(name, node, limits::model_name_bytes_max, item_.model);
    } else if (name == "from") {
      read_time(name, node, item_.period.from_s);
    } else if (name == "until") {
      item_.until_place = node.place;
      read_time(name, node, item_.period.until_s);
    } else if (name == "daily") {
      read_daily(node);
    } else if (name == "tier") {
      read_tier(node);
    } else if (name == "tiers") {
      read_tiers(node);
    } else if (name == "discount") {
      read_discount(node);
    } else if (name == "contextWindow") {
      read_tokens(name, node, item_.limits.context);
    } else if (name == "maxInput") {
      read_tokens(name, node, item_.limits.input);
    } else if (name == "maxOutput") {
      read_tokens(name, node, item_.limits.output);
    } else {
      return name == "unit" || name == "note";
    }
    return true;
  }

  void read_name(std::string_view field, const Node& node, std::size_t bytes_max,
                 std::string& out) {
    if (node.kind != Node::Kind::scalar || node.text.empty() || node.text.size() > bytes_max) {
      wrong(node, field, fmt::format("be a name of at most {} bytes", bytes_max));
    } else {
      out = ascii::lowered(node.text);
    }
  }

  void read_price(std::string_view field, const Node& node, Rate rate) {
    bool of_tokens = static_cast<std::size_t>(rate) < token_rate_count;
    unsigned places = of_tokens ? places_ : rate == Rate::audio_hour ? million_places : rate_places;
    std::int64_t nano = 0;
    if (!decimal(field, node, places, nano)) return;
    constexpr std::int64_t nano_per_micro = 1'000;
    std::int64_t scale = of_tokens || rate == Rate::audio_hour ? nano_per_micro : 1;
    if (nano > price_nano_max / scale) {
      wrong(node, field, "be at most a million dollars");
      return;
    }
    item_.list.steps[static_cast<std::size_t>(rate)].push_back(
        {.above = above_, .nano = nano * scale});
  }

  bool decimal(std::string_view field, const Node& node, unsigned places, std::int64_t& out) {
    if (node.kind != Node::Kind::scalar) {
      wrong(node, field, "be a price in USD, such as 0.15");
      return false;
    }
    Result<std::int64_t> exact = parse_decimal(node.text, places);
    Result<std::int64_t> near = parse_decimal_rounded(node.text, places);
    if (!near) {
      wrong(node, field, "be a price in USD, such as 0.15");
    } else if (*near < 0) {
      wrong(node, field, "not be negative");
    } else if (!exact) {
      wrong(node, field,
            fmt::format("have at most {} places (a float's noise? then round it)", places));
    } else {
      out = *exact;
      return true;
    }
    return false;
  }

  void read_time(std::string_view field, const Node& node, std::int64_t& out_s) {
    std::string text = node.text;
    if (text.size() == std::string_view("2026-01-01").size()) text += "T00:00:00Z";
    Result<WallTime> at = parse_rfc3339(text);
    if (node.kind != Node::Kind::scalar || !at) {
      wrong(node, field, "be a date, such as 2026-01-01, or a time, such as 2026-01-01T08:00:00Z");
      return;
    }
    out_s = at->ns / 1'000'000'000;
  }

  // "00:30-16:30", in UTC.
  void read_daily(const Node& node) {
    item_.daily_place = node.place;
    std::string_view text = node.text;
    std::size_t dash = text.find('-');
    std::optional<std::int32_t> from = seconds_of_day(text.substr(0, dash));
    std::optional<std::int32_t> to;
    if (dash != text.npos) to = seconds_of_day(text.substr(dash + 1));
    if (!from || !to || *from == *to) {
      wrong(node, "daily", "be two times of the day in UTC, such as 00:30-16:30");
      return;
    }
    item_.period.daily_from_s = *from;
    item_.period.daily_to_s = *to;
  }

  void read_tier(const Node& node) {
    item_.tier = codec::service_tier_named(node.text);
    if (name_of(item_.tier) != node.text)
      wrong(node, "tier", "be standard, batch, flex, priority or fast");
  }

  void read_tiers(const Node& node) {
    if (node.kind != Node::Kind::list || node.items.size() > tiers_max) {
      wrong(node, "tiers", "be a list such as [{above: 200000, input: 6.00}]");
      return;
    }
    std::string path = path_;
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      path_ = fmt::format("{}.tiers[{}]", path, i);
      const Node* above = node.items[i].find("above");
      if (!above) {
        missing(node.items[i], "above");
        continue;
      }
      above_ = 0;
      read_tokens("above", *above, above_);
      if (above_ <= before) wrong(*above, "above", "rise from tier to tier");
      before = above_;
      tiers_.push_back(&node.items[i]);
      above_of_tiers_.push_back(above_);
    }
    path_ = path;
    above_ = 0;
  }

  void read_discount(const Node& node) {
    std::string_view text = node.text;
    bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    // With two places more, a percentage is a share.
    Result<std::int64_t> share = parse_decimal(text, discount_places - 2);
    constexpr std::int64_t whole = 10'000;
    if (!percent || !share || *share < 0 || *share > whole) {
      wrong(node, "discount", "be a percentage from 0% to 100%, such as 20%");
      return;
    }
    item_.discount_ppm = static_cast<std::uint32_t>(*share * (ppm_one / whole));
  }

  void read_tokens(std::string_view field, const Node& node, std::uint64_t& out) {
    std::uint64_t value = 0;
    const char* end = node.text.data() + node.text.size();
    auto [stopped, error] = std::from_chars(node.text.data(), end, value);
    if (error != std::errc{} || stopped != end || value == 0 || value > tokens_max) {
      wrong(node, field, "be a whole number of tokens");
      return;
    }
    out = value;
  }

  void judge(const Node& node) {
    for (std::size_t i = 0; i < tiers_.size(); ++i) {
      above_ = above_of_tiers_[i];
      std::string path = path_;
      path_ = fmt::format("{}.tiers[{}]", path, i);
      read_fields(*tiers_[i], /*tier=*/true);
      path_ = path;
    }
    // A rate that only tiers have would cost nothing below them.
    for (std::size_t i = 0; i < rate_count; ++i) {
      const auto& steps = item_.list.steps[i];
      if (!steps.empty() && steps.front().above != 0) {
        error(node.place, fmt::format("has {} in `tiers` and none of its own; write the price "
                                      "below the first tier",
                                      name_of(static_cast<Rate>(i))));
      }
    }
    bool says_nothing =
        item_.list.empty() && !item_.discount_ppm && item_.limits == price::Limits{};
    if (says_nothing && !findings_.failed())
      error(node.place, "says nothing: write prices, a discount, or limits");
    bool timed = item_.period != Period{} || item_.tier != codec::ServiceTier::standard;
    if (item_.list.empty() && timed && !findings_.failed())
      error(node.place, "has times or a tier, and no prices that they could be for");
    if (item_.model == "*" && (!item_.list.empty() || item_.limits != price::Limits{}))
      error(node.place, "is for every model (*); that takes a discount only");
    if (item_.period.until_s <= item_.period.from_s)
      error(item_.until_place, "ends before it begins");
  }

  config::Findings& findings_;
  std::string path_;
  ContractItem item_;
  unsigned places_ = million_places;
  std::uint64_t above_ = 0;  // of the tier that is read
  std::vector<const Node*> tiers_;
  std::vector<std::uint64_t> above_of_tiers_;
};

}  // namespace

ContractItem read_contract_item(const config::Node& node, std::size_t index,
                                config::Findings& findings) {
  return Reader(index, findings).read(node);
}

}  // namespace recloser::price
