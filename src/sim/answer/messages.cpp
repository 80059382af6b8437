#include "core/json_writer.h"
#include "sim/answer/dialect.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

// Anthropic messages: one content block, text or tool_use, between message_start and message_stop.
class MessagesWriter final : public DialectWriter {
 public:
  MessagesWriter(const Call& call, AnswerFacts facts) : call_(call), facts_(std::move(facts)) {
    tool_id_ = "toolu_01" + facts_.unique.substr(0, 22);
  }

  void open(std::string& out) override {
    out += "event: message_start\ndata: {\"type\":\"message_start\",\"message\":";
    append_head(out);
    out += R"([],"stop_reason":null,"stop_sequence":null,"usage":)";
    append_usage(out, 1);
    out += "}}\n\nevent: content_block_start\n";
    out += R"(data: {"type":"content_block_start","index":0,"content_block":)";
    append_block(out, {}, "{}");
    out += "}\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n";
  }

  void piece(std::string& out, std::uint32_t, std::string_view text) override {
    out += "event: content_block_delta\n";
    out += R"(data: {"type":"content_block_delta","index":0,"delta":{"type":)";
    out += is_call() ? R"("input_json_delta","partial_json":)" : R"("text_delta","text":)";
    append_json_string(out, text);
    out += "}}\n\n";
  }

  void close(std::string& out, std::span<const std::string>, std::uint64_t output) override {
    out += "event: content_block_stop\n";
    out += "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
    fmt::format_to(std::back_inserter(out),
                   "event: message_delta\n"
                   R"(data: {{"type":"message_delta","delta":{{"stop_reason":"{}",)"
                   R"("stop_sequence":null}},"usage":{{"input_tokens":{},)"
                   R"("cache_creation_input_tokens":0,"cache_read_input_tokens":0,)"
                   R"("output_tokens":{}}}}})",
                   stop_reason(), call_.input_tokens, output);
    out += "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  }

  void fail(std::string& out, const ApiError&, std::string_view body) override {
    out += "event: error\ndata: ";
    out += body;
    out += "\n\n";
  }

  void whole(std::string& out, std::span<const std::string> texts, std::uint64_t output) override {
    append_head(out);
    out += '[';
    // Arguments that the limit cut short are no JSON, and a whole answer has no room for half of
    // it.
    append_block(out, texts.front(), facts_.cut ? "{}" : texts.front());
    fmt::format_to(std::back_inserter(out), R"(],"stop_reason":"{}","stop_sequence":null,"usage":)",
                   stop_reason());
    append_usage(out, output);
    out += '}';
  }

 private:
  bool is_call() const { return call_.content == Content::tool_call; }
  std::string_view stop_reason() const {
    if (facts_.cut) return "max_tokens";
    return is_call() ? "tool_use" : "end_turn";
  }

  void append_head(std::string& out) const {
    out += R"({"model":)";
    append_json_string(out, call_.model);
    fmt::format_to(std::back_inserter(out),
                   R"(,"id":"msg_01{}","type":"message","role":"assistant","content":)",
                   facts_.unique.substr(0, 22));
  }

  void append_block(std::string& out, std::string_view text, std::string_view input) const {
    if (is_call()) {
      fmt::format_to(std::back_inserter(out), R"({{"type":"tool_use","id":"{}","name":)", tool_id_);
      append_json_string(out, call_.tool_name);
      out += R"(,"input":)";
      out += input;
    } else {
      out += R"({"type":"text","text":)";
      append_json_string(out, text);
    }
    out += '}';
  }

  void append_usage(std::string& out, std::uint64_t output) const {
    fmt::format_to(std::back_inserter(out),
                   R"({{"input_tokens":{},"cache_creation_input_tokens":0,)"
                   R"("cache_read_input_tokens":0,"cache_creation":{{)"
                   R"("ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}},)"
                   R"("output_tokens":{},"service_tier":"standard"}})",
                   call_.input_tokens, output);
  }

  const Call& call_;
  AnswerFacts facts_;
  std::string tool_id_;
};

}  // namespace

std::unique_ptr<DialectWriter> messages_writer(const Call& call, AnswerFacts facts) {
  return std::make_unique<MessagesWriter>(call, std::move(facts));
}

}  // namespace recloser::sim
