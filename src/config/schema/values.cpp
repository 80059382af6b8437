#include "config/schema/values.h"

#include "config/schema/choice.h"
#include "config/yaml/utf8.h"
#include "core/ascii.h"
#include "core/names.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace recloser::config {
namespace {

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

bool within(std::int64_t value, Bounds bounds) {
  return value >= bounds.least && value <= bounds.most;
}

std::string such_as(const ValueRules& rules) {
  return rules.example.empty() ? std::string() : fmt::format(" such as {}", rules.example);
}

std::size_t text_bytes_max(Text text) {
  switch (text) {
    case Text::name:
    case Text::words:
    case Text::label:
      return limits::principal_name_bytes_max;
    case Text::word:
      return limits::model_name_bytes_max;
    case Text::sentence:
      return 500;
    case Text::path:
      return 4095;  // PATH_MAX of Linux without its NUL
    case Text::database:
      return 255 + std::string_view("sqlite:").size();  // NAME_MAX
  }
  return 0;
}

constexpr Choice dialects[] = {{"openai", static_cast<int>(Dialect::openai)},
                               {"anthropic", static_cast<int>(Dialect::anthropic)},
                               {"simulated", static_cast<int>(Dialect::simulated)},
                               {"gemini", -1},
                               {"bedrock", -1},
                               {"cohere", -1},
                               {"ollama", -1}};
constexpr Choice auth_modes[] = {{"keys", static_cast<int>(AuthMode::keys)},
                                 {"open", static_cast<int>(AuthMode::open)}};
constexpr Choice unpriced_choices[] = {
    {"allow_without_budget", static_cast<int>(Unpriced::allow_without_budget)},
    {"refuse", static_cast<int>(Unpriced::refuse)}};
constexpr Choice answer_store_choices[] = {{"memory", static_cast<int>(AnswerStore::memory)},
                                           {"disk", static_cast<int>(AnswerStore::disk)}};
constexpr Choice stream_upstream_choices[] = {{"auto", static_cast<int>(StreamUpstream::automatic)},
                                              {"always", static_cast<int>(StreamUpstream::always)},
                                              {"never", static_cast<int>(StreamUpstream::never)}};
constexpr Choice balance_choices[] = {{"weights", static_cast<int>(Balance::weights)},
                                      {"least_latency", static_cast<int>(Balance::least_latency)}};
constexpr Choice interrupted_choices[] = {{"error", static_cast<int>(Interrupted::error)},
                                          {"continue", static_cast<int>(Interrupted::go_on)},
                                          {"restart", static_cast<int>(Interrupted::restart)}};
constexpr Choice prefill_choices[] = {{"auto", static_cast<int>(Prefill::automatic)},
                                      {"none", static_cast<int>(Prefill::none)},
                                      {"plain", static_cast<int>(Prefill::plain)},
                                      {"prefix", static_cast<int>(Prefill::prefix)},
                                      {"partial", static_cast<int>(Prefill::partial)},
                                      {"final_message", static_cast<int>(Prefill::final_message)}};
constexpr Choice priority_choices[] = {{"high", static_cast<int>(Priority::high)},
                                       {"normal", static_cast<int>(Priority::normal)},
                                       {"low", static_cast<int>(Priority::low)}};
constexpr Choice ability_choices[] = {{"tools", static_cast<int>(Ability::tools)},
                                      {"vision", static_cast<int>(Ability::vision)},
                                      {"schema", static_cast<int>(Ability::schema)},
                                      {"streaming", static_cast<int>(Ability::streaming)}};
constexpr Choice severities[] = {{"info", static_cast<int>(AlertSeverity::info)},
                                 {"warning", static_cast<int>(AlertSeverity::warning)},
                                 {"critical", static_cast<int>(AlertSeverity::critical)}};
constexpr Choice log_levels[] = {{"debug", static_cast<int>(LogLevel::debug)},
                                 {"info", static_cast<int>(LogLevel::info)},
                                 {"warning", static_cast<int>(LogLevel::warning)},
                                 {"error", static_cast<int>(LogLevel::error)}};
constexpr Choice log_formats[] = {{"text", static_cast<int>(LogFormat::text)},
                                  {"json", static_cast<int>(LogFormat::json)}};

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr Unit units[] = {{"TiB", std::uint64_t{1} << 40},
                          {"GiB", std::uint64_t{1} << 30},
                          {"MiB", std::uint64_t{1} << 20},
                          {"KiB", std::uint64_t{1} << 10},
                          {"B", 1}};

Bytes least(const ValueRules& rules) { return {static_cast<std::uint64_t>(rules.bounds.least)}; }
Bytes most(const ValueRules& rules) { return {static_cast<std::uint64_t>(rules.bounds.most)}; }

std::string range_of(const ValueRules& rules, Bytes) {
  return fmt::format("{}..{}", show_value(least(rules)), show_value(most(rules)));
}
std::string range_of(const ValueRules& rules, Duration) {
  return fmt::format("{}..{}", show_value(Duration(rules.bounds.least)),
                     show_value(Duration(rules.bounds.most)));
}
std::string range_of(const ValueRules& rules, std::uint32_t) {
  return fmt::format("{}..{}", rules.bounds.least, rules.bounds.most);
}

std::optional<std::uint32_t> read_count(Reading& in, const ValueRules& rules, const Node& node) {
  std::string type = fmt::format("a whole number, {}", range_of(rules, std::uint32_t{}));
  std::optional<std::string> text = in.scalar(node, type);
  if (!text) return std::nullopt;
  std::optional<std::int64_t> number = parse_whole(*text);
  if (number && within(*number, rules.bounds)) return static_cast<std::uint32_t>(*number);
  in.wrong(node, fmt::format("be {}", number ? range_of(rules, std::uint32_t{}) : type));
  return std::nullopt;
}

std::optional<Duration> read_duration(Reading& in, const ValueRules& rules, const Node& node) {
  std::string type = fmt::format("a duration{}, in ms, s, m, h or d", such_as(rules));
  std::optional<std::string> text = in.scalar(node, type);
  if (!text) return std::nullopt;
  Result<Duration> duration = parse_duration(*text);
  if (duration && within(duration->count(), rules.bounds)) return *duration;
  in.wrong(node, fmt::format("be {}", duration ? range_of(rules, *duration) : type));
  return std::nullopt;
}

}  // namespace

