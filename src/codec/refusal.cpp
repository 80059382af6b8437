#include "codec/refusal.h"

#include "core/json_writer.h"
#include "core/names.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace recloser::codec {
namespace {

// What x-should-retry says.
enum class Retry : std::uint8_t {
  unsaid,  // the SDK judges by the status
  never,   // a decision, or a fault that stays
  later,   // with Retry-After
};

struct Row {
  Refusal refusal;
  std::string_view name;
  int status;
  Retry retry;
  bool decision;
};
constexpr std::array<Row, refusal_count> rows{{
    {Refusal::invalid_key, "invalid_key", 401, Retry::unsaid, false},
    {Refusal::model_not_allowed, "model_not_allowed", 403, Retry::never, true},
    {Refusal::model_not_found, "model_not_found", 404, Retry::unsaid, false},
    {Refusal::policy_denied, "policy_denied", 403, Retry::never, true},
    {Refusal::budget_exhausted, "budget_exhausted", 429, Retry::never, true},
    {Refusal::rate_limited, "rate_limited", 429, Retry::later, true},
    {Refusal::loop_detected, "loop_detected", 429, Retry::never, true},
    {Refusal::model_unpriced, "model_unpriced", 403, Retry::never, true},
    {Refusal::approval_pending, "approval_pending", 403, Retry::never, true},
    {Refusal::request_too_large, "request_too_large", 413, Retry::unsaid, false},
    {Refusal::invalid_request, "invalid_request", 400, Retry::unsaid, false},
    {Refusal::provider_unavailable, "provider_unavailable", 503, Retry::unsaid, false},
    {Refusal::provider_timeout, "provider_timeout", 504, Retry::unsaid, false},
    {Refusal::provider_error, "provider_error", 502, Retry::unsaid, false},
    {Refusal::gateway_overloaded, "gateway_overloaded", 503, Retry::later, false},
    {Refusal::draining, "draining", 503, Retry::later, false},
    {Refusal::not_found, "not_found", 404, Retry::unsaid, false},
    {Refusal::method_not_allowed, "method_not_allowed", 405, Retry::unsaid, false},
    {Refusal::request_timeout, "request_timeout", 408, Retry::unsaid, false},
    {Refusal::unsupported_media_type, "unsupported_media_type", 415, Retry::unsaid, false},
    {Refusal::headers_too_large, "headers_too_large", 431, Retry::unsaid, false},
    {Refusal::upgrade_required, "upgrade_required", 426, Retry::unsaid, false},
    // SDKs try again on 409, and the other body is still another body.
    {Refusal::idempotency_conflict, "idempotency_conflict", 409, Retry::never, false},
    {Refusal::forwarding_loop, "forwarding_loop", 508, Retry::never, true},
}};

consteval bool rows_stand_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].refusal) != i) return false;
  }
  return true;
}
static_assert(rows_stand_in_order());

const Row& row_of(Refusal refusal) { return rows[static_cast<std::size_t>(refusal)]; }

constexpr int retry_after_seconds_default = 5;
constexpr std::size_t message_bytes_max = 2000;

// Anthropic's SDKs know these types only; which one follows from the status, as at Anthropic's.
std::string_view anthropic_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 408:
    case 504:
      return "timeout_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

void write_text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

// The call id closes the sentence, because many programs show the message and nothing else.
void write_message(JsonWriter& json, const Notice& notice) {
  std::string message = shown(notice.message, message_bytes_max);
  if (!notice.call.empty()) message += fmt::format(" [call {}]", notice.call);
  json.member("message", message);
}

void write_recloser(JsonWriter& json, const Notice& notice) {
  json.key("recloser").open_object();
  write_text_or_null(json, "call", notice.call);
  write_text_or_null(json, "rule", notice.rule);
  write_text_or_null(json, "decision", notice.decision);
  json.close_object();
}

void write_openai_error(JsonWriter& json, const Notice& notice) {
  std::string_view name = name_of(notice.refusal);
  json.open_object();
  write_message(json, notice);
  json.member("type", name);
  write_text_or_null(json, "param", notice.param);
  json.member("code", notice.code.empty() ? name : notice.code);
  write_recloser(json, notice);
  json.close_object();
}

void write_openai(std::string& out, const Notice& notice) {
  JsonWriter json(out);
  json.open_object().key("error");
  write_openai_error(json, notice);
  json.close_object();
}

void write_anthropic(std::string& out, const Notice& notice, int status) {
  JsonWriter json(out);
  json.open_object().member("type", "error").key("error").open_object();
  json.member("type", anthropic_type(status));
  write_message(json, notice);
  write_recloser(json, notice);
  json.close_object();
  write_text_or_null(json, "request_id", notice.call);
  json.close_object();
}

