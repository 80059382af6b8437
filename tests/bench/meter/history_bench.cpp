// What a prompt costs before it is sent: an agent's history of 400 KB that is new, one whose last
// message alone is new, one that was sent before, and the hash of it alone.
//
// Times are of the thread's own processor time, the best of some rounds, with everything in the
// processor's caches.
#include "relay/prompt_estimate.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace {

using namespace recloser;

constexpr std::size_t history_bytes = 400'000;
constexpr int rounds = 50;

std::int64_t thread_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// Results of tools with some code in them, and short words between: what agents send.
std::string message(std::size_t index, std::size_t bytes) {
  std::string text;
  for (std::size_t line = 0; text.size() < bytes; ++line) {
    text += fmt::format("  {}: auto found = table_{}.find(\\\"name\\\");  // as it was asked\\n",
                        line, index);
  }
  return fmt::format(R"({{"role":"{}","content":[{{"type":"text","text":"{} {}"}}]}})",
                     index % 2 == 0 ? "user" : "assistant", index, text);
}

struct History {
  explicit History(std::size_t message_bytes) {
    std::size_t count = history_bytes / message_bytes;
    body = R"({"model":"claude-sonnet-4-5","stream":true,"messages":[)";
    for (std::size_t i = 0; i < count; ++i) {
      body += message(i, message_bytes - 60) + ",";
    }
    body.back() = ']';
    body += "}";
    reader.note_messages(begins);
    if (!reader.feed(body) || !reader.end()) fmt::print(stderr, "the history is not as meant\n");
  }
  History(const History&) = delete;

  // Its last message is another one.
  void go_on() {
    for (std::size_t at = begins.back() + 80;; ++at) {  // counts in letters
      char& letter = body[at];
      letter = letter >= 'a' && letter < 'z' ? static_cast<char>(letter + 1) : 'a';
      if (letter != 'a') return;
    }
  }

  std::string body;
  std::vector<std::uint64_t> begins;
  codec::RequestReader reader{codec::Operation::messages};
};

constexpr std::string_view model = "claude-sonnet-4-5";

text::TokenRange estimate(const History& history, const KeyedHash& hash,
                          relay::RememberedCounts& counts) {
  static const text::PromptOverhead overhead =
      text::prompt_overhead(model, text::PromptForm::other);
  relay::PromptEstimate prompt({.body = history.body,
                                .operation = codec::Operation::messages,
                                .facts = &history.reader.facts(),
                                .message_begins = history.begins,
                                .model = model,
                                .family = &text::token_family(model),
                                .overhead = &overhead},
                               hash, counts);
  while (!prompt.count(SIZE_MAX)) {
  }
  return prompt.sum();
}

// `before` is done ahead of each round, and not timed.
template <class Before, class Work>
double best_us(Before before, Work work) {
  std::int64_t best = INT64_MAX;
  for (int i = 0; i < rounds; ++i) {
    before();
    std::int64_t begun = thread_ns();
    work();
    best = std::min(best, thread_ns() - begun);
  }
  return static_cast<double>(best) / 1e3;
}

// Of the estimates: a fact that keeps the compiler from leaving the work out.
std::uint64_t total = 0;

void bench(std::size_t message_bytes) {
  History history(message_bytes);
  KeyedHash hash(1);
  relay::RememberedCounts counts;
  auto nothing = [] {};
  auto forget = [&] { counts = relay::RememberedCounts(); };
  auto sum = [&] { total += estimate(history, hash, counts).about; };
  double cold = best_us(forget, sum);
  double next = best_us([&] { history.go_on(); }, sum);
  double warm = best_us(nothing, sum);
  double hashed = best_us(nothing, [&] { total += hash.of(history.body); });
  fmt::print(
      "history of {} KB in {} messages: new {:.0f} us, one message new {:.1f} us, known {:.1f} us "
      "(its hash alone {:.1f} us)\n",
      history.body.size() / 1000, history.begins.size(), cold, next, warm, hashed);
}

}  // namespace

int main() {
  for (std::size_t message_bytes : {500u, 2'000u, 10'000u}) bench(message_bytes);
  return total == 0 ? 1 : 0;
}
