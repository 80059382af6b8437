#include "codec/client_family.h"

#include "core/ascii.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace recloser::codec {
namespace {

struct AgentPrefix {
  std::string_view prefix;
  ClientFamily family;
};
// Beginnings of user-agent; the first that fits counts.
constexpr AgentPrefix agent_prefixes[] = {
    {"claude-cli/", ClientFamily::claude_code},
    {"codex_", ClientFamily::codex},  // codex_cli_rs/, codex_exec/, codex_vscode/
    {"codex-", ClientFamily::codex},
    {"GeminiCLI", ClientFamily::gemini_cli},  // GeminiCLI/, and GeminiCLI-vscode/ and the like
    {"opencode/", ClientFamily::vercel_ai},
    {"ai-sdk/", ClientFamily::vercel_ai},
    {"ai/", ClientFamily::vercel_ai},
    {"litellm/", ClientFamily::litellm},
    {"aider/", ClientFamily::litellm},
};

// Products of the generator, as "OpenAI/Python 2.32.0", each also with Async before it.
constexpr std::string_view stainless_products[] = {
    "OpenAI/",          "AzureOpenAI/", "Anthropic/", "AnthropicBedrock/",
    "AnthropicVertex/", "Groq/",        "Together/",  "Cerebras/",
};

// On which statuses a family stops after one request with our text shown (most of them read
// x-should-retry as well), and what it is told where the decision's own status is none of these.
struct Form {
  ClientFamily family;
  std::array<int, 4> stops_on;
  int otherwise;
};
constexpr Form forms[] = {
    {ClientFamily::codex, {400}, 400},  // stops on 429 too, but hides the text; 403, 402: 6 times
    {ClientFamily::gemini_cli, {400, 402, 403}, 400},
    {ClientFamily::vercel_ai, {400, 402, 403}, 400},  // twice on each of these, 9 times on 429
    {ClientFamily::litellm, {400}, 400},              // 9 times on everything else
};

// Whether a header's name is `known`, which has its size, 8 to 32 letters and dashes in lower case.
// One bit makes letters small; of what else may stand in a name, none becomes one of these by it.
bool is_named(std::string_view name, std::string_view known) {
  constexpr std::uint64_t small = 0x2020202020202020;
  std::uint64_t difference = 0;
  for (std::size_t at = 0; at < known.size(); at += sizeof difference) {
    std::size_t from = std::min(at, known.size() - sizeof difference);
    std::uint64_t a;
    std::uint64_t b;
    std::memcpy(&a, name.data() + from, sizeof a);
    std::memcpy(&b, known.data() + from, sizeof b);
    difference |= (a | small) ^ b;
  }
  return difference == 0;
}

bool is_stainless_product(std::string_view user_agent) {
  constexpr std::string_view async = "Async";
  if (user_agent.starts_with(async)) user_agent.remove_prefix(async.size());
  return std::ranges::any_of(stainless_products, [&](std::string_view product) {
    return !user_agent.empty() && user_agent.front() == product.front() &&
           user_agent.starts_with(product);
  });
}

}  // namespace

std::string_view name_of(ClientFamily family) {
  switch (family) {
    case ClientFamily::unknown:
      return "unknown";
    case ClientFamily::claude_code:
      return "claude_code";
    case ClientFamily::codex:
      return "codex";
    case ClientFamily::gemini_cli:
      return "gemini_cli";
    case ClientFamily::vercel_ai:
      return "vercel_ai";
    case ClientFamily::litellm:
      return "litellm";
    case ClientFamily::stainless:
      return "stainless";
  }
  std::unreachable();
}

// The length decides first: most fields of a head are none of these.
void ClientMarks::see(std::string_view name, std::string_view value) {
  auto is = [&](std::string_view known) { return is_named(name, known); };
  switch (name.size()) {
    case 10:
      if (is("user-agent")) user_agent_ = value;
      if (is("originator")) originator_ = value;
      return;
    case 16:
      if (is("x-stainless-lang")) stainless_ = true;
      return;
    case 18:
      if (is("x-session-affinity")) opencode_ = true;
      return;
    case 21:
      if (is("x-codex-turn-metadata")) codex_ = true;
      return;
    case 24:
      if (is("x-claude-code-session-id")) claude_code_ = true;
      return;
    default:
      return;
  }
}

// An agent's own marks stand before those of the SDK it is built with.
ClientFamily ClientMarks::family() const {
  char first = user_agent_.empty() ? '\0' : ascii::lower(user_agent_.front());
  for (const AgentPrefix& known : agent_prefixes) {
    if (ascii::lower(known.prefix.front()) != first) continue;
    if (ascii::starts_with_ignoring_case(user_agent_, known.prefix)) return known.family;
  }
  if (claude_code_) return ClientFamily::claude_code;
  if (codex_ || originator_.starts_with("codex")) return ClientFamily::codex;
  bool vercel = user_agent_.find(" ai-sdk/") != std::string_view::npos;
  if (opencode_ || vercel) return ClientFamily::vercel_ai;
  if (stainless_ || is_stainless_product(user_agent_)) return ClientFamily::stainless;
  return ClientFamily::unknown;
}

void RefusalStreak::add(Instant now) {
  second_ = latest_ && now - *latest_ <= window;
  latest_ = now;
}

bool RefusalStreak::unheard(Instant now) const { return second_ && now - *latest_ <= window; }

int refusal_status(ClientFamily family, int status, bool unheard) {
  for (const Form& form : forms) {
    if (form.family != family) continue;
    bool stops = std::ranges::find(form.stops_on, status) != form.stops_on.end();
    return stops ? status : form.otherwise;
  }
  // Claude Code stops on 429 with our text shown, and asks up to six times on 400; several requests
  // of one session at a time are its way, and no sign that it does not listen.
  bool listens = family == ClientFamily::claude_code;
  return unheard && !listens && status == 429 ? 400 : status;
}

}  // namespace recloser::codec
