#include "sim/answer/error.h"

#include "core/json_writer.h"

#include <ctime>
#include <iterator>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

using codec::Family;

struct KnownError {
  std::uint16_t status;
  std::string_view openai_type;
  std::string_view openai_code;  // "" is null
  std::string_view anthropic_type;
  std::string_view sentence;
};

constexpr KnownError known_errors[] = {
    {400, "invalid_request_error", "", "invalid_request_error", "The request was refused"},
    {401, "invalid_request_error", "invalid_api_key", "authentication_error",
     "The API key is missing or wrong"},
    {402, "insufficient_quota", "credit_balance_exhausted", "billing_error",
     "The credit balance is spent"},
    {403, "invalid_request_error", "", "permission_error", "The API key may not do this"},
    {404, "invalid_request_error", "", "not_found_error", "There is no such thing"},
    {408, "server_error", "", "timeout_error", "The request took too long"},
    {409, "invalid_request_error", "", "invalid_request_error", "Another request is in the way"},
    {413, "invalid_request_error", "", "request_too_large", "The request is too large"},
    {422, "invalid_request_error", "", "invalid_request_error", "The request cannot be processed"},
    {429, "requests", "rate_limit_exceeded", "rate_limit_error", "The rate limit is reached"},
    {500, "server_error", "", "api_error", "The server had an error"},
    {502, "server_error", "", "api_error", "The server could not reach a part of itself"},
    {503, "server_error", "server_is_overloaded", "api_error", "The server is overloaded"},
    {504, "server_error", "", "timeout_error", "The server took too long"},
    {529, "server_error", "server_is_overloaded", "overloaded_error", "Overloaded"},
};
constexpr KnownError other_client_error{0, "invalid_request_error", "", "invalid_request_error",
                                        "The request was refused"};
constexpr KnownError other_server_error{0, "server_error", "", "api_error",
                                        "The server had an error"};

const KnownError& known(std::uint16_t status) {
  for (const KnownError& error : known_errors) {
    if (error.status == status) return error;
  }
  return status < 500 ? other_client_error : other_server_error;
}

void append_date(std::string& out, WallTime now) {
  std::time_t seconds = now.ns / 1'000'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  static constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  fmt::format_to(std::back_inserter(out), "date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n",
                 days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900,
                 utc.tm_hour, utc.tm_min, utc.tm_sec);
}

void append_openai(std::string& out, int status, std::string_view request_id) {
  fmt::format_to(std::back_inserter(out),
                 "x-request-id: {}\r\nopenai-version: 2020-10-01\r\nopenai-processing-ms: 1\r\n",
                 request_id);
  if (status == 401) {
    out += "www-authenticate: Bearer realm=\"simulated provider\"\r\n";
    return;
  }
  fmt::format_to(std::back_inserter(out),
                 "x-ratelimit-limit-requests: 10000\r\nx-ratelimit-limit-tokens: 30000000\r\n"
                 "x-ratelimit-remaining-requests: {}\r\nx-ratelimit-remaining-tokens: {}\r\n"
                 "x-ratelimit-reset-requests: {}\r\nx-ratelimit-reset-tokens: {}\r\n",
                 status == 429 ? 0 : 9999, status == 429 ? 0 : 29'999'000,
                 status == 429 ? "1s" : "6ms", status == 429 ? "1s" : "2ms");
}

void append_anthropic(std::string& out, int status, std::string_view request_id, WallTime now) {
  // Anthropic calls it `request-id` only; the other name is what our own truth is looked up by.
  fmt::format_to(std::back_inserter(out), "request-id: {0}\r\nx-request-id: {0}\r\n", request_id);
  if (status >= 400) {
    bool again = status == 408 || status == 409 || status == 429 || status >= 500;
    out += again ? "x-should-retry: true\r\n" : "x-should-retry: false\r\n";
  }
  if (status >= 400 && status != 429) return;
  std::string reset = rfc3339(now + 1s).substr(0, 19) + "Z";
  struct Limit {
    std::string_view name;
    std::uint64_t limit;
    std::uint64_t used;
  };
  static constexpr Limit limits[] = {{"requests", 10'000, 1},
                                     {"tokens", 12'000'000, 1'000},
                                     {"input-tokens", 10'000'000, 1'000},
                                     {"output-tokens", 2'000'000, 0}};
  for (const Limit& one : limits) {
    std::uint64_t remaining = status == 429 ? 0 : one.limit - one.used;
    fmt::format_to(std::back_inserter(out),
                   "anthropic-ratelimit-{0}-limit: {1}\r\nanthropic-ratelimit-{0}-remaining: {2}"
                   "\r\nanthropic-ratelimit-{0}-reset: {3}\r\n",
                   one.name, one.limit, remaining, reset);
  }
}

}  // namespace

ApiError scripted_error(std::uint16_t status, Family family) {
  const KnownError& kind = known(status);
  std::string message =
      fmt::format("{}; the model's name asked for status {}.", kind.sentence, status);
  if (status == 529 && family == Family::anthropic) message = "Overloaded";
  return {.status = status, .message = message, .code = std::string(kind.openai_code), .param = {}};
}

// In the words of llama.cpp's server, which is what most people load models with.
ApiError loading_error() {
  return {.status = 503, .message = "Loading model", .code = "unavailable_error", .param = {}};
}

void write_error(std::string& out, Family family, const ApiError& error,
                 std::string_view request_id) {
  const KnownError& kind = known(error.status);
  JsonWriter json(out);
  json.open_object();
  if (family == Family::anthropic) {
    json.member("type", "error").key("error").open_object();
    json.member("type", kind.anthropic_type).member("message", error.message).close_object();
    json.member("request_id", request_id).close_object();
    return;
  }
  json.key("error").open_object();
  json.member("message", error.message).member("type", kind.openai_type).key("param");
  error.param.empty() ? json.null() : json.value(error.param);
  json.key("code");
  error.code.empty() ? json.null() : json.value(error.code);
  json.close_object().close_object();
}

void append_fields(std::string& out, Family family, int status, BodyKind body,
                   std::string_view request_id, WallTime now,
                   std::optional<std::uint32_t> retry_after_s) {
  append_date(out, now);
  out += body == BodyKind::json ? "content-type: application/json\r\n"
                                : "content-type: text/event-stream; charset=utf-8\r\n"
                                  "cache-control: no-cache\r\n";
  if (family == Family::anthropic) {
    append_anthropic(out, status, request_id, now);
  } else {
    append_openai(out, status, request_id);
  }
  if (status == 429 && !retry_after_s) retry_after_s = 1;
  if (!retry_after_s) return;
  fmt::format_to(std::back_inserter(out), "retry-after: {}\r\n", *retry_after_s);
  if (family == Family::openai) {
    fmt::format_to(std::back_inserter(out), "retry-after-ms: {}\r\n", *retry_after_s * 1000ull);
  }
}

}  // namespace recloser::sim
