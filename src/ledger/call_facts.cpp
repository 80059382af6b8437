#include "ledger/call_facts.h"

#include "ledger/call_json.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace recloser::ledger {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t room_at_first = 2048;
constexpr std::size_t number_bytes_max = 21;  // "-9223372036854775808" and a comma
constexpr std::size_t escape_bytes_max = 6;   // \u0000

// ---- writing

constexpr std::uint64_t each_byte(std::uint64_t value) { return value * 0x0101010101010101; }

// Whether any byte of the word is one that JSON escapes: below a space, a quote, a backslash.
bool needs_escape(std::uint64_t word) {
  auto has_zero = [](std::uint64_t w) { return (w - each_byte(1)) & ~w & each_byte(0x80); };
  std::uint64_t below_space = (word - each_byte(0x20)) & ~word & each_byte(0x80);
  return (below_space | has_zero(word ^ each_byte('"')) | has_zero(word ^ each_byte('\\'))) != 0;
}

bool is_plain(std::string_view text) {
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    if (needs_escape(word)) return false;
  }
  word = each_byte(' ');
  std::memcpy(&word, text.data(), text.size());
  return !needs_escape(word);
}

char* put_escaped(char* to, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      std::memcpy(to, "\\u00", 4);
      to[4] = digits[byte >> 4];
      to[5] = digits[byte & 15];
      to += escape_bytes_max;
      continue;
    }
    if (c == '"' || c == '\\') *to++ = '\\';
    *to++ = c;
  }
  return to;
}

void put_raw(FactsRoom& out, std::string_view text) {
  std::memcpy(out.room_for(text.size()), text.data(), text.size());
  out.taken(text.size());
}

// Every value ends with a comma; the one that closes an array takes the last one's place.
void put(FactsRoom& out, std::string_view text) {
  if (text.empty()) {
    put_raw(out, "null,");
    return;
  }
  char* begin = out.room_for(text.size() * escape_bytes_max + 3);
  char* to = begin;
  *to++ = '"';
  if (is_plain(text)) {
    std::memcpy(to, text.data(), text.size());
    to += text.size();
  } else {
    to = put_escaped(to, text);
  }
  *to++ = '"';
  *to++ = ',';
  out.taken(static_cast<std::size_t>(to - begin));
}

void put(FactsRoom& out, std::int64_t number) {
  if (number == absent) {
    put_raw(out, "null,");
    return;
  }
  char* begin = out.room_for(number_bytes_max);
  char* to = std::to_chars(begin, begin + number_bytes_max - 1, number).ptr;
  *to++ = ',';
  out.taken(static_cast<std::size_t>(to - begin));
}

// Wraps instead of overflowing: what a broken clock gave must come back as it was.
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

void put_exactly(FactsRoom& out, std::int64_t number) {
  if (number != absent) return put(out, number);
  put_raw(out, "-1,");
}

void put_decisions(FactsRoom& out, const CallRecord& record) {
  if (record.decision_count() == 0) return put_raw(out, "null,");
  std::string json;  // rare: a call that was refused or cut
  append_decisions_json(json, record);
  put_raw(out, json);
  put_raw(out, ",");
}

void put_attempts(FactsRoom& out, const CallRecord& record) {
  put_raw(out, "[");
  for (std::size_t i = 0; i < record.attempt_count(); ++i) {
    const Attempt& attempt = record.attempt(i);
    put_raw(out, "[");
    put(out, record.text_at(attempt.target));
    put_exactly(out, difference(attempt.started_at.ns, record.started_at.ns));
    put(out, attempt.ttft_ns);
    put(out, attempt.status == 0 ? absent : std::int64_t{attempt.status});
    put(out, attempt.outcome == Outcome::open ? ""sv : name_of(attempt.outcome));
    put(out, record.text_at(attempt.error_class));
    put(out, record.text_at(attempt.provider_request_id));
    put(out, attempt.input_tokens);
    put(out, attempt.output_tokens);
    out.drop_last();
    put_raw(out, "],");
  }
  if (record.attempt_count() > 0) out.drop_last();
  put_raw(out, "]");
}

// ---- reading

// Takes one value after the other out of an array. Behind what cannot be read there is nothing.
class ArrayReader {
 public:
  explicit ArrayReader(std::string_view array) : rest_(array) {}