std::string text_fault(Text rule, std::string_view text) {
  if (text.empty() || text.size() > text_bytes_max(rule)) {
    return fmt::format("must be 1..{} bytes; you wrote {}", text_bytes_max(rule), text.size());
  }
  bool printable = is_printable(text);
  bool has_space = text.find(' ') != text.npos;
  bool space_at_end = text.front() == ' ' || text.back() == ' ';
  std::string_view store = "sqlite:";
  std::string_view file = text.starts_with(store) ? text.substr(store.size()) : "";
  switch (rule) {
    case Text::name:
      if (is_plain_name(text)) return {};
      return fmt::format("must be {}", plain_name_rule);
    case Text::word:
      return printable && !has_space ? "" : "must be printable text without spaces";
    case Text::words:
      return printable && !space_at_end ? "" : "must be printable text without spaces at its ends";
    case Text::label:
      if (printable && !has_space && text.find(',') == text.npos) return {};
      return "must be printable text without spaces and commas";
    case Text::path:
      return printable ? "" : "must be a path of printable text";
    case Text::sentence:
      return printable && !space_at_end ? "" : "must be printable text without spaces at its ends";
    case Text::database:
      if (text.starts_with("postgres")) {
        return "cannot be PostgreSQL: that is not supported in this version; write sqlite:NAME";
      }
      return is_plain_name(file) ? "" : "must be sqlite:NAME, a file in the state directory";
  }
  return {};
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::optional<std::int64_t> number = parse_whole(text.substr(0, digits));
  if (!number) return std::nullopt;
  auto count = static_cast<std::uint64_t>(*number);
  for (const Unit& unit : units) {
    if (unit.name != text.substr(digits)) continue;
    if (count > static_cast<std::uint64_t>(INT64_MAX) / unit.bytes) return std::nullopt;
    return Bytes{count * unit.bytes};
  }
  return std::nullopt;
}

