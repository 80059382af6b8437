#include "ledger/call_facts.h"

#include "ledger/call_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace recloser::ledger {
namespace {

static_assert(std::endian::native == std::endian::little, "digits lie in a word as in memory");

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

// Copies a word. True when all of it is plain.
template <class Word>
bool copy_plain_word(char* to, const char* from) {
  std::uint64_t word = each_byte(' ');
  std::memcpy(&word, from, sizeof(Word));
  std::memcpy(to, &word, sizeof(Word));
  return !needs_escape(word);
}

// Copies `text` if nothing of it needs an escape; what stands at `to` afterwards does not count if
// something does. Ends with a word that overlaps the one before it: most texts are short.
bool copy_plain(char* to, std::string_view text) {
  const char* from = text.data();
  std::size_t size = text.size();
  bool plain = true;
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      plain &= copy_plain_word<std::uint64_t>(to + i, from + i);
    }
    return plain & copy_plain_word<std::uint64_t>(to + size - 8, from + size - 8);
  }
  if (size >= 4) {
    plain = copy_plain_word<std::uint32_t>(to, from);
    return plain & copy_plain_word<std::uint32_t>(to + size - 4, from + size - 4);
  }
  for (std::size_t i = 0; i < size; ++i) {
    plain &= copy_plain_word<std::uint8_t>(to + i, from + i);
  }
  return plain;
}

char* put_escaped(char* to, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      to = std::ranges::copy("\\u00"sv, to).out;
      *to++ = digits[byte >> 4];
      *to++ = digits[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') *to++ = '\\';
    *to++ = c;
  }
  return to;
}

// Eight digits of a number below 10^8, the first one in the lowest byte: halves are split into
// quarters and those into digits, all lanes of the word at once.
std::uint64_t eight_digits(std::uint64_t number) {
  std::uint64_t lanes = number / 10'000 | (number % 10'000) << 32;
  std::uint64_t upper = (lanes * 5'243 >> 19) & 0x0000'007f'0000'007f;  // a hundredth of each
  lanes = upper | (lanes - upper * 100) << 16;
  upper = (lanes * 103 >> 10) & 0x000f'000f'000f'000f;  // a tenth of each
  return upper | (lanes - upper * 10) << 8;
}

// Rows are numbers for the most part, so they are written in words. May touch the seven bytes
// behind what it writes.
char* put_number(char* to, std::uint64_t number) {
  constexpr std::uint64_t eight_digits_end = 100'000'000;
  if (number < 10) {  // many are 0
    *to = static_cast<char>('0' + number);
    return to + 1;
  }
  if (number >= eight_digits_end) {
    to = put_number(to, number / eight_digits_end);
    std::uint64_t word = eight_digits(number % eight_digits_end) | each_byte('0');
    std::memcpy(to, &word, sizeof word);
    return to + sizeof word;
  }
  std::uint64_t digits = eight_digits(number);
  int leading_zero_bits = std::countr_zero(digits) & ~7;
  std::uint64_t word = (digits | each_byte('0')) >> leading_zero_bits;
  std::memcpy(to, &word, sizeof word);
  return to + 8 - leading_zero_bits / 8;
}

// Writes values one after the other into room that was made for all of them. Every value ends with
// a comma; the bracket that closes an array takes the last one's place.
class Pen {
 public:
  explicit Pen(char* to) : to_(to) {}
  const char* at() const { return to_; }

  void raw(std::string_view text) {
    std::memcpy(to_, text.data(), text.size());
    to_ += text.size();
  }
  void open() { *to_++ = '['; }
  void close() {
    if (to_[-1] == ',') --to_;
    *to_++ = ']';
  }
  void comma() { *to_++ = ','; }
  void null() { raw("null,"); }

  void text(std::string_view text) {
    if (text.empty()) return null();
    *to_++ = '"';
    to_ = copy_plain(to_, text) ? to_ + text.size() : put_escaped(to_, text);
    raw("\",");
  }
  void exact(std::int64_t number) {
    auto value = static_cast<std::uint64_t>(number);
    if (number < 0) {
      *to_++ = '-';
      value = -value;
    }
    to_ = put_number(to_, value);
    comma();
  }
  void number(std::int64_t number) { number == absent ? null() : exact(number); }

