#include "cli/run/base_urls.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr auto table = std::to_array<BaseUrlVariable>({
    {"OPENAI_BASE_URL", Api::openai, "/v1"},
    {"OPENAI_API_BASE", Api::openai, "/v1"},  // LlamaIndex, aider, older LiteLLM
    {"ANTHROPIC_BASE_URL", Api::anthropic, ""},
    {"GOOGLE_GEMINI_BASE_URL", Api::gemini, ""},
    {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", Api::bedrock, ""},
    {"OLLAMA_HOST", Api::ollama, ""},
});

constexpr std::array<std::string_view, 2> no_proxy_names{"NO_PROXY", "no_proxy"};
constexpr std::string_view loopback_names = "127.0.0.1,localhost,::1";
constexpr std::string_view stand_in_key = "recloser-needs-no-key";

bool is_line_of(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=';
}

std::string_view base_name(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

}  // namespace

std::span<const BaseUrlVariable> base_url_variables() { return table; }

std::string_view name_of(Api api) {
  switch (api) {
    case Api::openai:
      return "OpenAI";
    case Api::anthropic:
      return "Anthropic";
    case Api::gemini:
      return "Gemini";
    case Api::bedrock:
      return "Bedrock";
    case Api::ollama:
      return "Ollama";
  }
  std::unreachable();
}

bool is_served(Api api) { return api == Api::openai || api == Api::anthropic; }

Result<std::optional<config::BaseUrl>> upstream_of(Api api,
                                                   const config::Environment& environment) {
  for (const BaseUrlVariable& variable : table) {
    if (variable.api != api) continue;
    std::string value = environment.variable(variable.name).value_or("");
    if (value.empty()) continue;
    while (value.size() > 1 && value.ends_with('/')) value.pop_back();
    Result<config::BaseUrl> url = config::BaseUrl::parse(value);
    if (url) return std::optional(std::move(*url));
    return fail(Side::operator_, Kind::malformed,
                fmt::format("the environment variable {} says where the {} API is, and {}",
                            variable.name, name_of(api), url.error().message()));
  }
  return std::optional<config::BaseUrl>();
}

ProgramVariables::ProgramVariables(const char* const* inherited) {
  for (; inherited != nullptr && *inherited != nullptr; ++inherited) {
    lines_.emplace_back(*inherited);
  }
}

std::string_view ProgramVariables::value(std::string_view name) const {
  for (const std::string& line : lines_) {
    if (is_line_of(line, name)) return std::string_view(line).substr(name.size() + 1);
  }
  return {};
}

void ProgramVariables::set(std::string_view name, std::string_view value) {
  std::erase_if(lines_, [&](const std::string& line) { return is_line_of(line, name); });
  lines_.push_back(fmt::format("{}={}", name, value));
}

void point_at(ProgramVariables& variables, std::string_view address) {
  for (const BaseUrlVariable& variable : table) {
    if (!is_served(variable.api)) continue;
    variables.set(variable.name, fmt::format("http://{}{}", address, variable.path));
  }
  for (std::string_view name : no_proxy_names) {
    std::string_view before = variables.value(name);
    variables.set(name, before.empty() ? std::string(loopback_names)
                                       : fmt::format("{},{}", before, loopback_names));
  }
}

void set_stand_in_key(ProgramVariables& variables, Api api) {
  std::string_view name = api == Api::openai ? "OPENAI_API_KEY" : "ANTHROPIC_API_KEY";
  if (variables.value(name).empty()) variables.set(name, stand_in_key);
}

// Its built-in provider, moved: the login it has, key or subscription, stays what it is. It packs
// what it sends under a subscription, which is not read here.
std::vector<std::string> with_overrides(std::vector<std::string> words, std::string_view address) {
  if (words.empty() || base_name(words.front()) != "codex") return words;
  std::array<std::string, 4> more{"-c", fmt::format("openai_base_url=\"http://{}/v1\"", address),
                                  "-c", "features.enable_request_compression=false"};
  words.insert(words.begin() + 1, more.begin(), more.end());
  return words;
}

}  // namespace recloser::cli