void read_value(Reading& in, const ValueRules&, const Node& node, bool& out) {
  std::optional<std::string> text = in.scalar(node, "true or false");
  if (!text) return;
  if (*text != "true" && *text != "false") return in.wrong(node, "be true or false");
  out = *text == "true";
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, std::uint32_t& out) {
  out = read_count(in, rules, node).value_or(out);
}

void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<std::uint32_t>& out) {
  if (std::optional<std::uint32_t> count = read_count(in, rules, node)) out = count;
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, Bytes& out) {
  std::string type = fmt::format("a size{}, in B, KiB, MiB, GiB or TiB", such_as(rules));
  std::optional<std::string> text = in.scalar(node, type);
  if (!text) return;
  std::optional<Bytes> size = parse_bytes(*text);
  if (!size) return in.wrong(node, fmt::format("be {}", type));
  if (*size < least(rules) || *size > most(rules)) {
    return in.wrong(node, fmt::format("be {}", range_of(rules, out)));
  }
  out = *size;
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, Duration& out) {
  out = read_duration(in, rules, node).value_or(out);
}

void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::optional<Duration>& out) {
  if (std::optional<Duration> duration = read_duration(in, rules, node)) out = duration;
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, std::string& out) {
  std::optional<std::string> text = in.scalar(node, "text");
  if (!text) return;
  std::string fault = text_fault(rules.text, *text);
  if (!fault.empty()) return in.error(node, fault);
  out = rules.text == Text::path ? in.resolve(*text) : std::move(*text);
}

void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::vector<std::string>& out) {
  if (node.kind != Node::Kind::list) {
    return in.wrong(node, fmt::format("be a list{}", such_as(rules)));
  }
  if (!within(static_cast<std::int64_t>(node.items.size()), rules.bounds)) {
    return in.error(node, fmt::format("must hold {} entries; you wrote {}",
                                      range_of(rules, std::uint32_t{}), node.items.size()));
  }
  std::vector<std::string> texts;
  ValueRules each{.bounds = {}, .text = rules.text, .example = {}};
  for (const Node& item : node.items) {
    Reading::Step step(in, texts.size());
    read_value(in, each, item, texts.emplace_back());
  }
  out = std::move(texts);
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, Workers& out) {
  std::string wanted = fmt::format("auto or {}", range_of(rules, std::uint32_t{}));
  std::optional<std::string> text = in.scalar(node, wanted);
  if (!text) return;
  std::optional<std::int64_t> number = parse_whole(*text);
  if (*text == "auto") {
    out.count = 0;
  } else if (number && within(*number, rules.bounds)) {
    out.count = static_cast<std::uint32_t>(*number);
  } else {
    in.wrong(node, fmt::format("be {}", wanted));
  }
}

void read_value(Reading& in, const ValueRules&, const Node& node, ListenAddress& out) {
  std::optional<std::string> text = in.scalar(node, "an IP address and a port");
  if (!text) return;
  Result<ListenAddress> address = ListenAddress::parse(*text);
  if (!address) {
    return in.error(node,
                    fmt::format("{}; you wrote {}", address.error().message(), written(node)));
  }
  out = *address;
}

void read_value(Reading& in, const ValueRules&, const Node& node, BaseUrl& out) {
  std::optional<std::string> text = in.scalar(node, "a URL");
  if (!text) return;
  Result<BaseUrl> url = BaseUrl::parse(*text);
  if (!url) return in.error(node, url.error().message());
  out = std::move(*url);
}

void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<WallTime>& out) {
  std::string_view wanted = "a day or time such as 2027-01-01 or 2027-01-01T12:00:00Z";
  std::optional<std::string> text = in.scalar(node, wanted);
  if (!text) return;
  Result<WallTime> time = parse_rfc3339(*text);
  if (!time) return in.wrong(node, fmt::format("be {}", wanted));
  out = *time;
}

