#include "codec/provider_error.h"

#include "codec/json_walk.h"
#include "core/ascii.h"

#include <array>
#include <utility>

namespace recloser::codec {
namespace {

using Named = std::pair<std::string_view, Finish>;
constexpr std::array finishes{
    Named{"stop", Finish::stop},
    Named{"length", Finish::length},
    Named{"tool_calls", Finish::tool_call},
    Named{"function_call", Finish::tool_call},
    Named{"content_filter", Finish::refusal},
    Named{"eos", Finish::stop},
    Named{"error", Finish::failed},
    Named{"end_turn", Finish::stop},
    Named{"stop_sequence", Finish::stop},
    Named{"max_tokens", Finish::length},
    Named{"model_context_window_exceeded", Finish::length},
    Named{"tool_use", Finish::tool_call},
    Named{"refusal", Finish::refusal},
    Named{"pause_turn", Finish::pause},
    Named{"compaction", Finish::pause},
    Named{"completed", Finish::stop},
    Named{"max_output_tokens", Finish::length},
    Named{"failed", Finish::failed},
    Named{"cancelled", Finish::failed},
};

// Codes before types: OpenAI's insufficient_quota has a type of its own, but most errors say
// "invalid_request_error" and tell what it is in the code.
using Status = std::pair<std::string_view, std::uint16_t>;
constexpr std::array statuses{
    Status{"insufficient_quota", std::uint16_t{429}},
    Status{"credit_balance_exhausted", std::uint16_t{429}},
    Status{"rate_limit_exceeded", std::uint16_t{429}},
    Status{"rate_limit_error", std::uint16_t{429}},
    Status{"rate_limited", std::uint16_t{429}},
    Status{"RateLimitReached", std::uint16_t{429}},
    Status{"too_many_requests", std::uint16_t{429}},
    Status{"overloaded_error", std::uint16_t{529}},
    Status{"server_is_overloaded", std::uint16_t{503}},
    Status{"service_unavailable", std::uint16_t{503}},
    Status{"slow_down", std::uint16_t{503}},
    Status{"capacity_exceeded", std::uint16_t{503}},
    Status{"timeout_error", std::uint16_t{504}},
    Status{"timeout", std::uint16_t{504}},
    Status{"api_error", std::uint16_t{500}},
    Status{"server_error", std::uint16_t{500}},
    Status{"internal_server_error", std::uint16_t{500}},
    Status{"billing_error", std::uint16_t{402}},
    Status{"authentication_error", std::uint16_t{401}},
    Status{"invalid_api_key", std::uint16_t{401}},
    Status{"permission_error", std::uint16_t{403}},
    Status{"not_found_error", std::uint16_t{404}},
    Status{"model_not_found", std::uint16_t{404}},
    Status{"request_too_large", std::uint16_t{413}},
    Status{"context_length_exceeded", std::uint16_t{400}},
    Status{"invalid_prompt", std::uint16_t{400}},
    Status{"content_filter", std::uint16_t{400}},
    Status{"tool_use_failed", std::uint16_t{400}},
    Status{"invalid_request_error", std::uint16_t{400}},
    Status{"invalid-argument", std::uint16_t{400}},
};

std::uint16_t status_named(std::string_view name) {
  for (const auto& [known, status] : statuses) {
    if (known == name) return status;
  }
  return 0;
}

// "400" .. "599"
std::uint16_t status_number(std::string_view code) {
  if (code.size() != 3 || code[0] < '4' || code[0] > '5') return 0;
  if (!ascii::is_digit(code[1]) || !ascii::is_digit(code[2])) return 0;
  return static_cast<std::uint16_t>((code[0] - '0') * 100 + (code[1] - '0') * 10 + code[2] - '0');
}

constexpr std::size_t plain_bytes_max = 4096;  // of an error that is no JSON

bool names_stream(std::string_view text) {
  constexpr std::string_view word = "stream";
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (ascii::starts_with_ignoring_case(text.substr(at), word)) return true;
  }
  return false;
}

}  // namespace

Finish finish_named(std::string_view reason) {
  for (const auto& [known, finish] : finishes) {
    if (known == reason) return finish;
  }
  return reason.empty() ? Finish::none : Finish::other;
}

std::uint16_t status_of_error(std::string_view type, std::string_view code) {
  if (std::uint16_t status = status_number(code)) return status;
  if (std::uint16_t status = status_named(code)) return status;
  if (std::uint16_t status = status_named(type)) return status;
  return 500;
}

bool refuses_stream(std::string_view body) {
  if (!is_json_object(body)) return names_stream(body.substr(0, plain_bytes_max));
  std::string_view error = json_member(body, "error");
  for (std::string_view object : {body, error}) {
    for (std::string_view name : {"message", "param", "code", "detail", "error"}) {
      std::string_view value = json_member(object, name);
      if (is_json_text(value) && names_stream(value)) return true;
    }
  }
  return false;
}

}  // namespace recloser::codec