  // Moves to the next value; false at the end.
  bool next() {
    if (rest_.empty() || (rest_.front() != '[' && rest_.front() != ',')) return false;
    if (rest_.starts_with("[]")) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string text() {
    if (!next() || take_null()) return {};
    std::string out;
    if (!rest_.starts_with('"')) return spoiled(std::move(out));
    rest_.remove_prefix(1);
    while (!rest_.starts_with('"')) {
      std::size_t plain = std::min(rest_.find_first_of("\"\\"), rest_.size());
      out += rest_.substr(0, plain);
      rest_.remove_prefix(plain);
      if (rest_.starts_with('\\') && !take_escape(out)) return spoiled(std::move(out));
      if (rest_.empty()) return out;
    }
    rest_.remove_prefix(1);
    return out;
  }

  std::optional<std::int64_t> number() {
    if (!next() || take_null()) return std::nullopt;
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) {
      rest_ = {};
      return std::nullopt;
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  // An array as it stands there, or "" for null.
  std::string_view array() {
    if (!next() || take_null()) return {};
    std::size_t end = rest_.starts_with('[') ? end_of_array() : 0;
    std::string_view out = rest_.substr(0, end);
    rest_.remove_prefix(end == 0 ? rest_.size() : end);
    return out;
  }

 private:
  bool take_null() {
    if (!rest_.starts_with("null")) return false;
    rest_.remove_prefix(4);
    return true;
  }

  std::string spoiled(std::string out) {
    rest_ = {};
    return out;
  }

  // What put_escaped() writes.
  bool take_escape(std::string& out) {
    if (rest_.starts_with("\\u00") && rest_.size() >= escape_bytes_max) {
      unsigned value = 0;
      const char* digits = rest_.data() + 4;
      if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) return false;
      out += static_cast<char>(value);
      rest_.remove_prefix(escape_bytes_max);
      return true;
    }
    if (rest_.size() < 2 || (rest_[1] != '"' && rest_[1] != '\\')) return false;
    out += rest_[1];
    rest_.remove_prefix(2);
    return true;
  }

  // Behind the bracket that closes the first one; 0 when there is none.
  std::size_t end_of_array() const {
    std::size_t depth = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      char c = rest_[i];
      if (in_text) {
        if (c == '\\') ++i;
        if (c == '"') in_text = false;
        continue;
      }
      if (c == '"') in_text = true;
      if (c == '[') ++depth;
      if (c == ']' && --depth == 0) return i + 1;
    }
    return 0;
  }

  std::string_view rest_;
};

TokensSource tokens_source_named(std::string_view name) {
  if (name == name_of(TokensSource::exact)) return TokensSource::exact;
  if (name == name_of(TokensSource::estimated)) return TokensSource::estimated;
  return TokensSource::none;
}

std::string attempts_json(std::string_view array, WallTime call_started_at) {
  std::vector<AttemptTold> attempts;
  ArrayReader all(array);
  for (std::string_view one = all.array(); !one.empty(); one = all.array()) {
    ArrayReader facts(one);
    AttemptTold attempt;
    attempt.target = facts.text();
    attempt.started_at = {sum(call_started_at.ns, facts.number().value_or(0))};
    attempt.ttft_ns = facts.number();
    attempt.status = facts.number();
    attempt.outcome = facts.text();
    attempt.error_class = facts.text();
    attempt.provider_request_id = facts.text();
    attempt.input_tokens = facts.number();
    attempt.output_tokens = facts.number();
    attempts.push_back(std::move(attempt));
  }
  std::string json;
  append_attempts_json(json, attempts);
  return json;
}

}  // namespace

void FactsRoom::grow(std::size_t most) {
  capacity_ = std::max({room_at_first, capacity_ * 2, size_ + most});
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity_);
  if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
}

void write_facts(FactsRoom& out, const CallRecord& record) {
  out.clear();
  put_raw(out, "[");
  CallId::Text id = record.id.text();
  put(out, std::string_view(id.data(), id.size()));
  put_exactly(out, record.started_at.ns);
  put(out, record.duration_ns);
  put(out, record.ttft_ns);
  for (Text text : {Text::key_id, Text::org, Text::team, Text::user, Text::agent, Text::session,
                    Text::trace, Text::client_dialect, Text::operation, Text::model_requested,
                    Text::provider, Text::model_served, Text::region}) {
    put(out, record.text(text));
  }
  put(out, record.status == 0 ? absent : std::int64_t{record.status});
  for (std::int64_t number :
       {record.input_tokens, record.cached_input_tokens, record.cache_write_tokens,
        record.output_tokens, record.reasoning_tokens}) {
    put(out, number);
  }
  put(out, record.tokens_source == TokensSource::none ? ""sv : name_of(record.tokens_source));
  for (std::int64_t number : {record.delivered_tokens, record.overshoot_tokens,
                              record.upstream_close_ms, record.overhead_us}) {
    put(out, number);
  }
  put(out, record.text(Text::labels));
  put_decisions(out, record);
  put_attempts(out, record);
  put_raw(out, "]");
}

std::string as_in_facts(std::string_view text) {
  FactsRoom room;
  put_raw(room, ",");
  put(room, text);
  return std::string(room.text());
}

StoredCall read_facts(std::string_view facts) {
  ArrayReader in(facts);
  StoredCall call;
  call.id = CallId::parse(in.text()).value_or(CallId{});
  call.started_at = {in.number().value_or(0)};
  call.duration_ns = in.number();
  call.ttft_ns = in.number();
  for (std::string* text :
       {&call.key_id, &call.org, &call.team, &call.user, &call.agent, &call.session, &call.trace,
        &call.client_dialect, &call.operation, &call.model_requested, &call.provider,
        &call.model_served, &call.region}) {
    *text = in.text();
  }
  call.status = in.number();
  for (auto* number : {&call.input_tokens, &call.cached_input_tokens, &call.cache_write_tokens,
                       &call.output_tokens, &call.reasoning_tokens}) {
    *number = in.number();
  }
  call.tokens_source = tokens_source_named(in.text());
  for (auto* number : {&call.delivered_tokens, &call.overshoot_tokens, &call.upstream_close_ms,
                       &call.overhead_us}) {
    *number = in.number();
  }
  call.labels.clear();
  append_labels_json(call.labels, in.text());
  std::string_view decisions = in.array();
  if (!decisions.empty()) call.decisions = decisions;
  call.attempts = attempts_json(in.array(), call.started_at);
  return call;
}

}  // namespace recloser::ledger
