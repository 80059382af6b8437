#include "core/json_writer.h"
#include "sim/answer/dialect.h"
#include "sim/answer/openai_usage.h"

#include <utility>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

// One output item: a message with one text part, or a function call. The response around it is
// repeated in the first two events and in the last.
class ResponsesWriter final : public DialectWriter {
 public:
  ResponsesWriter(const Call& call, AnswerFacts facts) : call_(call), facts_(std::move(facts)) {
    item_id_ = (is_call() ? "fc_" : "msg_") + facts_.unique;
    std::string_view type =
        is_call() ? "response.function_call_arguments.delta" : "response.output_text.delta";
    delta_head_ = fmt::format("event: {0}\ndata: {{\"type\":\"{0}\",\"sequence_number\":", type);
    delta_middle_ = fmt::format(R"(,"item_id":"{}","output_index":0{},"delta":)", item_id_,
                                is_call() ? "" : R"(,"content_index":0)");
    delta_end_ = is_call() ? "}\n\n" : ",\"logprobs\":[]}\n\n";
  }

  void open(std::string& out) override {
    for (std::string_view type : {"response.created", "response.in_progress"}) {
      begin_event(out, type);
      out += R"(,"response":)";
      append_response(out, "in_progress", {}, nullptr);
      out += "}\n\n";
    }
    begin_event(out, "response.output_item.added");
    out += R"(,"output_index":0,"item":)";
    append_item(out, "in_progress", {}, false);
    out += "}\n\n";
    if (is_call()) return;
    begin_item_event(out, "response.content_part.added");
    out += R"(,"part":)";
    append_part(out, {});
    out += "}\n\n";
  }

  void piece(std::string& out, std::uint32_t, std::string_view text) override {
    out += delta_head_;
    fmt::format_to(std::back_inserter(out), "{}", sequence_++);
    out += delta_middle_;
    append_json_string(out, text);
    out += delta_end_;
  }

  void close(std::string& out, std::span<const std::string> texts, std::uint64_t output) override {
    const std::string& text = texts.front();
    if (is_call()) {
      begin_event(out, "response.function_call_arguments.done");
      out += fmt::format(R"(,"item_id":"{}","output_index":0,"arguments":)", item_id_);
      append_json_string(out, text);
      out += "}\n\n";
    } else {
      begin_item_event(out, "response.output_text.done");
      out += R"(,"text":)";
      append_json_string(out, text);
      out += ",\"logprobs\":[]}\n\n";
      begin_item_event(out, "response.content_part.done");
      out += R"(,"part":)";
      append_part(out, text);
      out += "}\n\n";
    }
    begin_event(out, "response.output_item.done");
    out += R"(,"output_index":0,"item":)";
    append_item(out, status(), text, true);
    out += "}\n\n";
    begin_event(out, facts_.cut ? "response.incomplete" : "response.completed");
    out += R"(,"response":)";
    append_response(out, status(), text, &output);
    out += "}\n\n";
  }

  void fail(std::string& out, const ApiError& error, std::string_view) override {
    error_ = R"({"code":)";
    append_json_string(error_, error.status == 429 ? "rate_limit_exceeded" : "server_error");
    error_ += R"(,"message":)";
    append_json_string(error_, error.message);
    error_ += '}';
    begin_event(out, "response.failed");
    out += R"(,"response":)";
    append_response(out, "failed", {}, nullptr);
    out += "}\n\n";
  }

  void whole(std::string& out, std::span<const std::string> texts, std::uint64_t output) override {
    append_response(out, status(), texts.front(), &output);
  }

 private:
  bool is_call() const { return call_.content == Content::tool_call; }
  std::string_view status() const { return facts_.cut ? "incomplete" : "completed"; }

  void begin_event(std::string& out, std::string_view type) {
    fmt::format_to(std::back_inserter(out),
                   "event: {0}\ndata: {{\"type\":\"{0}\",\"sequence_number\":{1}", type,
                   sequence_++);
  }
  void begin_item_event(std::string& out, std::string_view type) {
    begin_event(out, type);
    fmt::format_to(std::back_inserter(out), R"(,"item_id":"{}","output_index":0,"content_index":0)",
                   item_id_);
  }

  static void append_part(std::string& out, std::string_view text) {
    out += R"({"type":"output_text","annotations":[],"logprobs":[],"text":)";
    append_json_string(out, text);
    out += '}';
  }

  void append_item(std::string& out, std::string_view status, std::string_view text,
                   bool with_content) const {
    fmt::format_to(std::back_inserter(out), R"({{"id":"{}","type":"{}","status":"{}",)", item_id_,
                   is_call() ? "function_call" : "message", status);
    if (is_call()) {
      out += R"("arguments":)";
      append_json_string(out, text);
      out += fmt::format(R"(,"call_id":"call_{}","name":)", facts_.unique.substr(0, 24));
      append_json_string(out, call_.tool_name);
      out += '}';
      return;
    }
    out += R"("content":[)";
    if (with_content) append_part(out, text);
    out += R"(],"role":"assistant"})";
  }

  // `output` is null while the response is in progress, and where it failed.
  void append_response(std::string& out, std::string_view status, std::string_view text,
                       const std::uint64_t* output) const {
    fmt::format_to(std::back_inserter(out),
                   R"({{"id":"resp_{}","object":"response","created_at":{},"status":"{}",)"
                   R"("error":{},"incomplete_details":{},)",
                   facts_.unique, facts_.created.ns / 1'000'000'000, status, error_,
                   status == "incomplete" ? R"({"reason":"max_output_tokens"})" : "null");
    out += call_.echoed;
    out += R"("service_tier":"default","model":)";
    append_json_string(out, call_.model);
    out += R"(,"output":[)";
    if (output != nullptr) append_item(out, status, text, true);
    out += R"(],"usage":)";
    if (output != nullptr) {
      append_responses_usage(out, call_.input_tokens, *output);
    } else {
      out += "null";
    }
    out += '}';
  }

  const Call& call_;
  AnswerFacts facts_;
  std::string item_id_;
  std::string delta_head_;
  std::string delta_middle_;
  std::string_view delta_end_;
  std::string error_ = "null";
  std::uint64_t sequence_ = 0;
};

}  // namespace

std::unique_ptr<DialectWriter> responses_writer(const Call& call, AnswerFacts facts) {
  return std::make_unique<ResponsesWriter>(call, std::move(facts));
}

}  // namespace recloser::sim
