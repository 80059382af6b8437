// What counting tokens costs, before a call and during it.
//
//   meter_bench                 all of the following
//   meter_bench encode [KIND]   MB/s of the encodings over each kind of text, or over one
//   meter_bench classes         nanoseconds per byte of the byte classes, plain and as JSON
//   meter_bench stream          nanoseconds per chunk of a text that comes in pieces
//   meter_bench start           until the first word is counted, and 1 MB of one letter
//
// The texts are those of the shared token data ($RECLOSER_SHARED, else ../shared), of which every
// kind is repeated to two megabytes; without the data, a few lines stand in. Times are of the
// thread's own processor time, the best of three; on a machine with other work, instructions tell
// more: valgrind --tool=callgrind meter_bench encode prose.
#include "text/byte_classes.h"
#include "text/encoding.h"
#include "text/token_family.h"
#include "text/token_stream.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace {

using namespace recloser::text;

constexpr std::size_t text_bytes = 2u << 20;
constexpr int rounds = 3;

std::int64_t thread_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// The best of some rounds, in nanoseconds.
double timed(const std::function<void()>& work) {
  std::int64_t best = INT64_MAX;
  for (int i = 0; i < rounds; ++i) {
    std::int64_t begun = thread_ns();
    work();
    best = std::min(best, thread_ns() - begun);
  }
  return static_cast<double>(std::max<std::int64_t>(best, 1));
}

// Of the encodings: a fact that keeps the compiler from leaving the work out.
std::uint64_t total = 0;

std::string repeated(std::string_view text) {
  std::string out;
  while (out.size() < text_bytes) out += text;
  return out;
}

using Texts = std::map<std::string, std::string>;

Texts texts_by_kind() {
  const char* set = std::getenv("RECLOSER_SHARED");
  std::filesystem::path path = set == nullptr ? "../shared" : set;
  std::ifstream in(path / "data/tokens/texts.jsonl");
  Texts texts;
  for (std::string line; std::getline(in, line);) {
    boost::json::value row = boost::json::parse(line);
    std::string kind(row.at("kind").as_string());
    if (kind == "prose") kind += " " + std::string(row.at("lang").as_string());
    std::string& text = texts[kind];
    if (text.size() < text_bytes) text += std::string(row.at("text").as_string()) + "\n";
  }
  if (texts.empty()) {
    texts["prose"] = "The gateway reads every answer as it passes, and knows what it has cost.\n";
    texts["code"] = "for (std::size_t i = 0; i < texts.size(); ++i) total += count(texts[i]);\n";
  }
  std::erase_if(texts, [](const auto& text) { return text.second.empty(); });
  return texts;
}

void bench_encode(const Texts& texts, std::string_view only) {
  for (const auto& [kind, sample] : texts) {
    if (!only.empty() && kind != only) continue;
    std::string text = repeated(sample);
    auto rate = [&](const Encoding& encoding) {
      EncodingScratch scratch;
      double ns = timed([&] { total += encoding.count(text, scratch); });
      return static_cast<double>(text.size()) * 1000 / ns;
    };
    fmt::print("encode {:16} o200k {:6.1f} MB/s  cl100k {:6.1f} MB/s  ({} KB of samples)\n", kind,
               rate(Encoding::o200k()), rate(Encoding::cl100k()), sample.size() / 1000);
  }
}

void bench_classes(const Texts& texts) {
  std::string text;
  for (const auto& [kind, sample] : texts) text += sample;
  text = repeated(text);
  std::string json = boost::json::serialize(boost::json::string(text));
  std::string_view raw = std::string_view(json).substr(1, json.size() - 2);
  std::string escapes = repeated("\\n\\u00e9\\\"");
  auto each = [](std::string_view bytes, auto add) {
    double ns = timed([&] {
      ByteClasses classes;
      add(classes, bytes);
      total += classes.tokens_max(token_family("gpt-4o"));
    });
    return ns / static_cast<double>(bytes.size());
  };
  auto plain = [](ByteClasses& classes, std::string_view bytes) { classes.add(bytes); };
  auto as_json = [](ByteClasses& classes, std::string_view bytes) { classes.add_json(bytes); };
  fmt::print("classes: {:.2f} ns per byte of text, {:.2f} of JSON, {:.2f} of escapes alone\n",
             each(text, plain), each(raw, as_json), each(escapes, as_json));
}

void bench_stream(const Texts& texts) {
  for (const auto& [kind, sample] : texts) {
    std::string text = repeated(sample);
    for (std::size_t chunk : {4, 12, 20}) {
      std::size_t chunks = 0;
      double ns = timed([&] {
        EncodingScratch scratch;
        TokenStream stream(Encoding::o200k());
        chunks = 0;
        for (std::size_t at = 0; at < text.size(); at += chunk, ++chunks) {
          stream.add(std::string_view(text).substr(at, chunk), scratch);
        }
        total += stream.count(scratch);
      });
      fmt::print("stream {:16} {:3.0f} ns per chunk of {} bytes\n", kind,
                 ns / static_cast<double>(chunks), chunk);
    }
  }
}

void bench_start() {
  std::int64_t begun = thread_ns();
  EncodingScratch scratch;
  for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
    total += encoding->count("The first words", scratch);
  }
  fmt::print("start: {:.2f} ms until both encodings counted\n",
             static_cast<double>(thread_ns() - begun) / 1e6);
  for (std::string_view letter : {"a", " ", "=", "\n", "A", "\u4e2d"}) {
    std::string text;
    while (text.size() < 1'000'000) text += letter;
    for (const Encoding* encoding : {&Encoding::o200k(), &Encoding::cl100k()}) {
      double ns = timed([&] { total += encoding->count(text, scratch); });
      fmt::print("1 MB of U+{:04X}: {:.0f} ms\n",
                 letter.size() == 1 ? static_cast<unsigned char>(letter[0]) : 0x4E2D, ns / 1e6);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view what = argc > 1 ? argv[1] : "all";
  bool all = what == "all";
  if (!all && what != "encode" && what != "classes" && what != "stream" && what != "start") {
    fmt::print(stderr, "usage: meter_bench [encode [KIND]|classes|stream|start]\n");
    return 2;
  }
  if (all || what == "start") bench_start();  // first: later it has started
  Texts texts = what == "start" ? Texts() : texts_by_kind();
  if (all || what == "encode") bench_encode(texts, argc > 2 ? argv[2] : "");
  if (all || what == "classes") bench_classes(texts);
  if (all || what == "stream") bench_stream(texts);
  return total == 0 ? 1 : 0;
}
