#include "ledger/facts_scan.h"

#include "ledger/call_facts.h"

#include <charconv>
#include <cstring>
#include <optional>

namespace recloser::ledger {
namespace {

// One value after the other. Behind what cannot be read there is nothing.
class Places {
 public:
  explicit Places(std::string_view array) : at_(array.data()), end_(array.data() + array.size()) {}

  std::string_view text() {
    if (!next() || *at_ != '"') return skipped();
    const char* first = at_ + 1;
    at_ = end_of_text(first);
    return {first, static_cast<std::size_t>(at_ - first) - (at_ == end_ ? 0 : 1)};
  }

  std::optional<std::int64_t> number() {
    if (!next()) return std::nullopt;
    std::int64_t value = 0;
    auto [rest, error] = std::from_chars(at_, end_, value);
    if (error != std::errc()) {
      skip_value();
      return std::nullopt;
    }
    at_ = rest;
    return value;
  }

  std::string_view array() {
    if (!next()) return {};
    const char* first = at_;
    skip_value();
    return *first == '[' ? std::string_view(first, static_cast<std::size_t>(at_ - first))
                         : std::string_view();
  }

  void skip(int places) {
    for (; places > 0 && next(); --places) skip_value();
  }

 private:
  bool next() {
    if (at_ == end_ || (*at_ != '[' && *at_ != ',')) return false;
    ++at_;
    if (at_ != end_ && *at_ != ']') return true;
    at_ = end_;
    return false;
  }

  std::string_view skipped() {
    skip_value();
    return {};
  }

  // Behind the quote that ends the text.
  const char* end_of_text(const char* from) const {
    for (const char* at = from;;) {
      auto left = static_cast<std::size_t>(end_ - at);
      const auto* quote = static_cast<const char*>(std::memchr(at, '"', left));
      if (quote == nullptr) return end_;
      const char* slashes = quote;
      while (slashes > from && slashes[-1] == '\\') --slashes;
      if ((quote - slashes) % 2 == 0) return quote + 1;
      at = quote + 1;
    }
  }

  // To the comma or the bracket behind the value.
  void skip_value() {
    for (int depth = 0; at_ != end_;) {
      char c = *at_;
      if (depth == 0 && (c == ',' || c == ']')) return;
      ++at_;
      if (c == '"') at_ = end_of_text(at_);
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
    }
  }

  const char* at_;
  const char* end_;
};

void scan_costs(std::string_view array, UsageFigures& figures) {
  Places in(array);
  figures.cost_source = cost_source_named(in.text()).value_or(CostSource::none);
  in.skip(1);  // price_version
  figures.cost = in.number();
  std::optional<std::int64_t> above = in.number();
  if (above) {
    std::int64_t base = figures.cost.value_or(0);
    figures.list_cost = static_cast<std::int64_t>(static_cast<std::uint64_t>(base) +
                                                  static_cast<std::uint64_t>(*above));
  }
  figures.fees = in.number();
  figures.overrun = in.number();
}

}  // namespace

ScannedFacts scan_facts(std::string_view facts) {
  Places in(facts);
  ScannedFacts out;
  in.skip(1);  // id
  out.started_at_ns = in.number().value_or(0);
  in.skip(2);  // duration, ttft
  for (std::string_view* text :
       {&out.key_id, &out.org, &out.team, &out.user, &out.agent, &out.session}) {
    *text = in.text();
  }
  in.skip(3);  // trace, dialect, operation
  for (std::string_view* text : {&out.model_requested, &out.provider, &out.model_served}) {
    *text = in.text();
  }
  in.skip(2);  // region, status
  UsageFigures& figures = out.figures;
  for (auto* number :
       {&figures.input_tokens, &figures.cached_input_tokens, &figures.cache_write_tokens,
        &figures.output_tokens, &figures.reasoning_tokens}) {
    *number = in.number();
  }
  in.skip(5);  // tokens_source, delivered, overshoot, upstream_close, overhead
  out.labels = in.text();
  in.skip(2);  // decisions, attempts
  scan_costs(in.array(), figures);
  return out;
}

std::string unescaped(std::string_view standing) {
  std::string out;
  out.reserve(standing.size());
  for (std::size_t i = 0; i < standing.size(); ++i) {
    if (standing[i] != '\\' || i + 1 == standing.size()) {
      out += standing[i];
      continue;
    }
    ++i;
    constexpr std::size_t hex_digits = 4;  // of \u00XX
    if (standing[i] == 'u' && standing.size() - i > hex_digits) {
      unsigned value = 0;
      std::from_chars(standing.data() + i + 3, standing.data() + i + 5, value, 16);
      out += static_cast<char>(value);
      i += hex_digits;
    } else {
      out += standing[i];
    }
  }
  return out;
}

std::string escaped(std::string_view text) {
  if (text.empty()) return {};
  constexpr std::string_view before = ",\"";
  constexpr std::string_view behind = "\",";
  std::string standing = as_in_facts(text);
  return standing.substr(before.size(), standing.size() - before.size() - behind.size());
}

}  // namespace recloser::ledger
