#include "budget/scopes.h"

#include "core/names.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace recloser::budget {
namespace {

constexpr std::string_view missing = "-";
constexpr std::size_t escaped_bytes = 3;  // "%2C"

bool has_label(const CallFacts& facts, std::string_view label) {
  return std::ranges::find(facts.labels, label) != facts.labels.end();
}

bool has(const CallFacts& facts, const Budget::Part& part) {
  switch (part.what) {
    case KeyPart::label:
      return has_label(facts, part.label);
    case KeyPart::trace:
      return !facts.trace.empty();
    case KeyPart::org:
    case KeyPart::team:
    case KeyPart::user:
    case KeyPart::agent:
    case KeyPart::key:
    case KeyPart::session:
    case KeyPart::model:
    case KeyPart::provider:
    case KeyPart::target:
    case KeyPart::call:
      return true;
  }
  std::unreachable();
}

bool passes(const CallFacts& facts, const Budget::Filter& filter) {
  if (filter.what == KeyPart::label) return has_label(facts, filter.value);
  return facts.of(filter.what) == filter.value;
}

bool is_excepted(const Budget& budget, const CallFacts& facts) {
  return budget.except.contains(KeyPart::team, facts.team) ||
         budget.except.contains(KeyPart::user, facts.user);
}

bool applies(const Budget& budget, const CallFacts& facts) {
  for (const Budget::Filter& filter : budget.only) {
    if (!passes(facts, filter)) return false;
  }
  if (!budget.except.empty() && is_excepted(budget, facts)) return false;
  for (const Budget::Part& part : budget.key) {
    if (!has(facts, part)) return false;
  }
  return true;
}

// ',' and '=' are ours, '%' escapes them, and a control character has no place in a table.
bool is_plain(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f && c != ',' && c != '=' && c != '%';
}

void append_escaped(std::string& text, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  auto byte = static_cast<unsigned char>(c);
  text += '%';
  text += digits[byte >> 4];
  text += digits[byte & 15];
}

void append_value(std::string& text, std::string_view value) {
  if (value.empty()) {
    text += missing;
    return;
  }
  if (value == missing) {  // somebody is called that
    append_escaped(text, value.front());
    return;
  }
  for (char c : value) {
    if (is_plain(c)) {
      text += c;
    } else {
      append_escaped(text, c);
    }
  }
}

std::size_t key_bytes_max(const Budget& budget, const CallFacts& facts) {
  std::size_t bytes = 0;
  for (const Budget::Part& part : budget.key) {
    std::string_view value = part.what == KeyPart::label ? part.label : facts.of(part.what);
    bytes += name_of(part.what).size() + 2 + missing.size() + escaped_bytes * value.size();
  }
  return bytes;
}

void add_applying(std::span<Live* const> budgets, const CallFacts& facts,
                  std::vector<Ask::Scope>& scopes) {
  for (Live* live : budgets) {
    if (!applies(live->document(), facts)) continue;
    scopes.push_back({.budget = live, .key = {}, .demand = {}});
  }
}

// First how much it will be at the most: a text that grew later would leave views behind.
template <class KeyOf>
void write_keys(const CallFacts& facts, std::vector<Ask::Scope>& scopes, std::string& texts,
                KeyOf key_of) {
  std::size_t bytes = 0;
  for (const Ask::Scope& scope : scopes) bytes += key_bytes_max(scope.budget->document(), facts);
  texts.clear();
  texts.reserve(bytes);
  std::size_t place = 0;
  for (Ask::Scope& scope : scopes) {
    std::size_t begin = texts.size();
    append_key(texts, scope.budget->document(), facts);
    scope.key = key_of(*scope.budget, std::string_view(texts).substr(begin), place++);
  }
}

}  // namespace

std::string_view CallFacts::of(KeyPart part) const {
  switch (part) {
    case KeyPart::org:
      return org;
    case KeyPart::team:
      return team;
    case KeyPart::user:
      return user;
    case KeyPart::agent:
      return agent;
    case KeyPart::key:
      return key;
    case KeyPart::session:
      return session;
    case KeyPart::trace:
      return trace;
    case KeyPart::model:
      return model;
    case KeyPart::provider:
      return provider;
    case KeyPart::target:
      return target;
    case KeyPart::call:
      return call;
    case KeyPart::label:
      return {};
  }
  std::unreachable();
}

void append_key(std::string& text, const Budget& budget, const CallFacts& facts) {
  bool first = true;
  for (const Budget::Part& part : budget.key) {
    if (!std::exchange(first, false)) text += ',';
    text += name_of(part.what);
    if (part.what == KeyPart::label) {
      text += ':';
      append_value(text, part.label);
    } else {
      text += '=';
      append_value(text, facts.of(part.what));
    }
  }
}

