#include "core/ids.h"
#include "core/json_writer.h"
#include "sim/answer/dialect.h"
#include "sim/answer/models.h"
#include "sim/answer/openai_usage.h"

#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include <fmt/format.h>

namespace recloser::sim {
namespace {

constexpr std::uint64_t compaction_output_tokens = 24;

// A direction that depends on the input alone, of length 1.
std::vector<float> unit_vector(std::uint64_t seed, std::uint32_t dimensions) {
  Random random(seed);
  std::vector<float> vector(dimensions);
  double sum = 0;
  for (float& x : vector) {
    x = static_cast<float>(random.below(2'000'001)) / 1e6f - 1.0f;
    sum += static_cast<double>(x) * x;
  }
  auto scale = static_cast<float>(1.0 / std::sqrt(sum > 0 ? sum : 1.0));
  for (float& x : vector) x *= scale;
  return vector;
}

void append_base64(std::string& out, std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (k < count ? bytes[i + k] : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= count ? digits[(group >> (18 - 6 * k)) & 63] : '=';
    }
  }
}

void append_vector(std::string& out, const std::vector<float>& vector, bool base64) {
  if (!base64) {
    out += '[';
    for (std::size_t i = 0; i < vector.size(); ++i) {
      fmt::format_to(std::back_inserter(out), "{}{:.8g}", i > 0 ? "," : "", vector[i]);
    }
    out += ']';
    return;
  }
  std::vector<std::uint8_t> bytes;
  bytes.reserve(vector.size() * 4);
  for (float x : vector) {
    auto bits = std::bit_cast<std::uint32_t>(x);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
    }
  }
  out += '"';
  append_base64(out, bytes);
  out += '"';
}

constexpr std::array<std::string_view, 3> listed_models{"sim-fast", "sim-smart", "sim-long"};
constexpr std::int64_t models_created = 1'790'000'000;  // seconds; no real date means anything here

void write_model(std::string& out, codec::Family family, std::string_view model) {
  JsonWriter json(out);
  json.open_object();
  if (family == codec::Family::anthropic) {
    json.member("type", "model").member("id", model);
    json.member("display_name", fmt::format("Simulated {}", model));
    json.member("created_at", "2026-09-21T14:13:20Z");
  } else {
    json.member("id", model).member("object", "model").member("created", models_created);
    json.member("owned_by", "recloser-simulated");
  }
  json.close_object();
}

}  // namespace

void write_embeddings(std::string& out, const Call& call) {
  out += R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    if (i > 0) out += ',';
    fmt::format_to(std::back_inserter(out), R"({{"object":"embedding","index":{},"embedding":)", i);
    append_vector(out, unit_vector(call.inputs[i], call.dimensions), call.base64);
    out += '}';
  }
  out += R"(],"model":)";
  append_json_string(out, call.model);
  fmt::format_to(std::back_inserter(out),
                 R"(,"usage":{{"prompt_tokens":{0},"total_tokens":{0}}}}})", call.input_tokens);
}

void write_moderations(std::string& out, const Call& call, const AnswerFacts& facts) {
  static constexpr std::array<std::string_view, 13> categories{"harassment",
                                                               "harassment/threatening",
                                                               "hate",
                                                               "hate/threatening",
                                                               "illicit",
                                                               "illicit/violent",
                                                               "self-harm",
                                                               "self-harm/intent",
                                                               "self-harm/instructions",
                                                               "sexual",
                                                               "sexual/minors",
                                                               "violence",
                                                               "violence/graphic"};
  JsonWriter json(out);
  json.open_object().member("id", "modr-" + facts.unique.substr(0, 24));
  json.member("model", call.model).key("results").open_array();
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    json.open_object().member("flagged", false).key("categories").open_object();
    for (std::string_view category : categories) json.member(category, false);
    json.close_object().key("category_scores").open_object();
    for (std::string_view category : categories) json.member(category, 0.0001);
    json.close_object().key("category_applied_input_types").open_object();
    for (std::string_view category : categories) {
      json.key(category).open_array().value("text").close_array();
    }
    json.close_object().close_object();
  }
  json.close_array().close_object();
}

void write_compaction(std::string& out, const Call& call, const AnswerFacts& facts) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"id":"resp_{0}","object":"response.compaction","created_at":{1},"output":[)"
                 R"({{"id":"cmp_{0}","type":"compaction","encrypted_content":"simulated-{0}"}}],)"
                 R"("usage":)",
                 facts.unique, facts.created.ns / 1'000'000'000);
  append_responses_usage(out, call.input_tokens, compaction_output_tokens);
  out += '}';
}

std::uint64_t output_of_whole(const Call& call) {
  return call.operation == codec::Operation::responses_compact ? compaction_output_tokens : 0;
}

void write_input_tokens(std::string& out, const Call& call) {
  bool responses = call.operation == codec::Operation::responses_input_tokens;
  fmt::format_to(std::back_inserter(out), R"({{{}"input_tokens":{}}})",
                 responses ? R"("object":"response.input_tokens",)" : "", call.input_tokens);
}

void write_models(std::string& out, codec::Family family) {
  out += family == codec::Family::anthropic ? R"({"data":[)" : R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < listed_models.size(); ++i) {
    if (i > 0) out += ',';
    write_model(out, family, listed_models[i]);
  }
  out += ']';
  if (family == codec::Family::anthropic) {
    fmt::format_to(std::back_inserter(out), R"(,"has_more":false,"first_id":"{}","last_id":"{}")",
                   listed_models.front(), listed_models.back());
  }
  out += '}';
}

void write_one_model(std::string& out, codec::Family family, std::string_view model) {
  write_model(out, family, model);
}

}  // namespace recloser::sim
