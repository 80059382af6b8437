#include "route/attempt_end.h"

#include "codec/json_walk.h"
#include "codec/provider_error.h"
#include "core/ascii.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace recloser::route {
namespace {

// What an error says of itself. Of more words than there is room for the first ones count.
class Words {
 public:
  void add(std::string_view word) {
    if (!word.empty() && count_ < words_.size()) words_[count_++] = word;
  }
  std::span<const std::string_view> all() const { return {words_.data(), count_}; }

  std::string_view message;

 private:
  std::array<std::string_view, 24> words_;
  std::size_t count_ = 0;
};

// Types and codes that say more than their status, or something else. The first row that is met
// holds: most errors have a general word beside the one that tells what it is.
using Named = std::pair<std::string_view, AttemptEnd>;
constexpr std::array names{
    // OpenAI, and who copies it
    Named{"insufficient_quota", AttemptEnd::out_of_quota},
    Named{"credit_balance_exhausted", AttemptEnd::out_of_quota},
    Named{"project_spend_limit_exceeded", AttemptEnd::out_of_quota},
    Named{"organization_spend_limit_exceeded", AttemptEnd::out_of_quota},
    Named{"billing_hard_limit_reached", AttemptEnd::out_of_quota},
    Named{"billing_not_active", AttemptEnd::out_of_quota},
    Named{"enforced_spend_limit_reached", AttemptEnd::out_of_quota},   // Anthropic, with 429
    Named{"billing_error", AttemptEnd::out_of_quota},                  // Anthropic
    Named{"QUOTA_EXHAUSTED", AttemptEnd::out_of_quota},                // Gemini
    Named{"ServiceQuotaExceededException", AttemptEnd::out_of_quota},  // Bedrock, with 400
    Named{"content_filter", AttemptEnd::filtered},                     // Azure
    Named{"content_policy_violation", AttemptEnd::filtered},           // OpenAI, images
    Named{"moderation_blocked", AttemptEnd::filtered},
    Named{"model_not_found", AttemptEnd::rejected},
    Named{"API_KEY_INVALID", AttemptEnd::unauthorized},  // Gemini, with 400
    Named{"invalid_api_key", AttemptEnd::unauthorized},
    Named{"authentication_error", AttemptEnd::unauthorized},
    Named{"ModelNotReadyException", AttemptEnd::loading},  // Bedrock, with 429
    Named{"overloaded_error", AttemptEnd::overloaded},
    Named{"server_is_overloaded", AttemptEnd::overloaded},
    Named{"ModelErrorException", AttemptEnd::server_error},  // Bedrock, with 424
};

// A quota of days that is one of a model says nothing of the provider's other models: that is a
// limit of rate, which its header or the cooldown waits for.
bool is_daily_quota(std::string_view word) {
  return word.contains("PerDay") && !word.contains("PerModel");
}

// Messages of statuses that say too little, by how they begin.
struct Beginning {
  int status;
  std::string_view message;
  AttemptEnd end;
};
constexpr std::array beginnings{
    Beginning{400, "Incorrect API key provided", AttemptEnd::unauthorized},  // xAI
    Beginning{400, "API key not valid", AttemptEnd::unauthorized},           // Gemini
    Beginning{400, "API key expired", AttemptEnd::unauthorized},
    Beginning{400, "Output blocked by content filtering policy",
              AttemptEnd::filtered},                                             // Anthropic
    Beginning{400, "Your credit balance is too low", AttemptEnd::out_of_quota},  // Anthropic
    Beginning{400, "You have reached your specified API usage limits", AttemptEnd::out_of_quota},
};

// What concerns nobody but the call itself may stand anywhere in the message.
struct Part {
  int status;
  std::string_view text;
  AttemptEnd end;
};
constexpr std::array parts{
    Part{403, "moderation", AttemptEnd::filtered},  // OpenRouter
    Part{403, "flagged", AttemptEnd::filtered},
    Part{403, "access to the model", AttemptEnd::rejected},  // Bedrock
    Part{403, "access to model", AttemptEnd::rejected},
    Part{500, "loading model", AttemptEnd::loading},  // Ollama
    Part{503, "loading model", AttemptEnd::loading},  // llama.cpp, Ollama
    Part{503, "currently loading", AttemptEnd::loading},
    Part{503, "model is loading", AttemptEnd::loading},
    Part{503, "being loaded", AttemptEnd::loading},
    Part{503, "still loading", AttemptEnd::loading},
};

constexpr std::size_t message_bytes_max = 1024;  // that are looked at

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
    if (ascii::starts_with_ignoring_case(text.substr(at), part)) return true;
  }
  return false;
}

AttemptEnd end_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return AttemptEnd::unauthorized;
    case 402:
      return AttemptEnd::out_of_quota;
    case 408:
    case 409:
    case 424:
    case 425:
      return AttemptEnd::server_error;
    case 429:
      return AttemptEnd::rate_limited;
    case 498:
    case 503:
    case 529:
      return AttemptEnd::overloaded;
    default:
      break;
  }
  if (status >= 500 && status < 600) return AttemptEnd::server_error;
  if (status >= 400 && status < 500) return AttemptEnd::rejected;
  return status >= 200 && status < 300 ? AttemptEnd::answered : AttemptEnd::broken;
}

