#include "config/schema/identity_values.h"

#include "config/schema/choice.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::config {
namespace {

constexpr Choice choice_of(TokenAlgorithm algorithm, std::string_view name) {
  return {name, static_cast<int>(algorithm)};
}
constexpr std::array algorithms{
    choice_of(TokenAlgorithm::rs256, "RS256"), choice_of(TokenAlgorithm::rs384, "RS384"),
    choice_of(TokenAlgorithm::rs512, "RS512"), choice_of(TokenAlgorithm::ps256, "PS256"),
    choice_of(TokenAlgorithm::ps384, "PS384"), choice_of(TokenAlgorithm::ps512, "PS512"),
    choice_of(TokenAlgorithm::es256, "ES256"), choice_of(TokenAlgorithm::es384, "ES384"),
    choice_of(TokenAlgorithm::es512, "ES512"), choice_of(TokenAlgorithm::eddsa, "EdDSA"),
};

// Whether the list may be read; how many entries it may have is in the rules.
bool is_list(Reading& in, const ValueRules& rules, const Node& node) {
  if (node.kind != Node::Kind::list) {
    in.wrong(node, fmt::format("be a list such as {}", rules.example));
    return false;
  }
  auto size = static_cast<std::int64_t>(node.items.size());
  if (size >= rules.bounds.least && size <= rules.bounds.most) return true;
  in.error(node, fmt::format("must hold {}..{} entries; you wrote {}", rules.bounds.least,
                             rules.bounds.most, size));
  return false;
}

}  // namespace

void read_value(Reading& in, const ValueRules&, const Node& node, ClaimPath& out) {
  std::optional<std::string> text = in.scalar(node, "a claim such as claims.team");
  if (!text) return;
  Result<ClaimPath> path = ClaimPath::parse(*text);
  if (!path) return in.error(node, path.error().message());
  out = std::move(*path);
}

void read_value(Reading& in, const ValueRules& rules, const Node& node, Audience& out) {
  if (node.kind == Node::Kind::list) return read_value(in, rules, node, out.names);
  std::string name;
  read_value(in, {.bounds = {}, .text = rules.text, .example = rules.example}, node, name);
  if (!name.empty()) out.names = {std::move(name)};
}

void read_value(Reading& in, const ValueRules& rules, const Node& node,
                std::vector<TokenAlgorithm>& out) {
  if (!is_list(in, rules, node)) return;
  std::vector<TokenAlgorithm> all;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Reading::Step step(in, i);
    std::optional<int> chosen = choose(in, node.items[i], algorithms);
    if (!chosen) continue;
    auto algorithm = static_cast<TokenAlgorithm>(*chosen);
    if (std::ranges::find(all, algorithm) == all.end()) all.push_back(algorithm);
  }
  out = std::move(all);
}

void read_value(Reading& in, const ValueRules&, const Node& node, std::optional<KeysUrl>& out) {
  std::optional<std::string> text = in.scalar(node, "a URL");
  if (!text) return;
  Result<KeysUrl> url = KeysUrl::parse(*text);
  if (!url) return in.error(node, url.error().message());
  out = std::move(*url);
}

std::string show_value(const ClaimPath& value) { return value.str(); }
std::string show_value(const Audience& value) { return show_value(value.names); }
std::string show_value(const std::vector<TokenAlgorithm>& value) {
  std::vector<std::string_view> names;
  for (TokenAlgorithm algorithm : value) names.push_back(name_of(algorithm));
  return fmt::format("[{}]", fmt::join(names, ", "));
}
std::string show_value(const std::optional<KeysUrl>& value) { return value ? value->str() : ""; }

std::string type_of(const ValueRules&, const ClaimPath&) { return "claim: `claims.NAME`"; }
std::string type_of(const ValueRules& rules, const Audience&) {
  return "text, or " + type_of(rules, std::vector<std::string>());
}
std::string type_of(const ValueRules&, const std::vector<TokenAlgorithm>&) {
  return fmt::format("list of {}", list_of(algorithms));
}
std::string type_of(const ValueRules&, const std::optional<KeysUrl>&) { return "https URL"; }

}  // namespace recloser::config
