// Values in one scalar: how each type is read, shown again and named in the reference.
#pragma once

#include "config/config.h"
#include "config/schema/reading.h"
#include "config/yaml/node.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

// Both inclusive, in the value's own unit: a count, bytes, nanoseconds, bytes of a text, entries of
// a list.
struct Bounds {
  std::int64_t least = 0;
  std::int64_t most = INT64_MAX;
};

constexpr Bounds between(std::int64_t least, std::int64_t most) { return {least, most}; }
constexpr Bounds between(Duration least, Duration most) { return {least.count(), most.count()}; }

// What a text may hold.
enum class Text : unsigned char {
  name,      // of something in this file: letters, digits, '.', '_', '-'
  word,      // printable, without spaces
  words,     // printable, spaces inside
  label,     // a word without commas
  sentence,  // words, and many of them
  path,      // a file or folder, relative to the configuration file
  database,  // sqlite:NAME
};

struct ValueRules {
  Bounds bounds;
  Text text = Text::word;
  std::string_view example;
};

// What is wrong with `text`, as the message after the path; "" when nothing is.
std::string text_fault(Text rule, std::string_view text);

// Each reads `node` into `out`; what cannot be read is told to `in`, and `out` stays as it was.
void read_value(Reading& in, const ValueRules& rules, const Node& node, bool& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, std::uint32_t& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Bytes& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Duration& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<std::uint32_t>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<Duration>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, std::string& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::vector<std::string>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Secret& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, ApiKey& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Workers& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, ListenAddress& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, BaseUrl& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<WallTime>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, std::vector<Header>& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Dialect& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, AuthMode& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Unpriced& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, AnswerStore& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, StreamUpstream& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Balance& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Interrupted& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Prefill& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Priority& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, Abilities& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, AlertSeverity& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, LogLevel& out);
void read_value(Reading& in, const ValueRules& rules, const Node& node, LogFormat& out);

// The key of a map that is a name: judged by the same rules as a text.
void read_name(Reading& in, const ValueRules& rules, const Node::Key& key, std::string& out);

// As one would write it in the file; "" when there is nothing to show; secrets as "[secret]".
std::string show_value(bool value);
std::string show_value(std::uint32_t value);
std::string show_value(Bytes value);
std::string show_value(Duration value);
std::string show_value(std::optional<std::uint32_t> value);
std::string show_value(std::optional<Duration> value);
std::string show_value(const std::string& value);
std::string show_value(const std::vector<std::string>& value);
std::string show_value(const Secret& value);
std::string show_value(const ApiKey& value);
std::string show_value(const Workers& value);
std::string show_value(const ListenAddress& value);
std::string show_value(const BaseUrl& value);
std::string show_value(const std::optional<WallTime>& value);
std::string show_value(const std::vector<Header>& value);
std::string show_value(Dialect value);
std::string show_value(AuthMode value);
std::string show_value(Unpriced value);
std::string show_value(AnswerStore value);
std::string show_value(StreamUpstream value);
std::string show_value(Balance value);
std::string show_value(Interrupted value);
std::string show_value(Prefill value);
std::string show_value(Priority value);
std::string show_value(Abilities value);
std::string show_value(AlertSeverity value);
std::string show_value(LogLevel value);
std::string show_value(LogFormat value);

// For the reference: "duration, 1ms..5m". The value itself is not looked at.
std::string type_of(const ValueRules& rules, bool);
std::string type_of(const ValueRules& rules, std::uint32_t);
std::string type_of(const ValueRules& rules, Bytes);
std::string type_of(const ValueRules& rules, Duration);
std::string type_of(const ValueRules& rules, std::optional<std::uint32_t>);
std::string type_of(const ValueRules& rules, std::optional<Duration>);
std::string type_of(const ValueRules& rules, const std::string&);
std::string type_of(const ValueRules& rules, const std::vector<std::string>&);
std::string type_of(const ValueRules& rules, const Secret&);
std::string type_of(const ValueRules& rules, const ApiKey&);
std::string type_of(const ValueRules& rules, const Workers&);
std::string type_of(const ValueRules& rules, const ListenAddress&);
std::string type_of(const ValueRules& rules, const BaseUrl&);
std::string type_of(const ValueRules& rules, const std::optional<WallTime>&);
std::string type_of(const ValueRules& rules, const std::vector<Header>&);
std::string type_of(const ValueRules& rules, Dialect);
std::string type_of(const ValueRules& rules, AuthMode);
std::string type_of(const ValueRules& rules, Unpriced);
std::string type_of(const ValueRules& rules, AnswerStore);
std::string type_of(const ValueRules& rules, StreamUpstream);
std::string type_of(const ValueRules& rules, Balance);
std::string type_of(const ValueRules& rules, Interrupted);
std::string type_of(const ValueRules& rules, Prefill);
std::string type_of(const ValueRules& rules, Priority);
std::string type_of(const ValueRules& rules, Abilities);
std::string type_of(const ValueRules& rules, AlertSeverity);
std::string type_of(const ValueRules& rules, LogLevel);
std::string type_of(const ValueRules& rules, LogFormat);

// "64KiB": a whole number and B, KiB, MiB, GiB or TiB.
std::optional<Bytes> parse_bytes(std::string_view text);

}  // namespace recloser::config