// The SDKs rebuild a whole Response from it, so every member that they require is there. The code
// is one of their enum; never rate_limit_exceeded, on which agents send the request again and
// again.
void write_response_failed(std::string& out, const StreamFailure& failure) {
  JsonWriter json(out);
  json.open_object().member("type", "response.failed");
  json.member("sequence_number", failure.sequence_number);
  json.key("response").open_object();
  if (failure.response_id.empty()) {
    json.member("id", fmt::format("resp_{}", failure.notice.call));
  } else {
    json.member("id", failure.response_id);
  }
  json.member("object", "response").member("created_at", failure.created_at_s);
  json.member("status", "failed").key("error").open_object();
  json.member("code", "server_error");
  write_message(json, failure.notice);
  write_recloser(json, failure.notice);
  json.close_object();
  json.key("incomplete_details").null().key("instructions").null();
  json.key("metadata").open_object().close_object();
  json.member("model", failure.model).key("output").open_array().close_array();
  json.member("parallel_tool_calls", true).key("temperature").null().key("top_p").null();
  json.member("tool_choice", "auto").key("tools").open_array().close_array();
  json.key("usage").null();
  json.close_object().close_object();
}

}  // namespace

std::string_view name_of(Refusal refusal) { return row_of(refusal).name; }
int default_status(Refusal refusal) { return row_of(refusal).status; }
bool is_decision(Refusal refusal) { return row_of(refusal).decision; }

Refusal refusal_of(const Error& error) {
  Kind kind = error.kind();
  switch (error.side()) {
    case Side::client:
      if (kind == Kind::too_large) return Refusal::request_too_large;
      if (kind == Kind::timed_out) return Refusal::request_timeout;
      if (kind == Kind::not_found) return Refusal::not_found;
      return Refusal::invalid_request;
    case Side::provider:
      if (kind == Kind::timed_out) return Refusal::provider_timeout;
      if (kind == Kind::malformed || kind == Kind::too_large || kind == Kind::unsupported) {
        return Refusal::provider_error;
      }
      return Refusal::provider_unavailable;
    case Side::gateway:
    case Side::operator_:
      return Refusal::gateway_overloaded;
  }
  std::unreachable();
}

RefusalHead head_of(const Notice& notice, ClientFamily client, bool unheard) {
  const Row& row = row_of(notice.refusal);
  RefusalHead head{.status = notice.status != 0 ? notice.status : row.status};
  Retry retry = notice.retry ? Retry::later : row.retry;
  if (retry == Retry::never) {
    head.should_retry = false;
    if (row.decision) head.status = refusal_status(client, head.status, unheard);
  }
  if (retry == Retry::later) {
    head.should_retry = true;
    head.retry_after_seconds = retry_after_seconds_default;
  }
  if (notice.retry_after) {
    using seconds = std::chrono::seconds;
    auto wait = std::chrono::ceil<seconds>(*notice.retry_after).count();
    head.retry_after_seconds =
        static_cast<int>(std::clamp<std::int64_t>(wait, 1, retry_after_seconds_max));
  }
  return head;
}

void write_refusal(std::string& out, Family family, const Notice& notice, int status) {
  switch (family) {
    case Family::openai:
      write_openai(out, notice);
      return;
    case Family::anthropic:
      write_anthropic(out, notice, status);
      return;
  }
}

void write_stream_failure(std::string& out, Operation operation, const StreamFailure& failure) {
  bool anthropic = family_of(operation) == Family::anthropic;
  if (failure.within_line) out += '\n';
  // Nothing takes half an event back. Anthropic's SDKs look at an event's name before its data, and
  // the last name counts: named `error`, the half raises what an error should. OpenAI's parse the
  // data first, so the half is an event of its own, and ours is there for readers who skip it.
  if (failure.within_event && !anthropic) out += '\n';
  if (operation == Operation::responses) {
    out += "event: response.failed\ndata: ";
    write_response_failed(out, failure);
  } else if (anthropic) {
    out += "event: error\ndata: ";
    write_anthropic(out, failure.notice, default_status(failure.notice.refusal));
  } else {
    out += "data: ";
    write_openai(out, failure.notice);
  }
  out += "\n\n";
}

Family guess_family(std::string_view path, bool has_anthropic_version) {
  if (has_anthropic_version) return Family::anthropic;
  path = path.substr(0, path.find('?'));
  // Whole segments: "/v1/messages", "/v1/messages/batches", but not OpenAI's threads, which have
  // messages too.
  constexpr std::string_view segment = "/messages";
  std::size_t at = path.find(segment);
  if (at == std::string_view::npos || path.find("/threads/") != std::string_view::npos) {
    return Family::openai;
  }
  std::string_view rest = path.substr(at + segment.size());
  return rest.empty() || rest.front() == '/' ? Family::anthropic : Family::openai;
}

}  // namespace recloser::codec
