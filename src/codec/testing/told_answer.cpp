#include "codec/testing/told_answer.h"

#include "core/json_writer.h"

#include <fmt/format.h>

namespace recloser::codec::testing {
namespace {

std::string event(std::string_view type, std::string_view members) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type, members);
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// The UTF-16 units of a character, escaped.
std::vector<std::string> escaped_units(std::string_view character) {
  auto lead = static_cast<unsigned char>(character.front());
  char32_t c = character.size() == 1 ? lead : lead & (0x7Fu >> character.size());
  for (char byte : character.substr(1)) c = c << 6 | (static_cast<unsigned char>(byte) & 0x3Fu);
  auto unit = [](char32_t u) { return fmt::format("\\u{:04x}", static_cast<unsigned>(u)); };
  if (c < 0x10000) return {unit(c)};
  c -= 0x10000;
  return {unit(0xD800 + (c >> 10)), unit(0xDC00 + (c & 0x3FF))};
}

class ChatTeller {
 public:
  ChatTeller(const ToldAnswer& answer, bool completions)
      : answer_(answer), completions_(completions) {}

  std::string choice(std::string_view members, std::string_view finish = "null") const {
    return chunk(
        fmt::format(R"([{{"index":0,{},"logprobs":null,"finish_reason":{}}}])", members, finish),
        "");
  }
  std::string delta(std::string_view members) const {
    return choice(fmt::format("\"delta\":{{{}}}", members));
  }
  std::string chunk(std::string_view choices, std::string_view more) const {
    return fmt::format(
        "data: {{\"id\":\"{}\",\"object\":\"{}\",\"created\":7,\"model\":\"{}\",\"odd\":[1,{{}}],"
        "\"choices\":{}{}}}\n\n",
        answer_.id, completions_ ? "text_completion" : "chat.completion.chunk", answer_.model,
        choices, more);
  }
  std::vector<std::string> tell(Random& random) const {
    std::vector<std::string> events;
    if (!completions_) events.push_back(delta(R"("role":"assistant","content":"")"));
    if (!completions_) {
      for (const std::string& piece : json_pieces(answer_.thinking, random)) {
        events.push_back(delta(fmt::format("\"reasoning\":{}", piece)));
      }
    }
    for (const std::string& piece : json_pieces(answer_.text, random)) {
      events.push_back(completions_ ? choice(fmt::format("\"text\":{}", piece))
                                    : delta(fmt::format("\"content\":{}", piece)));
    }
    bool calls = !answer_.tool_arguments.empty();
    if (calls) tell_call(events, random);
    events.push_back(choice(completions_ ? R"("text":"")" : R"("delta":{})",
                            calls ? "\"tool_calls\"" : "\"stop\""));
    events.push_back(chunk(
        "[]",
        fmt::format(R"(,"usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})",
                    answer_.input_tokens, answer_.output_tokens,
                    answer_.input_tokens + answer_.output_tokens)));
    events.push_back("data: [DONE]\n\n");
    return events;
  }

 private:
  void tell_call(std::vector<std::string>& events, Random& random) const {
    events.push_back(
        delta(fmt::format(R"("tool_calls":[{{"index":0,"id":"call_{}","type":"function",)"
                          R"("function":{{"name":"f","arguments":""}}}}])",
                          answer_.id)));
    for (const std::string& piece : json_pieces(answer_.tool_arguments, random)) {
      events.push_back(delta(
          fmt::format(R"("tool_calls":[{{"index":0,"function":{{"arguments":{}}}}}])", piece)));
    }
  }

  const ToldAnswer& answer_;
  bool completions_;
};

class MessagesTeller {
 public:
  explicit MessagesTeller(const ToldAnswer& answer) : answer_(answer) {}

