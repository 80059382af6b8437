#include "core/json_writer.h"
#include "sim/answer/dialect.h"
#include "sim/answer/openai_usage.h"

#include <utility>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

constexpr std::string_view chunk_tail = R"(},"logprobs":null,"finish_reason":null}])";

// Chat completions: role chunks, pieces, finish chunks, usage when it was asked for, [DONE].
class ChatWriter final : public DialectWriter {
 public:
  ChatWriter(const Call& call, AnswerFacts facts) : call_(call), facts_(std::move(facts)) {
    chunk_head_ = "data: {";
    append_members(chunk_head_, "chat.completion.chunk");
    chunk_head_ += R"(,"choices":[)";
    chunk_end_ = call.include_usage ? ",\"usage\":null}\n\n" : "}\n\n";
    call_id_ = "call_" + facts_.unique.substr(0, 24);
  }

  void open(std::string& out) override {
    for (std::uint32_t choice = 0; choice < call_.choices; ++choice) {
      begin_chunk(out, choice);
      if (call_.content == Content::tool_call) {
        out += R"("role":"assistant","content":null,"tool_calls":[{"index":0,"id":")";
        out += call_id_;
        out += R"(","type":"function","function":{"name":)";
        append_json_string(out, call_.tool_name);
        out += R"(,"arguments":""}}],"refusal":null)";
      } else {
        out += R"("role":"assistant","content":"","refusal":null)";
      }
      out += chunk_tail;
      out += chunk_end_;
    }
  }

  void piece(std::string& out, std::uint32_t choice, std::string_view text) override {
    begin_chunk(out, choice);
    if (call_.content == Content::tool_call) {
      out += R"("tool_calls":[{"index":0,"function":{"arguments":)";
      append_json_string(out, text);
      out += "}}]";
    } else {
      out += R"("content":)";
      append_json_string(out, text);
    }
    out += chunk_tail;
    out += chunk_end_;
  }

  void close(std::string& out, std::span<const std::string>, std::uint64_t output) override {
    for (std::uint32_t choice = 0; choice < call_.choices; ++choice) {
      begin_chunk(out, choice);
      out += R"(},"logprobs":null,"finish_reason":")";
      out += finish_reason();
      out += "\"}]";
      out += chunk_end_;
    }
    if (call_.include_usage) {
      out += chunk_head_;
      out += R"(],"usage":)";
      append_chat_usage(out, call_.input_tokens, output);
      out += "}\n\n";
    }
    out += "data: [DONE]\n\n";
  }

  void fail(std::string& out, const ApiError&, std::string_view body) override {
    out += "data: ";
    out += body;
    out += "\n\n";
  }

  void whole(std::string& out, std::span<const std::string> texts, std::uint64_t output) override {
    out += '{';
    append_members(out, "chat.completion");
    out += R"(,"choices":[)";
    for (std::uint32_t choice = 0; choice < call_.choices; ++choice) {
      if (choice > 0) out += ',';
      out += fmt::format(R"({{"index":{},"message":{{"role":"assistant","content":)", choice);
      if (call_.content == Content::tool_call) {
        out += fmt::format(R"(null,"tool_calls":[{{"id":"{}","type":"function",)", call_id_);
        out += R"("function":{"name":)";
        append_json_string(out, call_.tool_name);
        out += R"(,"arguments":)";
        append_json_string(out, texts[choice]);
        out += "}}]";
      } else {
        append_json_string(out, texts[choice]);
      }
      out += R"(,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":")";
      out += finish_reason();
      out += "\"}";
    }
    out += R"(],"usage":)";
    append_chat_usage(out, call_.input_tokens, output);
    out += '}';
  }

 private:
  void append_members(std::string& out, std::string_view object) const {
    out += fmt::format(R"("id":"chatcmpl-{}","object":"{}","created":{},"model":)", facts_.unique,
                       object, facts_.created.ns / 1'000'000'000);
    append_json_string(out, call_.model);
    out += R"(,"service_tier":"default","system_fingerprint":"fp_simulated")";
  }
  void begin_chunk(std::string& out, std::uint32_t choice) const {
    out += chunk_head_;
    fmt::format_to(std::back_inserter(out), R"({{"index":{},"delta":{{)", choice);
  }
  std::string_view finish_reason() const {
    if (facts_.cut) return "length";
    return call_.content == Content::tool_call ? "tool_calls" : "stop";
  }

  const Call& call_;
  AnswerFacts facts_;
  std::string chunk_head_;  // the same for every chunk
  std::string_view chunk_end_;
  std::string call_id_;
};

// Text completions, which still are asked for: pieces, a finish chunk, usage, [DONE].
class CompletionsWriter final : public DialectWriter {
 public:
  CompletionsWriter(const Call& call, AnswerFacts facts) : call_(call), facts_(std::move(facts)) {
    chunk_head_ = "data: {";
    append_members(chunk_head_);
    chunk_head_ += R"(,"choices":[)";
    chunk_end_ = call.include_usage ? ",\"usage\":null}\n\n" : "}\n\n";
  }

  void open(std::string&) override {}

  void piece(std::string& out, std::uint32_t choice, std::string_view text) override {
    out += chunk_head_;
    append_choice(out, choice, text, "null");
    out += ']';
    out += chunk_end_;
  }

  void close(std::string& out, std::span<const std::string>, std::uint64_t output) override {
    for (std::uint32_t choice = 0; choice < call_.choices; ++choice) {
      out += chunk_head_;
      append_choice(out, choice, "", finish_reason());
      out += ']';
      out += chunk_end_;
    }
    if (call_.include_usage) {
      out += chunk_head_;
      out += R"(],"usage":)";
      append_plain_usage(out, call_.input_tokens, output);
      out += "}\n\n";
    }
    out += "data: [DONE]\n\n";
  }

  void fail(std::string& out, const ApiError&, std::string_view body) override {
    out += "data: ";
    out += body;
    out += "\n\n";
  }

  void whole(std::string& out, std::span<const std::string> texts, std::uint64_t output) override {
    out += '{';
    append_members(out);
    out += R"(,"choices":[)";
    for (std::uint32_t choice = 0; choice < call_.choices; ++choice) {
      if (choice > 0) out += ',';
      append_choice(out, choice, texts[choice], finish_reason());
    }
    out += R"(],"usage":)";
    append_plain_usage(out, call_.input_tokens, output);
    out += '}';
  }

 private:
  void append_members(std::string& out) const {
    out += fmt::format(R"("id":"cmpl-{}","object":"text_completion","created":{},"model":)",
                       facts_.unique, facts_.created.ns / 1'000'000'000);
    append_json_string(out, call_.model);
  }
  static void append_choice(std::string& out, std::uint32_t choice, std::string_view text,
                            std::string_view finish) {
    out += R"({"text":)";
    append_json_string(out, text);
    fmt::format_to(std::back_inserter(out), R"(,"index":{},"logprobs":null,"finish_reason":{}}})",
                   choice, finish);
  }
  std::string_view finish_reason() const { return facts_.cut ? "\"length\"" : "\"stop\""; }

  const Call& call_;
  AnswerFacts facts_;
  std::string chunk_head_;
  std::string_view chunk_end_;
};

}  // namespace

std::unique_ptr<DialectWriter> chat_writer(const Call& call, AnswerFacts facts) {
  return std::make_unique<ChatWriter>(call, std::move(facts));
}
std::unique_ptr<DialectWriter> completions_writer(const Call& call, AnswerFacts facts) {
  return std::make_unique<CompletionsWriter>(call, std::move(facts));
}

}  // namespace recloser::sim
