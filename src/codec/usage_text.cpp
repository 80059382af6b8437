#include "codec/usage_text.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace recloser::codec {
namespace {

struct Figure {
  std::string_view name;
  std::uint64_t RareUsage::* place;
};
constexpr std::array figures{
    Figure{"w1h", &RareUsage::cache_write_1h_tokens},
    Figure{"audio", &RareUsage::audio_input_tokens},
    Figure{"cached_audio", &RareUsage::cached_audio_tokens},
    Figure{"image", &RareUsage::image_input_tokens},
    Figure{"cached_image", &RareUsage::cached_image_tokens},
    Figure{"audio_out", &RareUsage::audio_output_tokens},
    Figure{"image_out", &RareUsage::image_output_tokens},
    Figure{"audio_ms", &RareUsage::audio_input_ms},
    Figure{"searches", &RareUsage::web_searches},
    Figure{"file_searches", &RareUsage::file_searches},
    Figure{"code_sessions", &RareUsage::code_sessions},
};

bool fits_a_text(std::string_view name) {
  return name.find_first_of(" ,=") == std::string_view::npos;
}

void append_turn(std::string& out, const Usage& turn) {
  std::uint64_t write_1h = turn.rare ? turn.rare->cache_write_1h_tokens : 0;
  fmt::format_to(std::back_inserter(out), " turn={},{},{},{},{},", turn.input_tokens,
                 turn.cached_input_tokens, turn.cache_write_tokens, write_1h, turn.output_tokens);
  if (turn.rare && fits_a_text(turn.rare->model)) out += turn.rare->model;
}

bool read_number(std::string_view text, std::uint64_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// The text up to `mark`, which goes too; all that is left where it is missing.
std::string_view take_until(std::string_view& text, char mark) {
  std::size_t at = std::min(text.find(mark), text.size());
  std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

bool read_turn(Usage& usage, std::string_view text) {
  Usage turn;
  turn.tier = usage.tier;
  std::uint64_t write_1h = 0;
  for (std::uint64_t* place : {&turn.input_tokens, &turn.cached_input_tokens,
                               &turn.cache_write_tokens, &write_1h, &turn.output_tokens}) {
    if (!read_number(take_until(text, ','), *place)) return false;
  }
  if (write_1h != 0) turn.rare.make().cache_write_1h_tokens = write_1h;
  if (!text.empty()) turn.rare.make().model = text;
  usage.rare.make().iterations.push_back(std::move(turn));
  return true;
}

bool read_pair(Usage& usage, std::string_view name, std::string_view value) {
  if (name == "lane") {
    usage.tier = service_tier_named(value);
    return usage.tier != ServiceTier::standard;
  }
  if (name == "place") {
    usage.rare.make().geography = value;
    return !value.empty();
  }
  if (name == "turn") return read_turn(usage, value);
  for (const Figure& each : figures) {
    if (name == each.name) return read_number(value, usage.rare.make().*each.place);
  }
  std::uint64_t bill = 0;
  if (name != "bill" || !read_number(value, bill) || bill > INT64_MAX) return false;
  usage.rare.make().provider_cost = NanoUsd{static_cast<std::int64_t>(bill)};
  return true;
}

}  // namespace

std::string text_of_rare(const Usage& usage) {
  std::string out;
  if (usage.tier != ServiceTier::standard) out += fmt::format(" lane={}", name_of(usage.tier));
  if (const RareUsage* rare = usage.rare.get()) {
    for (const Figure& each : figures) {
      if (rare->*each.place != 0) out += fmt::format(" {}={}", each.name, rare->*each.place);
    }
    if (rare->provider_cost) out += fmt::format(" bill={}", rare->provider_cost->count);
    if (!rare->geography.empty() && fits_a_text(rare->geography))
      out += fmt::format(" place={}", rare->geography);
    for (const Usage& turn : rare->iterations) append_turn(out, turn);
  }
  if (!out.empty()) out.erase(0, 1);
  return out;
}

bool add_rare(Usage& usage, std::string_view text) {
  while (!text.empty()) {
    std::string_view pair = take_until(text, ' ');
    std::string_view name = take_until(pair, '=');
    if (!read_pair(usage, name, pair)) return false;
  }
  return true;
}

}  // namespace recloser::codec