  std::vector<std::string> tell(Random& random) {
    add("message_start",
        fmt::format(R"(,"message":{{"id":"{}","type":"message","role":"assistant","model":"{}",)"
                    R"("content":[],"stop_reason":null,"usage":{{"input_tokens":{},)"
                    R"("output_tokens":1}}}})",
                    answer_.id, answer_.model, answer_.input_tokens));
    add("ping", "");
    if (!answer_.thinking.empty()) {
      begin(R"("type":"thinking","thinking":"","signature":"")");
      deltas("thinking_delta", "thinking", answer_.thinking, random);
      add("content_block_delta",
          fmt::format(R"(,"index":{},"delta":{{"type":"signature_delta","signature":"c2ln"}})",
                      index_));
      end();
    }
    if (!answer_.text.empty()) {
      begin(R"("type":"text","text":"")");
      deltas("text_delta", "text", answer_.text, random);
      end();
    }
    bool calls = !answer_.tool_arguments.empty();
    if (calls) {
      begin(fmt::format(R"("type":"tool_use","id":"call_{}","name":"f","input":{{}})", answer_.id));
      deltas("input_json_delta", "partial_json", answer_.tool_arguments, random);
      end();
    }
    add("message_delta", fmt::format(R"(,"delta":{{"stop_reason":"{}","stop_sequence":null}},)"
                                     R"("usage":{{"output_tokens":{}}})",
                                     calls ? "tool_use" : "end_turn", answer_.output_tokens));
    add("message_stop", "");
    return std::move(events_);
  }

 private:
  void add(std::string_view type, std::string_view members) {
    events_.push_back(event(type, members));
  }
  void begin(std::string_view block) {
    add("content_block_start", fmt::format(R"(,"index":{},"content_block":{{{}}})", index_, block));
  }
  void end() { add("content_block_stop", fmt::format(R"(,"index":{})", index_++)); }
  void deltas(std::string_view type, std::string_view name, std::string_view text, Random& random) {
    for (const std::string& piece : json_pieces(text, random)) {
      add("content_block_delta",
          fmt::format(R"(,"index":{},"delta":{{"type":"{}","{}":{}}})", index_, type, name, piece));
    }
  }

  const ToldAnswer& answer_;
  std::vector<std::string> events_;
  int index_ = 0;
};

class ResponsesTeller {
 public:
  explicit ResponsesTeller(const ToldAnswer& answer) : answer_(answer) {}

  std::vector<std::string> tell(Random& random) {
    add("response.created", response("in_progress", "null"));
    add("response.in_progress", response("in_progress", "null"));
    if (!answer_.thinking.empty()) reasoning(random);
    if (!answer_.text.empty()) message(random);
    if (!answer_.tool_arguments.empty()) call(random);
    add("response.completed",
        response("completed",
                 fmt::format(R"({{"input_tokens":{},"output_tokens":{},"total_tokens":{}}})",
                             answer_.input_tokens, answer_.output_tokens,
                             answer_.input_tokens + answer_.output_tokens)));
    return std::move(events_);
  }

