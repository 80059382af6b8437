// For tests: a model with several targets, each of which answers as the test says.
#pragma once

#include "relay/testing/test_gateway.h"

#include <array>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::relay {

class FailoverTest : public testing::Test {
 protected:
  static constexpr std::string_view role =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n";
  static constexpr std::string_view piece =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"so\"}}]}\n\n";
  static constexpr std::string_view rest =
      "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";
  static constexpr std::string_view error_in_band =
      "data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\",\"code\":null}}\n\n";
  static constexpr std::string_view whole =
      R"({"id":"w","choices":[{"index":0,"message":{"content":"so"},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":7,"completion_tokens":1}})";

  static std::string events_head() {
    return "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
  }

  // What a provider does with its next call.
  struct Answer {
    std::string bytes;      // as they go over the wire; then the connection is closed
    Duration before{};      // them
    Duration stays_open{};  // and says nothing more for so long
  };

  static Answer status(int code, std::string_view fields = "", std::string_view body = "{}") {
    return {.bytes = fmt::format("HTTP/1.1 {} X\r\ncontent-type: application/json\r\n{}"
                                 "content-length: {}\r\n\r\n{}",
                                 code, fields, body.size(), body)};
  }
  static Answer json(std::string_view body) { return status(200, "", body); }
  static Answer stream(std::string_view events) {
    return {.bytes = events_head() + std::string(events)};
  }

  static std::string all_events() {
    return std::string(role) + std::string(piece) + std::string(rest);
  }

  FailoverTest()
      : directory_(testing::TempDir() + "recloser-failover-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name()),
        gateway_(directory_) {
    says(gateway_.provider(), first_);
    others_.reserve(3);
  }
  ~FailoverTest() override {
    for (auto& other : others_) other.provider->stop();
  }

  struct Other {
    std::unique_ptr<TestProvider> provider;
    std::unique_ptr<Answer> answer;
  };

  // The targets of model "n": p/one, q/two, r/three.
  void with_targets(std::size_t count, std::uint32_t attempts = 3) {
    config::Model model;
    model.name = "n";
    model.attempts = attempts;
    constexpr std::array<const char*, 4> names{"one", "two", "three", "four"};
    for (std::size_t i = 0; i < count; ++i) {
      std::string provider(1, static_cast<char>('p' + i));
      if (i > 0) add_provider(provider);
      model.targets.push_back(
          {.provider = provider, .model = names.at(i), .order = static_cast<std::uint32_t>(i + 1)});
    }
    gateway_.config().models.push_back(model);
  }
  void add_provider(const std::string& name) {
    config::Provider provider = gateway_.config().providers[0];
    Other& other = others_.emplace_back(std::make_unique<TestProvider>(gateway_.loop()),
                                        std::make_unique<Answer>(stream(all_events())));
    provider.name = name;
    provider.base_url =
        *config::BaseUrl::parse(fmt::format("http://127.0.0.1:{}", other.provider->port()));
    gateway_.config().providers.push_back(provider);
    says(*other.provider, *other.answer);
  }
  config::Model& model() { return gateway_.config().models.back(); }

  void says(TestProvider& provider, Answer& answer) {
    provider.script = [this, &answer](net::Exchange& exchange, std::string) -> Task<void> {
      return write(exchange, gateway_.loop().worker(), answer);
    };
  }
  static Task<void> write(net::Exchange& exchange, net::Worker& worker, Answer answer) {
    co_await worker.sleep_until(worker.now() + answer.before);
    exchange.begin(net::AnswerFraming::length);
    std::array<std::string_view, 1> payload{answer.bytes};
    Result<void> sent = co_await exchange.send("", payload, net::Last::no);
    co_await worker.sleep_until(worker.now() + answer.stays_open);
    exchange.break_off();
  }

  Seen ask_stream() {
    return gateway_.post("/v1/chat/completions",
                         R"({"model":"n","stream":true,"stream_options":{"include_usage":true},)"
                         R"("messages":[{"role":"user","content":"say so"}]})");
  }
  Seen ask_whole() {
    return gateway_.post("/v1/chat/completions",
                         R"({"model":"n","messages":[{"role":"user","content":"say so"}]})");
  }
  // Ones beside others; their clients leave at `leave_at`.
  void begin_whole(Seen& seen, Instant leave_at = Instant::never()) {
    begin(seen, R"({"model":"n","messages":[{"role":"user","content":"say so"}]})", leave_at);
  }
  void begin_stream(Seen& seen, Instant leave_at = Instant::never()) {
    begin(seen,
          R"({"model":"n","stream":true,"stream_options":{"include_usage":true},)"
          R"("messages":[{"role":"user","content":"say so"}]})",
          leave_at);
  }
  void begin(Seen& seen, std::string body, Instant leave_at) {
    std::string head = fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {}\r\n"
        "content-length: {}\r\n\r\n",
        test_secret, body.size());
    gateway_.loop().worker().tasks().spawn(
        "a call", gateway_.fetch(std::move(head), std::move(body), seen, leave_at));
  }
  // Of the last call, "target error_class outcome" each.
  std::vector<std::string> attempts() {
    ledger::StoredCall call = gateway_.books().back();
    std::vector<std::string> out;
    for (std::size_t at = 0; (at = call.attempts.find("\"target\":\"", at)) != std::string::npos;) {
      std::size_t end = call.attempts.find("\"n\":", at + 1);
      std::string_view one = std::string_view(call.attempts).substr(at, end - at);
      out.push_back(member(one, "target") + " " + member(one, "error_class") + " " +
                    member(one, "outcome"));
      at += 1;
    }
    return out;
  }
  static std::string member(std::string_view json, std::string_view name) {
    std::string key = fmt::format("\"{}\":\"", name);
    std::size_t at = json.find(key);
    if (at == std::string_view::npos) return "-";
    json.remove_prefix(at + key.size());
    return std::string(json.substr(0, json.find('"')));
  }
  void after(Duration pause) {
    net::TestLoop& loop = gateway_.loop();
    loop.run(wait(loop.worker(), pause));
  }
  static Task<void> wait(net::Worker& worker, Duration pause) {
    co_await worker.sleep_until(worker.now() + pause);
  }
  route::TargetHealth::Standing standing(std::string_view target) {
    return gateway_.health().find(target)->standing(gateway_.loop().worker().now());
  }
  std::size_t asked(std::size_t provider) {
    return provider == 0 ? gateway_.provider().bodies.size()
                         : others_[provider - 1].provider->bodies.size();
  }

  std::string directory_;  // of its store
  TestGateway gateway_;
  Answer first_ = stream(all_events());
  std::vector<Other> others_;
};

}  // namespace recloser::relay
