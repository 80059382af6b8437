#include "codec/continuation/prefill.h"

#include <algorithm>
#include <array>

namespace recloser::codec {
namespace {

// A host and those below it.
bool is_at(std::string_view host, std::string_view domain) {
  if (!host.ends_with(domain)) return false;
  host.remove_suffix(domain.size());
  return host.empty() || host.ends_with('.');
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.contains(part); });
}

// By names as Anthropic, Vertex and Bedrock write them; one that is not of these is newer.
Prefill of_claude(std::string_view model) {
  bool before_4 = has_any(model, {"claude-2", "claude-instant", "claude-3"});
  bool of_4 = has_any(model, {"-4-0", "-4-1", "-4.1", "-4-5", "-4.5", "-4-2025", "-4@2025"}) ||
              model.ends_with("opus-4") || model.ends_with("sonnet-4");
  return before_4 || of_4 ? Prefill::plain : Prefill::no;
}

Prefill of_chat(std::string_view host, std::string_view path, std::string_view model) {
  if (is_at(host, "openai.com") || is_at(host, "azure.com") || is_at(host, "x.ai")) {
    return Prefill::no;
  }
  if (is_at(host, "mistral.ai")) return Prefill::prefix;
  if (is_at(host, "deepseek.com")) return path.starts_with("/beta") ? Prefill::prefix : Prefill::no;
  if (is_at(host, "moonshot.ai") || is_at(host, "moonshot.cn")) return Prefill::partial;
  bool alibaba = is_at(host, "aliyuncs.com");
  return alibaba && has_any(model, {"coder"}) ? Prefill::partial : Prefill::unknown;
}

}  // namespace

std::string_view name_of(Prefill prefill) {
  switch (prefill) {
    case Prefill::unknown:
      return "unknown";
    case Prefill::no:
      return "no";
    case Prefill::plain:
      return "plain";
    case Prefill::prefix:
      return "prefix";
    case Prefill::partial:
      return "partial";
    case Prefill::final_message:
      return "final_message";
  }
  return "unknown";
}

Prefill prefill_of(Operation operation, std::string_view host, std::string_view path,
                   std::string_view model) {
  if (operation == Operation::completions) return Prefill::plain;
  if (operation == Operation::messages) {
    return model.contains("claude") ? of_claude(model) : Prefill::unknown;
  }
  return operation == Operation::chat ? of_chat(host, path, model) : Prefill::no;
}

}  // namespace recloser::codec