 private:
  char* to_;
};

// Wraps instead of overflowing: what a broken clock gave must come back as it was.
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// Enough for every value but the decisions and the budgets.
std::size_t room_for_all(const CallRecord& record) {
  constexpr std::size_t values_max = 45 + limits::attempts_max * 10;
  constexpr std::size_t brackets_max = 6 + limits::attempts_max * 3;
  constexpr std::size_t names_bytes_max = 32 * (2 + limits::attempts_max);  // of enumerations
  std::size_t texts = sizeof(CallId::Text) + names_bytes_max;
  for (std::size_t i = 0; i < text_count; ++i) texts += record.text(Text(i)).size();
  for (std::size_t i = 0; i < record.attempt_count(); ++i) {
    const Attempt& attempt = record.attempt(i);
    texts += attempt.target.size + attempt.error_class.size + attempt.provider_request_id.size;
  }
  return texts * escape_bytes_max + values_max * number_bytes_max + brackets_max;
}

void write_attempts(Pen& pen, const CallRecord& record) {
  pen.open();
  for (std::size_t i = 0; i < record.attempt_count(); ++i) {
    const Attempt& attempt = record.attempt(i);
    pen.open();
    pen.text(record.text_at(attempt.target));
    pen.exact(difference(attempt.started_at.ns, record.started_at.ns));
    pen.number(attempt.ttft_ns);
    pen.number(attempt.status == 0 ? absent : std::int64_t{attempt.status});
    pen.text(attempt.outcome == Outcome::open ? ""sv : name_of(attempt.outcome));
    pen.text(record.text_at(attempt.error_class));
    pen.text(record.text_at(attempt.provider_request_id));
    pen.number(attempt.input_tokens);
    pen.number(attempt.output_tokens);
    if (attempt.cost_nano_usd != absent) pen.exact(attempt.cost_nano_usd);
    pen.close();
    pen.comma();
  }
  pen.close();
}

// Of a row that has a cost, the list price differs rarely: a difference is a byte or two.
std::int64_t above_cost(const CallRecord& record) {
  std::int64_t cost = record.cost_nano_usd == absent ? 0 : record.cost_nano_usd;
  return difference(record.list_cost_nano_usd, cost);
}

// Whether any were written.
bool write_costs(Pen& pen, const CallRecord& record) {
  const std::array<std::int64_t, 10> rest{
      record.fees_nano_usd,          record.overrun_nano_usd,          record.input_cost_nano_usd,
      record.cached_cost_nano_usd,   record.cache_write_cost_nano_usd, record.output_cost_nano_usd,
      record.expected_cost_nano_usd, record.upper_cost_nano_usd,       record.expected_input_tokens,
      record.upper_input_tokens,
  };
  std::string_view rare = record.text(Text::rare_usage);
  std::size_t known = rest.size();
  if (rare.empty()) {
    while (known > 0 && rest[known - 1] == absent) --known;
  }
  bool nothing = known == 0 && rare.empty() && record.cost_source == CostSource::none &&
                 record.cost_nano_usd == absent && record.list_cost_nano_usd == absent &&
                 record.text(Text::price_version).empty();
  if (nothing) return false;
  pen.open();
  bool none = record.cost_source == CostSource::none;
  pen.text(none ? ""sv : name_of(record.cost_source));
  pen.text(record.text(Text::price_version));
  pen.number(record.cost_nano_usd);
  record.list_cost_nano_usd == absent ? pen.null() : pen.exact(above_cost(record));
  for (std::int64_t number : std::span(rest).first(known)) pen.number(number);
  if (!rare.empty()) pen.text(rare);
  pen.close();
  pen.comma();
  return true;
}

