// For tests: streams read in given pieces, told as lines of text that can be compared.
#pragma once

#include "codec/stream_reader.h"
#include "codec/usage_hider.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec::testing {

// "text 0/0 [12,345) \"Hello\"": kind, choice/index, range, text, then what else is set.
inline std::string line_of(const Event& event) {
  std::string line(name_of(event.kind));
  line += " " + std::to_string(event.choice) + "/" + std::to_string(event.index);
  line += " [" + std::to_string(event.range.begin) + "," + std::to_string(event.range.end) + ")";
  if (!event.text.empty()) line += " \"" + std::string(event.text) + "\"";
  if (!event.id.empty()) line += " id=" + std::string(event.id);
  if (!event.name.empty()) line += " name=" + std::string(event.name);
  if (event.finish != Finish::none) line += " finish=" + std::string(name_of(event.finish));
  if (event.status != 0) line += " status=" + std::to_string(event.status);
  if (event.text_escaped) line += " escaped";
  if (event.text_cut) line += " cut";
  if (event.last_of_frame) line += " .";
  return line + "\n";
}

inline std::string line_of(const StreamFacts& facts) {
  auto number = [](std::string_view name, std::uint64_t value) {
    return value == 0 ? std::string() : " " + std::string(name) + "=" + std::to_string(value);
  };
  constexpr std::string_view sources[] = {"none", "running", "final"};
  std::string line = "facts usage=";
  line += sources[static_cast<std::size_t>(facts.usage_source)];
  line += number("input", facts.usage.input_tokens) + number("output", facts.usage.output_tokens);
  line += number("cached", facts.usage.cached_input_tokens);
  line += number("cache_write", facts.usage.cache_write_tokens);
  line += number("reasoning", facts.usage.reasoning_tokens);
  line += " finish=" + std::string(name_of(facts.finish));
  if (facts.saw_done) line += " done";
  if (facts.saw_error) line += " error=" + std::to_string(facts.error_status);
  if (facts.incomplete_tail) line += " incomplete_tail";
  line += number("events", facts.events) + number("malformed", facts.malformed);
  line += number("tool_calls", facts.tool_calls) + number("text_bytes", facts.text_bytes);
  line += number("reasoning_bytes", facts.reasoning_bytes);
  line += number("sealed_bytes", facts.sealed_bytes);
  line += number("sealed_items", facts.sealed_items);
  line += number("argument_bytes", facts.argument_bytes);
  line += number("server_tool_bytes", facts.server_tool_bytes);
  if (!facts.response_id.empty()) line += " id=" + facts.response_id;
  if (!facts.model.empty()) line += " model=" + facts.model;
  return line + "\n";
}

// What a stream says, read in these pieces. Each piece is given in memory of its own size, so that
// a sanitizer sees a read beyond it.
struct Told {
  std::string lines;  // events, then the facts
  std::string shown;  // the stream behind a UsageHider
  StreamFacts facts;
  bool ended = false;
};

class StreamTeller {
 public:
  explicit StreamTeller(Operation operation) : reader_(operation) {}

  void feed(std::string_view piece) {
    auto copy = std::make_unique<char[]>(piece.size());
    piece.copy(copy.get(), piece.size());
    std::string_view bytes(copy.get(), piece.size());
    hider_.piece(bytes);
    while (std::optional<Event> event = reader_.next(bytes)) tell(*event);
    hider_.piece_end(told_.shown);
  }

  Told finish() {
    while (std::optional<Event> event = reader_.finish()) told_.lines += line_of(*event);
    hider_.finish(told_.shown);
    told_.lines += line_of(reader_.facts());
    told_.facts = reader_.facts();
    told_.ended = reader_.ended();
    return std::move(told_);
  }

 private:
  void tell(const Event& event) {
    told_.lines += line_of(event);
    if (event.last_of_frame) hider_.frame(reader_.frame(), told_.shown);
  }

  StreamReader reader_;
  UsageHider hider_;
  Told told_;
};

inline Told tell_whole(Operation operation, std::string_view stream) {
  StreamTeller teller(operation);
  teller.feed(stream);
  return teller.finish();
}

inline Told tell_split(Operation operation, std::string_view stream, std::size_t at) {
  StreamTeller teller(operation);
  teller.feed(stream.substr(0, at));
  teller.feed(stream.substr(at));
  return teller.finish();
}

inline Told tell_bytes(Operation operation, std::string_view stream) {
  StreamTeller teller(operation);
  for (std::size_t i = 0; i < stream.size(); ++i) teller.feed(stream.substr(i, 1));
  return teller.finish();
}

}  // namespace recloser::codec::testing
