// Looks for texts that weights of byte classes would bound too low (tools/byte_classes/fit.py).
//
//   hostile count ENCODING            lines of hex in, the tokens of each out
//   hostile search ENCODING WEIGHTS SEED CLIMBS
//                                     lines "TOKENS HEX" out, the worst of each climb
//
// ENCODING is o200k or cl100k. WEIGHTS: the class of each byte, then the weight of each pair of
// classes in units of 1/200 token, as numbers with white space between.
#include "text/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace recloser::text {
namespace {

constexpr std::size_t classes = 64;
constexpr double unit = 200;
constexpr int steps_per_climb = 3000;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::size_t below(std::size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(((state_ >> 32) * n) >> 32);
  }
  double unit_interval() { return static_cast<double>(below(1u << 30)) / (1u << 30); }

 private:
  std::uint64_t state_;
};

struct Weights {
  std::array<std::uint8_t, 256> class_of{};
  std::array<std::uint16_t, classes * classes> of_pair{};

  double tokens_max(std::string_view text) const {
    std::size_t previous = class_of['\n'];
    std::uint64_t sum = 200;
    for (char c : text) {
      std::size_t now = class_of[static_cast<unsigned char>(c)];
      sum += of_pair[previous * classes + now];
      previous = now;
    }
    return static_cast<double>(sum) / unit;
  }
};

void append_code_point(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 63));
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

class Search {
 public:
  Search(const Encoding& encoding, const Weights& weights, std::uint64_t seed)
      : encoding_(encoding), weights_(weights), random_(seed) {}

  // One climb: prints what is bounded too low.
  void climb() {
    std::size_t alphabet = random_.below(12);
    std::vector<std::string> parts(1 + random_.below(10));
    for (std::string& part : parts) part = some_part(alphabet);
    std::size_t repeats = random_.below(3) == 0 ? 1 : 8 + random_.below(24);
    double score = score_of(parts, repeats);
    double heat = 0.5;
    for (int step = 0; step < steps_per_climb; ++step, heat *= 0.998) {
      std::vector<std::string> next = parts;
      mutate(next, alphabet);
      double next_score = score_of(next, repeats);
      if (next_score >= score || random_.unit_interval() < std::exp((next_score - score) / heat)) {
        parts = std::move(next);
        score = next_score;
      }
    }
    std::string text = joined(parts, repeats);
    auto tokens = encoding_.count(text, scratch_);
    if (static_cast<double>(tokens) <= weights_.tokens_max(text)) return;
    std::cout << tokens << ' ';
    for (char c : text) {
      constexpr char digits[] = "0123456789abcdef";
      std::cout << digits[static_cast<unsigned char>(c) >> 4] << digits[c & 15];
    }
    std::cout << '\n';
  }

 private:
  std::string joined(const std::vector<std::string>& parts, std::size_t repeats) const {
    std::string once;
    for (const std::string& part : parts) once += part;
    std::string text;
    for (std::size_t i = 0; i < repeats && text.size() < 240; ++i) text += once;
    return text;
  }

  // What is missing, in percent of the tokens.
  double score_of(const std::vector<std::string>& parts, std::size_t repeats) {
    std::string text = joined(parts, repeats);
    if (text.empty()) return -100;
    auto tokens = static_cast<double>(encoding_.count(text, scratch_));
    return 100 * (tokens - weights_.tokens_max(text)) / (tokens + 4);
  }

  std::string some_part(std::size_t alphabet) {
    constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
    std::string out;
    switch (alphabet) {
      case 0:
        return std::string(1, lower[random_.below(26)]);
      case 1:
        return std::string(1, "etaoinshrdlu ETAOIN"[random_.below(19)]);
      case 2:
        return std::string(1, static_cast<char>(32 + random_.below(95)));
      case 3:
        return std::string(1, static_cast<char>(random_.below(256)));
      case 4:
        return std::string(1, "0123456789abcdefABCDEF.,-_ \n"[random_.below(28)]);
      case 5:
        return std::string(1 + random_.below(3),
                           " \t\n\r./-=*#\"'(){}[];:,<>_\\"[random_.below(26)]);
      case 6:
        append_code_point(out, static_cast<std::uint32_t>(random_.below(0x800)));
        return out;
      case 7:
        append_code_point(out, static_cast<std::uint32_t>(0x800 + random_.below(0xF800)));
        return out;
      case 8:
        append_code_point(out, static_cast<std::uint32_t>(0x4E00 + random_.below(0x5200)));
        return out;
      case 9:
        append_code_point(out, static_cast<std::uint32_t>(0x1F000 + random_.below(0x1000)));
        return out;
      default:
        return std::string(encoding_.ranks().token(static_cast<Rank>(random_.below(
            1 + random_.below(alphabet == 10 ? encoding_.ranks().size() : std::size_t{4000})))));
    }
  }

  void mutate(std::vector<std::string>& parts, std::size_t alphabet) {
    std::size_t other = random_.below(8) == 0 ? random_.below(12) : alphabet;
    std::size_t at = random_.below(parts.size());
    auto place = parts.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random_.below(5)) {
      case 0:
        if (parts.size() < 16) parts.insert(place, some_part(other));
        return;
      case 1:
        if (parts.size() > 1) parts.erase(place);
        return;
      case 2:
        std::swap(*place, parts[random_.below(parts.size())]);
        return;
      default:
        *place = some_part(other);
    }
  }

  const Encoding& encoding_;
  const Weights& weights_;
  Random random_;
  EncodingScratch scratch_;
};

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    out += static_cast<char>(byte);
  }
  return out;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

int run(const Encoding& encoding, int argc, char** argv) {
  if (std::string_view(argv[1]) == "count") {
    EncodingScratch scratch;
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << encoding.count(from_hex(line), scratch) << '\n';
    }
    return 0;
  }
  if (argc < 6) return 2;
  Weights weights;
  std::ifstream in(argv[3]);
  int number = 0;
  for (std::uint8_t& c : weights.class_of) c = in >> number ? static_cast<std::uint8_t>(number) : 0;
  for (std::uint16_t& w : weights.of_pair)
    w = in >> number ? static_cast<std::uint16_t>(number) : 0;
  if (!in) return 2;
  std::optional<std::uint64_t> seed = number_of(argv[4]);
  std::optional<std::uint64_t> climbs = number_of(argv[5]);
  if (!seed || !climbs) return 2;
  Search search(encoding, weights, *seed);
  for (std::uint64_t i = 0; i < *climbs; ++i) search.climb();
  return 0;
}

}  // namespace
}  // namespace recloser::text

int main(int argc, char** argv) {
  using recloser::text::Encoding;
  if (argc < 3) return 2;
  bool cl100k = std::string_view(argv[2]) == "cl100k";
  return recloser::text::run(cl100k ? Encoding::cl100k() : Encoding::o200k(), argc, argv);
}