std::size_t room_for(std::span<const FactsBudget> budgets) {
  constexpr std::size_t rest = 2 + 3 * number_bytes_max;  // brackets and figures
  std::size_t bytes = 0;
  for (const FactsBudget& budget : budgets) bytes += budget.account.size() + rest;
  return bytes;
}

void write_budgets(Pen& pen, std::span<const FactsBudget> budgets) {
  pen.null();  // where schemas before this one have them
  pen.open();
  for (const FactsBudget& budget : budgets) {
    pen.raw(budget.account);
    pen.exact(budget.figures.reserved);
    pen.exact(budget.figures.charged);
    pen.exact(budget.figures.remaining);
    pen.close();
    pen.comma();
  }
  pen.close();
  pen.comma();
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

  bool at_text() const { return rest_.size() > 1 && rest_[1] == '"'; }  // as the next value

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
    attempt.cost_nano_usd = facts.number();
    attempts.push_back(std::move(attempt));
  }
  std::string json;
  append_attempts_json(json, attempts);
  return json;
}

// The next one of a route.
std::optional<TargetTold> told_target(ArrayReader& route) {
  if (route.at_text()) return TargetTold{route.text(), "passing", 0, ""};
  ArrayReader facts(route.array());
  if (!facts.at_text()) return std::nullopt;
  TargetTold target{facts.text(), "passing", 0, ""};
  if (facts.at_text()) target.state = facts.text();
  target.ttft_ms = facts.number();
  target.why_not = facts.text();
  return target;
}

RouteTold told_route(std::string_view array) {
  ArrayReader all(array);
  RouteTold route;
  route.balance = all.text();
  route.sticky = all.number().value_or(0) != 0;
  while (std::optional<TargetTold> target = told_target(all)) {
    route.targets.push_back(std::move(*target));
  }
  return route;
}

void read_amounts(BudgetTold& budget, ArrayReader& facts) {
  budget.window_begun_ns = facts.number();
  budget.reserved = facts.number();
  budget.charged = facts.number();
  budget.remaining = facts.number();
}

BudgetTold named_budget(ArrayReader facts) {
  BudgetTold budget;
  budget.name = facts.text();
  budget.key = facts.text();
  budget.unit = facts.text();
  facts.text();  // kind
  read_amounts(budget, facts);
  return budget;
}

// One whose number stands for nothing is told without a name.
BudgetTold numbered_budget(ArrayReader facts, const BudgetNames& names) {
  BudgetTold budget;
  auto known = names.find(facts.number().value_or(0));
  if (known != names.end()) {
    budget.name = known->second.name;
    budget.unit = known->second.unit;
  }
  budget.key = facts.text();
  read_amounts(budget, facts);
  return budget;
}

std::string budgets_json(std::string_view named, std::string_view numbered,
                         const BudgetNames& names) {
  std::vector<BudgetTold> budgets;
  ArrayReader all(named);
  for (std::string_view one = all.array(); !one.empty(); one = all.array()) {
    budgets.push_back(named_budget(ArrayReader(one)));
  }
  all = ArrayReader(numbered);
  for (std::string_view one = all.array(); !one.empty(); one = all.array()) {
    budgets.push_back(numbered_budget(ArrayReader(one), names));
  }
  std::string json;
  append_budgets_json(json, budgets);
  return json;
}

void read_costs(StoredCall& call, std::string_view array) {
  ArrayReader in(array);
  call.cost_source = cost_source_named(in.text()).value_or(CostSource::none);
  call.price_version = in.text();
  call.cost_nano_usd = in.number();
  call.list_cost_nano_usd = in.number();
  if (call.list_cost_nano_usd) {
    call.list_cost_nano_usd = sum(*call.list_cost_nano_usd, call.cost_nano_usd.value_or(0));
  }
  for (auto* number :
       {&call.fees_nano_usd, &call.overrun_nano_usd, &call.input_cost_nano_usd,
        &call.cached_cost_nano_usd, &call.cache_write_cost_nano_usd, &call.output_cost_nano_usd,
        &call.expected_cost_nano_usd, &call.upper_cost_nano_usd, &call.expected_input_tokens,
        &call.upper_input_tokens}) {
    *number = in.number();
  }
  call.rare_usage = in.text();
}

}  // namespace