namespace {

std::string name_of(const Budget::Part& part) {
  std::string name(budget::name_of(part.what));
  return part.label.empty() ? name : name + ':' + part.label;
}

std::string parts_of(const Budget& budget) {
  std::string all;
  for (const Budget::Part& part : budget.key) {
    if (!all.empty()) all += ',';
    all += name_of(part) + (part.what == KeyPart::label ? "" : "=..");
  }
  return all;
}

std::unexpected<Error> wrong_key(const Budget& budget, std::string_view what) {
  std::string wanted =
      budget.key.empty() ? "is none, because it has one account" : "looks like " + parts_of(budget);
  return fail(Side::client, Kind::malformed,
              fmt::format("key {}; a key of the budget {} {}", what, budget.name, wanted));
}

// "%2C" and the like undone; nothing when one is broken.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '%') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned byte = 0;
    if (text.size() < escaped_bytes) return std::nullopt;
    const char* end = text.data() + escaped_bytes;
    auto [rest, error] = std::from_chars(text.data() + 1, end, byte, 16);
    if (error != std::errc{} || rest != end) return std::nullopt;
    out += static_cast<char>(byte);
    text.remove_prefix(escaped_bytes);
  }
  return out;
}

// A part with its value, as append_key() would write it; nothing when that is not what it is.
std::optional<std::string> respelled(const Budget::Part& part, std::string_view text) {
  std::string_view name = budget::name_of(part.what);
  bool label = part.what == KeyPart::label;
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  if (!text.starts_with(label ? ':' : '=')) return std::nullopt;
  text.remove_prefix(1);
  std::optional<std::string> value = text == missing ? std::string() : unescaped(text);
  if (!value || (label && *value != part.label)) return std::nullopt;
  if (value->empty() && text != missing) return std::nullopt;
  std::string out(name);
  out += label ? ':' : '=';
  append_value(out, *value);
  return out;
}

}  // namespace

Result<std::string> read_key(const Budget& budget, std::string_view text) {
  if (text.empty() && !budget.key.empty()) return wrong_key(budget, "is missing");
  std::vector<std::string> parts(budget.key.size());
  while (!text.empty()) {
    std::string_view piece = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    std::size_t at = 0;
    std::optional<std::string> part;
    while (at < parts.size() && !(part = respelled(budget.key[at], piece))) ++at;
    if (!part) return wrong_key(budget, fmt::format("has '{}'", shown(piece)));
    if (!parts[at].empty()) return wrong_key(budget, fmt::format("has '{}' again", shown(piece)));
    parts[at] = std::move(*part);
  }
  std::string key;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) return wrong_key(budget, "has no " + name_of(budget.key[i]));
    if (i > 0) key += ',';
    key += parts[i];
  }
  return key;
}

void find_scopes(std::span<Live* const> budgets, const CallFacts& facts,
                 std::vector<Ask::Scope>& scopes, std::string& texts) {
  scopes.clear();
  add_applying(budgets, facts, scopes);
  auto key_of = [](const Live& budget, std::string_view text, std::size_t) {
    return account_key(budget, text);
  };
  write_keys(facts, scopes, texts, key_of);
}

AccountKey KeyMemory::key(const Live& budget, std::string_view text, std::size_t place) {
  if (place >= known_.size()) return account_key(budget, text);
  Known& known = known_[place];
  if (known.budget != &budget || known.text != text) {
    known.budget = &budget;
    known.text = text;
    known.hash = account_key(budget, text).hash;
  }
  return {.hash = known.hash, .text = text};
}

// By the filter that the fewest calls pass.
ScopeIndex::ScopeIndex(std::span<Live* const> budgets) : empty_(budgets.empty()) {
  for (Live* live : budgets) {
    const std::vector<Budget::Filter>& only = live->document().only;
    std::vector<Live*>* place = &of_all_;
    for (std::size_t i = 0; i < indexed.size() && place == &of_all_; ++i) {
      auto filter = std::ranges::find(only, indexed[i], &Budget::Filter::what);
      if (filter != only.end()) place = &by_value_[i][filter->value];
    }
    place->push_back(live);
  }
}

void ScopeIndex::find(const CallFacts& facts, std::vector<Ask::Scope>& scopes, std::string& texts,
                      KeyMemory& memory) const {
  scopes.clear();
  add_applying(of_all_, facts, scopes);
  for (std::size_t i = indexed.size(); i > 0; --i) {
    if (by_value_[i - 1].empty()) continue;
    auto of_value = by_value_[i - 1].find(facts.of(indexed[i - 1]));
    if (of_value != by_value_[i - 1].end()) add_applying(of_value->second, facts, scopes);
  }
  auto key_of = [&memory](const Live& budget, std::string_view text, std::size_t place) {
    return memory.key(budget, text, place);
  };
  write_keys(facts, scopes, texts, key_of);
}

}  // namespace recloser::budget