void read_value(Reading& in, const ValueRules&, const Node& node, Dialect& out) {
  read_choice(in, node, dialects, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, AuthMode& out) {
  read_choice(in, node, auth_modes, out);
}

void read_value(Reading& in, const ValueRules&, const Node& node, Unpriced& out) {
  read_choice(in, node, unpriced_choices, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, AnswerStore& out) {
  read_choice(in, node, answer_store_choices, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, StreamUpstream& out) {
  read_choice(in, node, stream_upstream_choices, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, Balance& out) {
  read_choice(in, node, balance_choices, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, Interrupted& out) {
  read_choice(in, node, interrupted_choices, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, Prefill& out) {
  read_choice(in, node, prefill_choices, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, Priority& out) {
  read_choice(in, node, priority_choices, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, Abilities& out) {
  if (node.kind != Node::Kind::list) {
    in.wrong(node, fmt::format("be a list of {}", list_of(ability_choices)));
    return;
  }
  out = Abilities();
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Reading::Step step(in, i);
    std::optional<int> ability = choose(in, node.items[i], ability_choices);
    if (ability) out.add(static_cast<Ability>(*ability));
  }
}
void read_value(Reading& in, const ValueRules&, const Node& node, AlertSeverity& out) {
  read_choice(in, node, severities, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, LogLevel& out) {
  read_choice(in, node, log_levels, out);
}
void read_value(Reading& in, const ValueRules&, const Node& node, LogFormat& out) {
  read_choice(in, node, log_formats, out);
}

void read_name(Reading& in, const ValueRules& rules, const Node::Key& key, std::string& out) {
  std::string fault = text_fault(rules.text, key.text);
  if (!fault.empty()) in.error(key.place, fmt::format("is a name and {}", fault));
  out = key.text;
}

std::string show_value(bool value) { return value ? "true" : "false"; }
std::string show_value(std::uint32_t value) { return fmt::format("{}", value); }
std::string show_value(std::optional<std::uint32_t> value) {
  return value ? show_value(*value) : "";
}
std::string show_value(std::optional<Duration> value) { return value ? show_value(*value) : ""; }
std::string show_value(Bytes value) {
  for (const Unit& unit : units) {
    if (value.count != 0 && value.count % unit.bytes == 0) {
      return fmt::format("{}{}", value.count / unit.bytes, unit.name);
    }
  }
  return "0B";
}
std::string show_value(Duration value) { return human_duration(value); }
std::string show_value(const std::string& value) { return value; }
std::string show_value(const std::vector<std::string>& value) {
  return value.empty() ? "" : fmt::format("[{}]", fmt::join(value, ", "));
}
std::string show_value(const Workers& value) {
  return value.automatic() ? "auto" : fmt::format("{}", value.count);
}
std::string show_value(const ListenAddress& value) { return value.str(); }
std::string show_value(const BaseUrl& value) { return value.str(); }
std::string show_value(const std::optional<WallTime>& value) {
  return value ? rfc3339(*value) : "";
}
std::string show_value(Dialect value) { return std::string(name_of(value)); }
std::string show_value(AuthMode value) { return std::string(name_of(value)); }
std::string show_value(Unpriced value) { return std::string(name_of(value)); }
std::string show_value(AnswerStore value) { return std::string(name_of(value)); }
std::string show_value(StreamUpstream value) {
  return std::string(name_in(stream_upstream_choices, static_cast<int>(value)));
}
std::string show_value(Balance value) { return std::string(name_of(value)); }
std::string show_value(Interrupted value) {
  return std::string(name_in(interrupted_choices, static_cast<int>(value)));
}
std::string show_value(Prefill value) {
  return std::string(name_in(prefill_choices, static_cast<int>(value)));
}
std::string show_value(Priority value) { return std::string(name_of(value)); }
std::string show_value(Abilities value) {
  std::string out;
  for (const Choice& choice : ability_choices) {
    if (!value.has(static_cast<Ability>(choice.value))) continue;
    out += (out.empty() ? "" : ", ") + std::string(choice.name);
  }
  return out.empty() ? out : "[" + out + "]";
}
std::string show_value(AlertSeverity value) { return std::string(name_of(value)); }
std::string show_value(LogLevel value) {
  return std::string(name_in(log_levels, static_cast<int>(value)));
}
std::string show_value(LogFormat value) {
  return std::string(name_in(log_formats, static_cast<int>(value)));
}

std::string_view name_of(Dialect dialect) { return name_in(dialects, static_cast<int>(dialect)); }
std::string_view name_of(AlertSeverity severity) {
  return name_in(severities, static_cast<int>(severity));
}
std::string_view name_of(Balance balance) {
  return name_in(balance_choices, static_cast<int>(balance));
}
std::string_view name_of(Priority priority) {
  return name_in(priority_choices, static_cast<int>(priority));
}
std::string_view name_of(Ability ability) {
  return name_in(ability_choices, static_cast<int>(ability));
}
std::string_view name_of(AuthMode mode) { return name_in(auth_modes, static_cast<int>(mode)); }
std::string_view name_of(Unpriced unpriced) {
  return name_in(unpriced_choices, static_cast<int>(unpriced));
}
std::string_view name_of(AnswerStore store) {
  return name_in(answer_store_choices, static_cast<int>(store));
}

std::string type_of(const ValueRules&, bool) { return "true or false"; }
std::string type_of(const ValueRules& rules, std::uint32_t zero) {
  return fmt::format("whole number, {}", range_of(rules, zero));
}
std::string type_of(const ValueRules& rules, Bytes zero) {
  return fmt::format("size, {}", range_of(rules, zero));
}
std::string type_of(const ValueRules& rules, Duration zero) {
  return fmt::format("duration, {}", range_of(rules, zero));
}
std::string type_of(const ValueRules& rules, std::optional<std::uint32_t>) {
  return type_of(rules, std::uint32_t{});
}
std::string type_of(const ValueRules& rules, std::optional<Duration>) {
  return type_of(rules, Duration{});
}
std::string type_of(const ValueRules& rules, const std::string&) {
  std::size_t bytes_max = text_bytes_max(rules.text);
  switch (rules.text) {
    case Text::name:
      return fmt::format("name of letters, digits, '.', '_', '-', 1..{} bytes", bytes_max);
    case Text::word:
      return fmt::format("text without spaces, 1..{} bytes", bytes_max);
    case Text::words:
    case Text::sentence:
      return fmt::format("text, 1..{} bytes", bytes_max);
    case Text::label:
      return fmt::format("text without spaces and commas, 1..{} bytes", bytes_max);
    case Text::path:
      return "path, relative to this file";
    case Text::database:
      return "`sqlite:NAME`, NAME a file in the directory";
  }
  return {};
}
std::string type_of(const ValueRules& rules, const std::vector<std::string>&) {
  return fmt::format("list of {}; each {}", range_of(rules, std::uint32_t{}),
                     type_of(rules, std::string()));
}
std::string type_of(const ValueRules& rules, const Workers&) {
  return fmt::format("`auto` or {}", range_of(rules, std::uint32_t{}));
}
std::string type_of(const ValueRules&, const ListenAddress&) {
  return "IP address (or localhost) and port, 0..65535";
}
std::string type_of(const ValueRules&, const BaseUrl&) {
  return fmt::format("http or https URL, at most {} bytes", BaseUrl::bytes_max);
}
std::string type_of(const ValueRules&, const std::optional<WallTime>&) {
  return "day or time (RFC 3339)";
}
std::string type_of(const ValueRules&, Dialect) { return list_of(dialects); }
std::string type_of(const ValueRules&, AuthMode) { return list_of(auth_modes); }
std::string type_of(const ValueRules&, Unpriced) { return list_of(unpriced_choices); }
std::string type_of(const ValueRules&, AnswerStore) { return list_of(answer_store_choices); }
std::string type_of(const ValueRules&, StreamUpstream) { return list_of(stream_upstream_choices); }
std::string type_of(const ValueRules&, Balance) { return list_of(balance_choices); }
std::string type_of(const ValueRules&, Interrupted) { return list_of(interrupted_choices); }
std::string type_of(const ValueRules&, Prefill) { return list_of(prefill_choices); }
std::string type_of(const ValueRules&, Priority) { return list_of(priority_choices); }
std::string type_of(const ValueRules&, Abilities) {
  return fmt::format("list of {}", list_of(ability_choices));
}
std::string type_of(const ValueRules&, AlertSeverity) { return list_of(severities); }
std::string type_of(const ValueRules&, LogLevel) { return list_of(log_levels); }
std::string type_of(const ValueRules&, LogFormat) { return list_of(log_formats); }

}  // namespace recloser::config