char* FactsRoom::clear(std::size_t most) {
  size_ = 0;
  if (most > capacity_) {
    capacity_ = std::max({room_at_first, capacity_ * 2, most});
    bytes_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  return bytes_.get();
}

std::string account_in_facts(std::int64_t budget, std::string_view key, WallTime window_begun) {
  std::string out(key.size() * escape_bytes_max + 4 * number_bytes_max, ' ');
  Pen pen(out.data());
  pen.open();
  pen.exact(budget);
  pen.text(key);
  pen.exact(window_begun.ns);
  out.resize(static_cast<std::size_t>(pen.at() - out.data()));
  return out;
}

void write_facts(FactsRoom& out, const CallRecord& record, std::span<const FactsBudget> budgets) {
  std::string decisions;  // rare: a call that was refused or cut
  if (record.decision_count() > 0) append_decisions_json(decisions, record);
  Pen pen(out.clear(room_for_all(record) + decisions.size() + room_for(budgets)));
  pen.open();
  CallId::Text id = record.id.text();
  pen.text({id.data(), id.size()});
  pen.exact(record.started_at.ns);
  pen.number(record.duration_ns);
  pen.number(record.ttft_ns);
  for (Text text : {Text::key_id, Text::org, Text::team, Text::user, Text::agent, Text::session,
                    Text::trace, Text::client_dialect, Text::operation, Text::model_requested,
                    Text::provider, Text::model_served, Text::region}) {
    pen.text(record.text(text));
  }
  pen.number(record.status == 0 ? absent : std::int64_t{record.status});
  for (std::int64_t number :
       {record.input_tokens, record.cached_input_tokens, record.cache_write_tokens,
        record.output_tokens, record.reasoning_tokens}) {
    pen.number(number);
  }
  pen.text(record.tokens_source == TokensSource::none ? ""sv : name_of(record.tokens_source));
  for (std::int64_t number : {record.delivered_tokens, record.overshoot_tokens,
                              record.upstream_close_ms, record.overhead_us}) {
    pen.number(number);
  }
  pen.text(record.text(Text::labels));
  if (decisions.empty()) {
    pen.null();
  } else {
    pen.raw(decisions);
    pen.comma();
  }
  write_attempts(pen, record);
  pen.comma();
  bool priced = write_costs(pen, record);
  std::string_view route = record.text(Text::route);
  if (!priced && (!budgets.empty() || !route.empty())) pen.null();
  if (!budgets.empty()) {
    write_budgets(pen, budgets);
  } else if (!route.empty()) {
    pen.null();
    pen.null();
  }
  if (!route.empty()) {
    pen.raw(route);
    pen.comma();
  }
  pen.close();
  out.taken_to(pen.at());
}

std::string as_in_facts(std::string_view text) {
  std::string out(text.size() * escape_bytes_max + number_bytes_max, ' ');
  Pen pen(out.data());
  pen.comma();
  pen.text(text);
  out.resize(static_cast<std::size_t>(pen.at() - out.data()));
  return out;
}

std::string route_json(std::string_view array) {
  if (array.empty()) return "null";
  std::string json;
  append_route_json(json, told_route(array));
  return json;
}

StoredCall read_facts(std::string_view facts, const BudgetNames& names) {
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
  call.tokens_source = tokens_source_named(in.text()).value_or(TokensSource::none);
  for (auto* number : {&call.delivered_tokens, &call.overshoot_tokens, &call.upstream_close_ms,
                       &call.overhead_us}) {
    *number = in.number();
  }
  call.labels.clear();
  append_labels_json(call.labels, in.text());
  std::string_view decisions = in.array();
  if (!decisions.empty()) call.decisions = decisions;
  call.attempts = attempts_json(in.array(), call.started_at);
  read_costs(call, in.array());
  std::string_view named = in.array();
  call.budgets = budgets_json(named, in.array(), names);
  call.route = route_json(in.array());
  return call;
}

}  // namespace recloser::ledger
