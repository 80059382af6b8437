// Reads a request body as it arrives: what Recloser acts on, and where it stands in the bytes.
#pragma once

#include "codec/body_edits.h"
#include "codec/event.h"
#include "codec/json_scanner.h"
#include "codec/operation.h"
#include "codec/usage.h"
#include "core/limits.h"
#include "core/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec {

// A boolean member of a request as it was sent. `odd` is a value of another type, left to the
// provider to judge.
enum class Said : unsigned char { nothing, no, yes, null, odd };

struct RequestFacts {
  std::string model;  // decoded; "" when it is absent and may be
  Span model_value;   // with quotes

  Said stream = Said::nothing;
  Span stream_value;
  Said stream_options = Said::nothing;  // `yes`: an object
  Said include_usage = Said::nothing;
  bool stream_options_empty = false;
  Span stream_options_value;
  Span include_usage_value;

  std::uint32_t messages = 0;     // messages, or the items of a Responses input
  std::uint64_t messages_at = 0;  // where their list begins; 0 when there is none
  // What the model reads, with brackets or quotes; empty where there is none. Media lie within.
  Span messages_value;  // messages, input, prompt
  Span system_value;    // Anthropic's system, Responses' instructions
  Span tools_value;     // tools; functions where these are none
  std::uint32_t tools = 0;
  bool has_tools() const { return tools != 0; }
  bool other_tools = false;         // some are none that the client runs: see server_tools.h
  bool web_search_options = false;  // chat's way to ask for a search
  bool structured_output = false;   // a JSON schema (or just JSON) was asked for
  bool whole_only = false;  // a stream of it would be another answer (`background`), or is refused

  // Output limits by the API's own names; the spans are empty when absent or not a whole number.
  std::uint64_t max_tokens = 0;  // max_tokens, max_completion_tokens, max_output_tokens
  Span max_tokens_value;         // the one that holds: max_completion_tokens where both stand
  Span max_tokens_null;          // the value where a limit is said to be none
  std::uint64_t n = 1;           // choices asked for (`n`, and `best_of` when that is more)
  std::optional<std::uint64_t> max_tool_calls;  // Responses: of tools that the provider runs

  // What may make the call dearer than its tokens show.
  ServiceTier tier = ServiceTier::standard;  // asked for, by `service_tier` or `speed`
  std::string inference_geo;                 // decoded; "" when absent
  std::uint64_t thinking_tokens = 0;         // Anthropic's budget_tokens; 0: none is said
  bool thinks = false;                       // Anthropic: `thinking` is on
  bool thinks_not = false;                   // OpenAI: `effort` is none

  // What may name the session or the user, decoded; "" when absent, odd or over its limit.
  std::string metadata_session_id;
  std::string metadata_user_session;  // the session part of Claude Code's metadata.user_id
  std::string previous_response_id;
  std::string conversation;  // the string, or the id of the object
  std::string prompt_cache_key;

  Span body;  // the object, from '{' through '}'
  bool body_object_empty = false;

  bool streams() const { return stream == Said::yes; }
  bool wants_usage() const { return include_usage == Said::yes; }
};

enum class RequestMember : std::uint8_t;  // what is acted on; request.cpp

// Use: feed() each piece as it arrives, then end(), then look at the facts(); finish() gives them
// away. The first error ends the reading; all then return it. Errors are the client's, name the
// byte, and never quote the body.
class RequestReader {
 public:
  explicit RequestReader(Operation operation);

  // Before the first byte: where each element of the messages begins is added to `begins`.
  void note_messages(std::vector<std::uint64_t>& begins) { message_begins_ = &begins; }

  Result<void> feed(std::string_view piece);
  Result<void> end();
  Result<RequestFacts> finish();
  const RequestFacts& facts() const { return facts_; }

 private:
  void take(JsonToken token, RequestMember member);
  void count(RequestMember member);
  void take_number(RequestMember member);
  void take_other(JsonToken token, RequestMember member);
  void end_of(RequestMember member);
  void note_prompt(RequestMember member);
  void hold();
  void take_text(RequestMember member);
  void text_done(RequestMember member, std::string_view raw);
  void price_text_done(RequestMember member, std::string_view raw);
  void refuse_second();
  Error refuse_json() const;

  JsonScanner scanner_;
  Operation operation_;
  RequestFacts facts_;
  std::vector<std::uint64_t>* message_begins_ = nullptr;
  std::string held_;        // a captured string that was cut by a piece's end, raw
  bool in_text_ = false;    // the scanner is in the middle of a captured string
  std::uint64_t seen_ = 0;  // one bit per acted-on member
  std::optional<Error> error_;
};

// The element of the messages that begins at `begin`: it ends before `next`, where the one after it
// begins, or before the end of the list. Without the space, comma or bracket behind it.
Span message_span(std::string_view body, std::uint64_t begin, std::uint64_t next);

// Whether the provider can be asked for a stream in place of the whole answer that is asked for.
bool may_ask_for_stream(Operation operation, const RequestFacts& facts);

// Does so: `stream: true`.
void ask_for_stream(BodyEdits& edits, const RequestFacts& facts);

// Whether a request that `streams` must be changed so that the provider sends the usage at the end.
bool must_ask_for_usage(Operation operation, const RequestFacts& facts, bool streams);

// Adds that change: `stream_options.include_usage: true`, whatever of it stands there already.
void ask_for_usage(BodyEdits& edits, const RequestFacts& facts);

// What the limit of an answer's tokens is called. OpenAI's newer models refuse chat's older name,
// and other servers do not know the newer one.
std::string_view output_limit_name(Operation operation, bool openai_model);

// Sets the limit of the answer's tokens (of each choice): where the client set one, there; else as
// the member `name`.
void limit_output(BodyEdits& edits, const RequestFacts& facts, std::string_view name,
                  std::uint64_t tokens);

// Puts another model name in the place of the client's.
void replace_model(BodyEdits& edits, const RequestFacts& facts, std::string_view model);

}  // namespace recloser::codec
