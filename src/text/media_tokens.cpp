#include "text/media_tokens.h"

#include "core/ascii.h"
#include "text/token_family.h"

#include <algorithm>
#include <array>
#include <string>

namespace recloser::text {
namespace {

std::uint64_t parts(std::uint64_t size, std::uint64_t part) { return (size + part - 1) / part; }
std::uint64_t wide(std::uint32_t size) { return size; }

// OpenAI counts squares of 512 pixels on an image that was made smaller first.
struct Tiles {
  std::string_view mark;  // stands in the model's name; the first that does
  std::uint16_t base;
  std::uint16_t tile;
};
constexpr std::array openai_tiles{Tiles{"gpt-4o-mini", 2833, 5667},
                                  Tiles{"computer-use", 65, 129},
                                  Tiles{"o1", 75, 150},
                                  Tiles{"o3", 75, 150},
                                  Tiles{"gpt-5", 70, 140},
                                  Tiles{"gpt-4", 85, 170}};
constexpr std::uint64_t tiles_max = 8;  // of 2048 x 768

// Newer small models count squares of 32 pixels, and pay more or less for each.
struct Patches {
  std::string_view mark;
  std::uint16_t per_hundred;
};
constexpr std::array openai_patches{Patches{"gpt-4.1-mini", 162}, Patches{"gpt-4.1-nano", 246},
                                    Patches{"o4-mini", 172}, Patches{"gpt-5-mini", 162},
                                    Patches{"gpt-5-nano", 246}};
constexpr std::uint64_t patches_max = 1536;
// Models after gpt-5 take finer images; their largest is not published for all.
constexpr std::uint64_t openai_newer_max = 10'000;

TokenRange tiled(const Tiles& tiles, ImageSize size, ImageDetail detail) {
  if (detail == ImageDetail::low) return {tiles.base, tiles.base};
  std::uint64_t most = tiles.base + tiles_max * tiles.tile;
  // What is usual, a screenshot or a photograph, fills four tiles.
  if (!size.known()) return {tiles.base + 4u * tiles.tile, most};
  constexpr std::uint64_t box = 2048;
  constexpr std::uint64_t shorter_max = 768;
  std::uint64_t width = wide(size.width);
  std::uint64_t height = wide(size.height);
  if (std::uint64_t longer = std::max(width, height); longer > box) {
    width = std::max<std::uint64_t>(width * box / longer, 1);
    height = std::max<std::uint64_t>(height * box / longer, 1);
  }
  if (std::uint64_t shorter = std::min(width, height); shorter > shorter_max) {
    width = width * shorter_max / shorter;
    height = height * shorter_max / shorter;
  }
  std::uint64_t tokens = tiles.base + parts(width, 512) * parts(height, 512) * tiles.tile;
  return {tokens, std::max(tokens, std::min(tokens + tiles.tile, most))};
}

TokenRange patched(const Patches& patches, ImageSize size) {
  auto priced = [&](std::uint64_t count) { return (count * patches.per_hundred + 99) / 100; };
  std::uint64_t most = priced(patches_max);
  if (!size.known()) return {most, most};
  std::uint64_t count = parts(size.width, 32) * parts(size.height, 32);
  std::uint64_t tokens = priced(std::min(count, patches_max));
  return {tokens, tokens};
}

TokenRange of_openai(std::string_view name, ImageSize size, ImageDetail detail) {
  for (const Patches& patches : openai_patches) {
    if (name.contains(patches.mark)) return patched(patches, size);
  }
  for (const Tiles& tiles : openai_tiles) {
    if (!name.contains(tiles.mark)) continue;
    TokenRange tokens = tiled(tiles, size, detail);
    if (name.contains("gpt-5.")) tokens.max = openai_newer_max;
    return tokens;
  }
  return {1000, openai_newer_max};
}

// Width times height over 750, of an image that was made to fit.
TokenRange of_claude(bool newer, ImageSize size) {
  std::uint64_t edge_max = newer ? 2576 : 1568;
  std::uint64_t most = newer ? 4784 : 1600;
  if (!size.known()) return {1600, most};
  std::uint64_t width = wide(size.width);
  std::uint64_t height = wide(size.height);
  if (std::uint64_t longer = std::max(width, height); longer > edge_max) {
    width = std::max<std::uint64_t>(width * edge_max / longer, 1);
    height = std::max<std::uint64_t>(height * edge_max / longer, 1);
  }
  std::uint64_t tokens = std::min(parts(width * height, 750), most);
  return {tokens, std::min(tokens + tokens / 16 + 8, most)};
}

// A small image is one tile, a larger one is cut into tiles; since Gemini 3 it is a resolution that
// the client may choose.
TokenRange of_gemini(std::string_view name, ImageSize size) {
  constexpr std::uint64_t tile = 258;
  constexpr std::uint64_t tiles_at_most = 16;
  constexpr std::uint64_t resolution = 1120;
  constexpr std::uint64_t resolution_max = 2240;
  if (name.contains("gemini-3")) return {resolution, resolution_max};
  if (!size.known()) return {tile, tile * (tiles_at_most + 1)};
  if (size.width <= 384 && size.height <= 384) return {tile, tile};
  std::uint64_t shorter = std::min(size.width, size.height);
  std::uint64_t edge = std::clamp<std::uint64_t>(shorter * 2 / 3, 256, 768);
  std::uint64_t count = parts(size.width, edge) * parts(size.height, edge);
  // Some models of the same name take any image for one tile.
  return {tile * std::min(count, tiles_at_most), tile * (std::min(count, tiles_at_most) + 1)};
}

constexpr TokenRange other_image{1600, 8192};

// Tokens of a second.
struct Hearing {
  std::string_view family;
  TokenRange second;
};
constexpr std::array hearings{Hearing{"openai", {10, 10}}, Hearing{"gemini", {32, 32}},
                              Hearing{"mistral", {13, 13}}};
constexpr TokenRange other_hearing{25, 50};

constexpr std::uint64_t speech_bytes_per_second = 4000;         // 32 kbit/s
constexpr std::uint64_t tightest_speech_bytes_per_second = 75;  // 600 bit/s, the tightest codecs

// Of a page: its text, and its image where it is looked at.
constexpr TokenRange page{1500, 4600};
constexpr TokenRange gemini_page{258, 1120};
constexpr std::uint64_t usual_page_bytes = 40'000;
constexpr std::uint64_t pages_max = 1000;

}  // namespace

TokenRange image_tokens(std::string_view model, ImageSize size, ImageDetail detail) {
  const TokenFamily& family = token_family(model);
  std::string name = ascii::lowered(model);
  if (family.exact) return of_openai(name, size, detail);
  if (family.name.starts_with("claude")) return of_claude(family.name != "claude", size);
  if (family.name == "gemini") return of_gemini(name, size);
  return other_image;
}

TokenRange audio_tokens(std::string_view model, std::uint64_t milliseconds) {
  const TokenFamily& family = token_family(model);
  TokenRange second = other_hearing;
  for (const Hearing& hearing : hearings) {
    if (hearing.family == family.name) second = hearing.second;
  }
  auto of = [milliseconds](std::uint64_t tokens) { return parts(milliseconds * tokens, 1000); };
  return {of(second.about), of(second.max)};
}

TokenRange audio_milliseconds(std::uint64_t bytes) {
  return {bytes * 1000 / speech_bytes_per_second,
          parts(bytes * 1000, tightest_speech_bytes_per_second)};
}

TokenRange document_tokens(std::string_view model, std::uint64_t bytes, std::uint32_t pages) {
  TokenRange each = token_family(model).name == "gemini" ? gemini_page : page;
  if (pages > 0) return pages * each;
  if (bytes == 0) return pages_max * each;  // named, not sent: its size is not known either
  constexpr std::uint64_t least_page_bytes = 100;
  std::uint64_t about = std::min(parts(bytes, usual_page_bytes), pages_max);
  std::uint64_t most = std::min(parts(bytes, least_page_bytes), pages_max);
  return {about * each.about, most * each.max};
}

}  // namespace recloser::text