 private:
  void add(std::string_view type, std::string_view members) {
    events_.push_back(
        event(type, fmt::format(",\"sequence_number\":{}{}", events_.size(), members)));
  }
  std::string response(std::string_view status, std::string_view usage) const {
    return fmt::format(R"(,"response":{{"id":"{}","object":"response","created_at":7,)"
                       R"("status":"{}","model":"{}","output":[{}],"usage":{},"odd":1}})",
                       answer_.id, status, answer_.model, output_, usage);
  }
  void item(std::string_view added, std::string_view done, auto between) {
    add("response.output_item.added",
        fmt::format(R"(,"output_index":{},"item":{})", index_, added));
    between();
    add("response.output_item.done", fmt::format(R"(,"output_index":{},"item":{})", index_, done));
    if (!output_.empty()) output_ += ',';
    output_ += done;
    ++index_;
  }
  std::string place(std::string_view id) const {
    return fmt::format(R"(,"item_id":"{}","output_index":{})", id, index_);
  }
  void reasoning(Random& random) {
    std::string id = "rs_" + answer_.id;
    std::string at = place(id) + R"(,"summary_index":0)";
    std::string part =
        fmt::format(R"({{"type":"summary_text","text":{}}})", quoted(answer_.thinking));
    item(fmt::format(R"({{"id":"{}","type":"reasoning","summary":[]}})", id),
         fmt::format(R"({{"id":"{}","type":"reasoning","summary":[{}]}})", id, part), [&] {
           add("response.reasoning_summary_part.added",
               at + R"(,"part":{"type":"summary_text","text":""})");
           for (const std::string& piece : json_pieces(answer_.thinking, random)) {
             add("response.reasoning_summary_text.delta", at + ",\"delta\":" + piece);
           }
           add("response.reasoning_summary_text.done",
               at + ",\"text\":" + quoted(answer_.thinking));
           add("response.reasoning_summary_part.done", at + ",\"part\":" + part);
         });
  }
  void message(Random& random) {
    std::string id = "msg_" + answer_.id;
    std::string at = place(id) + R"(,"content_index":0)";
    auto part = [](std::string_view text) {
      return fmt::format(R"({{"type":"output_text","annotations":[],"logprobs":[],"text":{}}})",
                         quoted(text));
    };
    auto json = [&](std::string_view status, std::string_view content) {
      return fmt::format(
          R"({{"id":"{}","type":"message","status":"{}","role":"assistant","content":[{}]}})", id,
          status, content);
    };
    item(json("in_progress", ""), json("completed", part(answer_.text)), [&] {
      add("response.content_part.added", at + ",\"part\":" + part(""));
      for (const std::string& piece : json_pieces(answer_.text, random)) {
        add("response.output_text.delta", at + ",\"delta\":" + piece + ",\"logprobs\":[]");
      }
      add("response.output_text.done", at + ",\"text\":" + quoted(answer_.text));
      add("response.content_part.done", at + ",\"part\":" + part(answer_.text));
    });
  }
  void call(Random& random) {
    std::string id = "fc_" + answer_.id;
    auto json = [&](std::string_view status, std::string_view arguments) {
      return fmt::format(R"({{"id":"{}","type":"function_call","status":"{}","call_id":"call_{}",)"
                         R"("name":"f","arguments":{}}})",
                         id, status, answer_.id, quoted(arguments));
    };
    item(json("in_progress", ""), json("completed", answer_.tool_arguments), [&] {
      for (const std::string& piece : json_pieces(answer_.tool_arguments, random)) {
        add("response.function_call_arguments.delta", place(id) + ",\"delta\":" + piece);
      }
      add("response.function_call_arguments.done",
          place(id) + ",\"arguments\":" + quoted(answer_.tool_arguments));
    });
  }

  const ToldAnswer& answer_;
  std::vector<std::string> events_;
  std::string output_;
  int index_ = 0;
};

}  // namespace

std::vector<std::string> json_pieces(std::string_view text, Random& random) {
  bool escapes = random.below(3) == 0;
  std::vector<std::string> pieces;
  std::string piece;
  auto end_piece = [&] {
    if (!piece.empty()) pieces.push_back("\"" + std::exchange(piece, "") + "\"");
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    std::string_view character = text.substr(at, end - at);
    at = end;
    bool word_begins = character == " " || character.size() > 2;
    if (word_begins ? random.below(3) != 0 : random.below(20) == 0) end_piece();
    if (escapes && character.size() > 1) {
      for (const std::string& unit : escaped_units(character)) {
        piece += unit;
        if (random.below(4) == 0) end_piece();
      }
    } else {
      append_json_escaped(piece, character);
    }
  }
  end_piece();
  return pieces;
}

std::vector<std::string> tell(Operation operation, const ToldAnswer& answer, Random& random) {
  if (operation == Operation::messages) return MessagesTeller(answer).tell(random);
  if (operation == Operation::responses) return ResponsesTeller(answer).tell(random);
  return ChatTeller(answer, operation == Operation::completions).tell(random);
}

}  // namespace recloser::codec::testing