AttemptEnd judge(int status, const Words& words) {
  AttemptEnd by_status = end_of_status(status);
  if (by_status == AttemptEnd::answered) return by_status;
  for (const auto& [name, end] : names) {
    for (std::string_view word : words.all()) {
      if (ascii::equal_ignoring_case(word, name)) return end;
    }
  }
  if (status == 429 && std::ranges::any_of(words.all(), is_daily_quota)) {
    return AttemptEnd::out_of_quota;
  }
  std::string_view message = words.message.substr(0, message_bytes_max);
  for (const Beginning& row : beginnings) {
    if (row.status == status && ascii::starts_with_ignoring_case(message, row.message)) {
      return row.end;
    }
  }
  for (const Part& row : parts) {
    if (row.status == status && contains_ignoring_case(message, row.text)) return row.end;
  }
  return by_status;
}

// Gemini puts the error into an array where it was asked for no events.
std::string_view first_object(std::string_view body) {
  constexpr std::string_view space = " \t\r\n";
  std::size_t begin = body.find_first_not_of(space);
  if (begin == std::string_view::npos || body[begin] != '[') return body;
  std::size_t first = body.find_first_not_of(space, begin + 1);
  std::size_t last = body.find_last_of('}');
  if (first == std::string_view::npos || last == std::string_view::npos || last < first) return {};
  return body.substr(first, last - first + 1);
}

void gather(std::string_view object, Words& words) {
  for (std::string_view name :
       {"type", "code", "status", "reason", "error_type", "error_code", "quotaId", "__type"}) {
    words.add(codec::json_text(codec::json_member(object, name)));
  }
  for (std::string_view name : {"message", "detail", "error"}) {
    std::string_view value = codec::json_member(object, name);
    if (words.message.empty() && codec::is_json_text(value)) {
      words.message = codec::json_text(value);
    }
  }
}

// Gemini's details are a list, and in it lists of violated quotas; Anthropic's are an object.
void gather_details(std::string_view details, Words& words) {
  gather(details, words);
  for (codec::JsonChildren each(details); each.next();) {
    gather(each.value(), words);
    std::string_view violations = codec::json_member(each.value(), "violations");
    for (codec::JsonChildren one(violations); one.next();) gather(one.value(), words);
  }
}

bool is_page(std::string_view body) {
  std::size_t begin = body.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && body[begin] == '<';
}

}  // namespace

std::string_view name_of(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::answered:
      return "answered";
    case AttemptEnd::rejected:
      return "rejected";
    case AttemptEnd::filtered:
      return "filtered";
    case AttemptEnd::rate_limited:
      return "rate_limited";
    case AttemptEnd::out_of_quota:
      return "out_of_quota";
    case AttemptEnd::unauthorized:
      return "unauthorized";
    case AttemptEnd::overloaded:
      return "overloaded";
    case AttemptEnd::server_error:
      return "server_error";
    case AttemptEnd::timed_out:
      return "timed_out";
    case AttemptEnd::unreachable:
      return "unreachable";
    case AttemptEnd::broken:
      return "broken";
    case AttemptEnd::loading:
      return "loading";
    case AttemptEnd::cancelled:
      return "cancelled";
  }
  std::unreachable();
}

bool counts_as_failure(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::overloaded:
    case AttemptEnd::server_error:
    case AttemptEnd::timed_out:
    case AttemptEnd::unreachable:
    case AttemptEnd::broken:
      return true;
    case AttemptEnd::answered:
    case AttemptEnd::rejected:
    case AttemptEnd::filtered:
    case AttemptEnd::rate_limited:
    case AttemptEnd::out_of_quota:
    case AttemptEnd::unauthorized:
    case AttemptEnd::loading:
    case AttemptEnd::cancelled:
      return false;
  }
  std::unreachable();
}

bool may_be_tried_again(AttemptEnd end) {
  return end != AttemptEnd::answered && end != AttemptEnd::rejected &&
         end != AttemptEnd::filtered && end != AttemptEnd::cancelled;
}

bool may_be_tried_again_here(AttemptEnd end) {
  return may_be_tried_again(end) && end != AttemptEnd::out_of_quota &&
         end != AttemptEnd::unauthorized && end != AttemptEnd::timed_out;
}

AttemptEnd end_of_answer(int status, std::string_view type_or_code, std::string_view message) {
  Words words;
  words.add(type_or_code);
  words.message = message;
  return judge(status, words);
}

AttemptEnd end_of_answer(int status, std::string_view body) {
  std::string_view object = first_object(body);
  if (!codec::is_json_object(object)) {
    // A firewall before the provider, which did not like the content: that is no word of its key.
    if (status == 403 && is_page(body)) return AttemptEnd::rejected;
    return end_of_answer(status, {}, body);
  }
  Words words;
  std::string_view error = codec::json_member(object, "error");
  gather(error, words);
  gather(object, words);
  gather_details(codec::json_member(error, "details"), words);
  return judge(status, words);
}

AttemptEnd end_of_error(std::string_view type, std::string_view code, std::string_view message) {
  Words words;
  words.add(code);
  words.add(type);
  words.message = message;
  return judge(codec::status_of_error(type, code), words);
}

}  // namespace recloser::route
