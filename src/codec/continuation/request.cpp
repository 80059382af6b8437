#include "codec/continuation/request.h"

#include "codec/continuation/anchor.h"
#include "codec/continuation/words.h"
#include "codec/json_walk.h"
#include "core/json_writer.h"

#include <algorithm>
#include <string>

namespace recloser::codec {
namespace {

// Where the begin is demanded, a model shows where it goes on from: words that are lost or doubled
// there are seen (seam.h).
std::string instruction(std::string_view anchor) {
  std::string text =
      "Your answer above was cut off. Write the rest of it. Begin with its last words, exactly as "
      "they stand between the marks, and without the marks:\n<last_words>";
  text.append(anchor).append(
      "</last_words>\nGo straight on from there, in the same language and form. Repeat nothing "
      "else, and say nothing about this message or the interruption.");
  return text;
}

constexpr std::string_view final_message_flags =
    R"(,"add_generation_prompt":false,"continue_final_message":true)";

void write_message(std::string& out, std::string_view role, std::string_view text,
                   std::string_view flag = "") {
  out += ',';
  JsonWriter json(out);
  json.open_object().member("role", role).member("content", text);
  if (!flag.empty()) json.member(flag, true);
  json.close_object();
}

std::string_view flag_of(Prefill prefill) {
  if (prefill == Prefill::prefix) return "prefix";
  return prefill == Prefill::partial ? "partial" : "";
}

bool is_list(std::string_view body, Span value) {
  return !value.empty() && body.substr(value.begin).starts_with('[');
}

bool is_string(std::string_view body, Span value) {
  return !value.empty() && body.substr(value.begin).starts_with('"');
}

// Behind the last message of a list; a lone input of Responses becomes the first of one. `members`
// stand behind the list, in the same edit.
void add_messages(BodyEdits& edits, std::string_view body, Span value, std::string messages,
                  std::string_view members = "") {
  if (is_list(body, value)) {
    messages.append("]").append(members);
    return edits.replace({value.end - 1, value.end}, messages);
  }
  edits.insert(value.begin, R"([{"role":"user","content":)");
  messages = "}" + messages + "]";
  edits.insert(value.end, messages);
}

bool is_own(std::string_view body, const RequestFacts& facts, std::uint64_t last_message_at) {
  if (last_message_at == 0) return false;
  Span last = message_span(body, last_message_at, facts.messages_value.end);
  std::string_view role = json_text(json_member(body.substr(last.begin, last.size()), "role"));
  return role == "assistant";
}

bool is_odd(Operation operation, std::string_view body, const RequestFacts& facts) {
  Span value = facts.messages_value;
  if (operation == Operation::completions) return !is_string(body, value);
  if (operation == Operation::responses && is_string(body, value)) return false;
  return !is_list(body, value) || facts.messages == 0;
}

}  // namespace

std::string_view name_of(Ask ask) {
  switch (ask) {
    case Ask::again:
      return "again";
    case Ask::prefill:
      return "prefill";
    case Ask::instruction:
      return "instruction";
  }
  return "again";
}

Continuation ask_to_continue(BodyEdits& edits, std::string_view body, const RequestFacts& facts,
                             std::uint64_t last_message_at, const Delivered& delivered,
                             Prefill prefill) {
  Resumption resumption = delivered.resumption(facts);
  if (resumption.resume == Resume::no) return {.obstacle = resumption.obstacle};
  if (resumption.resume == Resume::ask_again) return {.ask = Ask::again};
  Operation operation = delivered.operation();
  if (is_odd(operation, body, facts)) return {.obstacle = Obstacle::odd_request};
  if (is_own(body, facts, last_message_at)) return {.obstacle = Obstacle::own_prefill};
  std::string whole = delivered.text();
  std::string_view text = without_white_end(whole);
  Span value = facts.messages_value;
  std::string added;
  if (operation == Operation::completions) {
    append_json_escaped(added, text);
    edits.insert(value.end - 1, added);
    return {.ask = Ask::prefill};
  }
  bool thinks = facts.thinks || delivered.thought();
  bool prefills = prefill != Prefill::unknown && prefill != Prefill::no && !thinks &&
                  operation != Operation::responses;
  if (prefills) {
    write_message(added, "assistant", text, flag_of(prefill));
    bool by_flags = prefill == Prefill::final_message;
    add_messages(edits, body, value, added, by_flags ? final_message_flags : "");
    return {.ask = Ask::prefill};
  }
  std::string_view anchor = anchor_of(text);
  if (anchor.empty()) return {.obstacle = Obstacle::no_anchor};
  write_message(added, "assistant", text);
  write_message(added, "user", instruction(anchor));
  add_messages(edits, body, value, added);
  return {.ask = Ask::instruction};
}

std::uint64_t output_left(const RequestFacts& facts, std::uint64_t delivered_tokens, Ask ask) {
  if (facts.max_tokens_value.empty()) return 0;
  if (ask == Ask::again) return facts.max_tokens;
  std::uint64_t left = facts.max_tokens - std::min(facts.max_tokens, delivered_tokens);
  if (ask == Ask::instruction) left += anchor_tokens_max;
  return std::max({left, facts.thinking_tokens + 1, std::uint64_t{1}});
}

}  // namespace recloser::codec
