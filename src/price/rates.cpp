#include "price/rates.h"

namespace recloser::price {
namespace {

struct Words {
  std::string_view name;
  std::string_view unit;
  std::string_view words;
};

constexpr std::string_view per_million = "USD per million tokens";

constexpr std::array<Words, rate_count> all_words{{
    {"input", per_million, "input tokens"},
    {"cachedInput", per_million, "cached input tokens"},
    {"cacheWrite", per_million, "cache writes"},
    {"cacheWrite1h", per_million, "cache writes for an hour"},
    {"audioInput", per_million, "audio input tokens"},
    {"cachedAudioInput", per_million, "cached audio input tokens"},
    {"imageInput", per_million, "image input tokens"},
    {"cachedImageInput", per_million, "cached image input tokens"},
    {"output", per_million, "output tokens"},
    {"reasoning", per_million, "reasoning tokens"},
    {"audioOutput", per_million, "audio output tokens"},
    {"imageOutput", per_million, "image output tokens"},
    {"audioHour", "USD per hour of audio", "hours of audio"},
    {"webSearch", "USD per search", "web searches"},
    {"fileSearch", "USD per search", "file searches"},
    {"codeSession", "USD per session", "code sessions"},
    {"request", "USD per request", "requests"},
}};

const Words& words(Rate rate) { return all_words[static_cast<std::size_t>(rate)]; }

// Each rate and what stands in for it, general ones before those that lean on them.
struct Stand {
  Rate rate;
  Rate general;
};
constexpr std::array stands{
    Stand{Rate::cached_input, Rate::input},         Stand{Rate::cache_write, Rate::input},
    Stand{Rate::cache_write_1h, Rate::cache_write}, Stand{Rate::reasoning, Rate::output},
    Stand{Rate::audio_output, Rate::output},        Stand{Rate::image_output, Rate::output},
};

}  // namespace

std::string_view name_of(Rate rate) { return words(rate).name; }
std::string_view unit_of(Rate rate) { return words(rate).unit; }
std::string_view words_of(Rate rate) { return words(rate).words; }

std::optional<Rate> rate_named(std::string_view name) {
  for (std::size_t i = 0; i < rate_count; ++i) {
    if (all_words[i].name == name) return static_cast<Rate>(i);
  }
  return std::nullopt;
}

void Rates::set(Rate rate, std::int64_t price) {
  nano[static_cast<std::size_t>(rate)] = price;
  known |= bit(rate);
  own |= bit(rate);
}

void Rates::fill_gaps(std::uint32_t write_1h_factor_ppm) {
  auto borrow = [this](Rate rate, Rate general) {
    if (has(rate) || !has(general)) return;
    nano[static_cast<std::size_t>(rate)] = (*this)[general];
    known |= bit(rate);
  };
  if (write_1h_factor_ppm != 0 && has(Rate::input) && !has(Rate::cache_write_1h)) {
    nano[static_cast<std::size_t>(Rate::cache_write_1h)] =
        scaled_by_ppm((*this)[Rate::input], write_1h_factor_ppm);
    known |= bit(Rate::cache_write_1h);
  }
  // A list that gives audio a price and cached audio none means no discount on it.
  borrow(Rate::cached_audio_input, Rate::audio_input);
  borrow(Rate::cached_image_input, Rate::image_input);
  for (const Stand& stand : stands) borrow(stand.rate, stand.general);
  borrow(Rate::audio_input, Rate::input);
  borrow(Rate::image_input, Rate::input);
  borrow(Rate::cached_audio_input, Rate::cached_input);
  borrow(Rate::cached_image_input, Rate::cached_input);
}

std::int64_t scaled_by_ppm(std::int64_t price, std::uint32_t factor_ppm) {
  __extension__ using Wide = __int128;
  Wide product = Wide{price} * factor_ppm;
  Wide whole = product / ppm_one;
  Wide rest = product % ppm_one;
  if (rest * 2 > ppm_one || (rest * 2 == ppm_one && whole % 2 != 0)) ++whole;
  return static_cast<std::int64_t>(whole);
}

}  // namespace recloser::price
