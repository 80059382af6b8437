// Which program calls, told from its headers, and the form of refusal on which that program stops.
#pragma once

#include "core/time.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::codec {

// Programs that take a refusal alike. The measurements are in the shared reference on wire formats,
// "How often five coding agents try again after a refusal".
enum class ClientFamily : std::uint8_t {
  unknown,
  claude_code,
  codex,
  gemini_cli,
  vercel_ai,  // opencode, and what else is built on that SDK
  litellm,    // aider, where it does not hide behind the official SDK
  stainless,  // the official SDKs of OpenAI and Anthropic, Groq, Together, ..: one generator
};
std::string_view name_of(ClientFamily family);

// The headers that tell. Use: see() every field of the head, then family().
class ClientMarks {
 public:
  void see(std::string_view name, std::string_view value);  // `name` in any case
  void see_user_agent(std::string_view value) { user_agent_ = value; }
  ClientFamily family() const;

 private:
  std::string_view user_agent_;
  std::string_view originator_;
  bool claude_code_ = false;
  bool codex_ = false;
  bool opencode_ = false;
  bool stainless_ = false;
};

// The refusals by decision that one session has had of late. Kept by whoever keeps sessions.
class RefusalStreak {
 public:
  void add(Instant now);
  // Two refusals in a row came within the window, the later no longer ago than that: the client
  // does not listen to the form it was given.
  bool unheard(Instant now) const;

  static constexpr Duration window = 10s;

 private:
  std::optional<Instant> latest_;
  bool second_ = false;  // the latest came within the window of the one before
};

// The status with which a decision that wants `status` is told to that family, so that it stops
// after one request and shows the message. `unheard` turns 429 into 400 where others may hide
// behind the family: the unknown, and the SDKs.
int refusal_status(ClientFamily family, int status, bool unheard);

}  // namespace recloser::codec
