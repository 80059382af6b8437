#include "codec/testing/recording.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace recloser::recordings {
namespace {

namespace json = boost::json;
using codec::Operation;

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<Operation> operation_of(const std::string& api) {
  if (api == "chat" || api == "openai-chat") return Operation::chat;
  if (api == "count-tokens") return Operation::count_tokens;
  if (api == "responses-compact") return Operation::responses_compact;
  if (api == "responses-input_tokens") return Operation::responses_input_tokens;
  return codec::operation_named(api);
}

bool of_another_dialect(const std::string& provider, const std::string& api) {
  return provider == "bedrock" || provider == "cohere" || provider == "vertex" ||
         (provider == "gemini" && api != "openai-chat") ||
         (provider == "ollama" && api == "embeddings");
}

const json::value* member(const json::value* of, std::string_view name) {
  return of != nullptr && of->is_object() ? of->as_object().if_contains(name) : nullptr;
}

std::string minimal_request(const Recording& recording, const json::value& document) {
  const json::array& models = document.at("models").as_array();
  json::object request;
  bool named = !models.empty() && models.front() != "";
  request["model"] = named ? models.front() : json::value("recorded");
  if (recording.stream) request["stream"] = true;
  return json::serialize(request);
}

Recording read(const std::filesystem::path& file, Operation operation, bool stream) {
  json::value document = json::parse(read_all(file));
  const json::object& response = document.at("response").as_object();
  Recording recording{.name = file.stem(), .operation = operation, .stream = stream};
  recording.status = static_cast<int>(response.at("status").as_int64());
  recording.body = response.at("body").as_string();
  bool has_type = false;
  if (const json::value* headers = response.if_contains("headers"); headers->is_object()) {
    for (const auto& [name, value] : headers->as_object()) {
      has_type |= name == "content-type";
      recording.fields.emplace_back(name, value.as_string());
    }
  }
  if (!has_type) {
    recording.fields.emplace_back("content-type",
                                  stream ? "text/event-stream" : "application/json");
  }
  const json::value* request = member(member(&document, "request"), "json");
  bool usable = request != nullptr && request->is_object();
  recording.request = usable ? json::serialize(*request) : minimal_request(recording, document);
  return recording;
}

// --- usage

std::uint64_t figure(const json::value* at, std::initializer_list<std::string_view> path) {
  for (std::string_view name : path) at = member(at, name);
  return at != nullptr && at->is_number() ? at->to_number<std::uint64_t>() : 0;
}

codec::Usage openai_usage(const json::value* usage) {
  auto first = [&](std::initializer_list<std::initializer_list<std::string_view>> paths) {
    for (auto path : paths) {
      if (std::uint64_t value = figure(usage, path); value != 0) return value;
    }
    return std::uint64_t{0};
  };
  codec::Usage out;
  out.input_tokens = first({{"prompt_tokens"}, {"input_tokens"}});
  out.output_tokens = first({{"completion_tokens"}, {"output_tokens"}});
  out.cached_input_tokens = first({{"prompt_tokens_details", "cached_tokens"},
                                   {"input_tokens_details", "cached_tokens"},
                                   {"prompt_cache_hit_tokens"},
                                   {"num_cached_tokens"},
                                   {"cached_tokens"}});
  out.cache_write_tokens = first({{"prompt_tokens_details", "cache_write_tokens"},
                                  {"input_tokens_details", "cache_write_tokens"}});
  out.reasoning_tokens = first({{"completion_tokens_details", "reasoning_tokens"},
                                {"output_tokens_details", "reasoning_tokens"}});
  // What the total has beyond its parts is audio of the input, or reasoning that is not in the
  // output.
  std::uint64_t total = figure(usage, {"total_tokens"});
  std::uint64_t parts = out.input_tokens + out.output_tokens;
  if (total <= parts) return out;
  if (total - parts == figure(usage, {"prompt_tokens_details", "audio_tokens"})) {
    out.input_tokens += total - parts;
    return out;
  }
  out.output_tokens += total - parts;
  if (out.reasoning_tokens == 0) out.reasoning_tokens = total - parts;
  return out;
}

// Cache reads and writes stand beside the input; turns of the server are told one by one.
codec::Usage anthropic_usage(const json::object& usage) {
  json::array turns{usage};
  if (const json::value* iterations = usage.if_contains("iterations")) {
    if (iterations->is_array() && !iterations->as_array().empty()) turns = iterations->as_array();
  }
  codec::Usage out;
  for (const json::value& turn : turns) {
    std::uint64_t read = figure(&turn, {"cache_read_input_tokens"});
    std::uint64_t written = figure(&turn, {"cache_creation_input_tokens"});
    out.cached_input_tokens += read;
    out.cache_write_tokens += written;
    out.input_tokens += figure(&turn, {"input_tokens"}) + read + written;
    out.output_tokens += figure(&turn, {"output_tokens"});
  }
  json::value whole(usage);
  out.reasoning_tokens = figure(&whole, {"output_tokens_details", "thinking_tokens"});
  return out;
}

std::optional<codec::Usage> usage_of_answer(Operation operation, const json::value& body) {
  if (operation == Operation::count_tokens || operation == Operation::responses_input_tokens) {
    if (member(&body, "input_tokens") == nullptr) return std::nullopt;
    return codec::Usage{.input_tokens = figure(&body, {"input_tokens"})};
  }
  const json::value* usage = member(&body, "usage");
  if (usage == nullptr || !usage->is_object()) return std::nullopt;
  return operation == Operation::messages ? anthropic_usage(usage->as_object())
                                          : openai_usage(usage);
}

// The JSON of each event's data, with where the event stands in the stream.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  json::value data;  // null where it is no JSON
};

std::vector<Piece> pieces_of(std::string_view stream) {
  std::vector<Piece> pieces;
  Piece piece;
  std::string data;
  for (std::size_t at = 0; at < stream.size();) {
    std::size_t end = std::min(stream.find('\n', at), stream.size() - 1) + 1;
    std::string_view line = stream.substr(at, end - at);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    at = end;
    if (line.starts_with("data:")) data += line.substr(line.starts_with("data: ") ? 6 : 5);
    if (!line.empty() && at < stream.size()) continue;
    boost::system::error_code bad;
    piece.end = at;
    piece.data = json::parse(data, bad);
    if (bad) piece.data = nullptr;
    pieces.push_back(piece);
    piece.begin = at;
    data.clear();
  }
  return pieces;
}

std::optional<codec::Usage> usage_of_stream(const Recording& recording) {
  std::optional<codec::Usage> out;
  json::object merged;  // Anthropic's fields of several events
  for (const Piece& piece : pieces_of(recording.body)) {
    const json::value* usage = member(&piece.data, "usage");
    for (std::string_view inside : {"message", "response", "x_groq"}) {
      const json::value* found = member(member(&piece.data, inside), "usage");
      if (found != nullptr && (usage == nullptr || !usage->is_object())) usage = found;
    }
    if (usage == nullptr || !usage->is_object()) continue;
    if (recording.operation != Operation::messages) {
      out = openai_usage(usage);
      continue;
    }
    for (const auto& [name, value] : usage->as_object()) merged[name] = value;
    out = anthropic_usage(merged);
  }
  return out;
}

// Of an event's text, without its member `"usage": null` and one comma.
std::string without_null_usage(std::string text) {
  std::size_t name = text.find("\"usage\"");
  std::size_t null = text.find("null", name);
  std::size_t begin = text.find_last_not_of(" \t", name - 1);
  if (text[begin] == ',') return text.erase(begin, null + 4 - begin);
  std::size_t end = text.find_first_not_of(" \t,", null + 4);
  return text.erase(name, end - name);
}

bool tells_error(const json::value& data) {
  const json::value* error = member(&data, "error");
  const json::value* type = member(&data, "type");
  bool failed = type != nullptr && (*type == "error" || *type == "response.failed");
  return failed || (error != nullptr && !error->is_null());
}

}  // namespace

std::filesystem::path folder() {
  const char* set = std::getenv("RECLOSER_SHARED");
  std::filesystem::path path =
      std::filesystem::path(set == nullptr ? "../shared" : set) / "recordings";
  return std::filesystem::exists(path / "INDEX.tsv") ? path : std::filesystem::path();
}

std::vector<Recording> load(const std::filesystem::path& folder) {
  std::ifstream index(folder / "INDEX.tsv");
  std::vector<Recording> found;
  std::string line;
  std::getline(index, line);
  while (std::getline(index, line)) {
    std::istringstream columns(line);
    std::string name, provider, api, framing;
    std::getline(columns, name, '\t');
    std::getline(columns, provider, '\t');
    std::getline(columns, api, '\t');
    std::getline(columns, framing, '\t');
    std::optional<Operation> operation = operation_of(api);
    if (!operation || of_another_dialect(provider, api)) continue;
    found.push_back(read(folder / (name + ".json"), *operation, framing == "sse"));
  }
  return found;
}

std::string_view path_of(Operation operation) {
  switch (operation) {
    case Operation::completions:
      return "/v1/completions";
    case Operation::responses:
      return "/v1/responses";
    case Operation::responses_compact:
      return "/v1/responses/compact";
    case Operation::responses_input_tokens:
      return "/v1/responses/input_tokens";
    case Operation::embeddings:
      return "/v1/embeddings";
    case Operation::moderations:
      return "/v1/moderations";
    case Operation::messages:
      return "/v1/messages";
    case Operation::count_tokens:
      return "/v1/messages/count_tokens";
    default:
      return "/v1/chat/completions";
  }
}

bool hides_usage(const Recording& recording) {
  bool chunks =
      recording.operation == Operation::chat || recording.operation == Operation::completions;
  json::value request = json::parse(recording.request);
  const json::value* stream = member(&request, "stream");
  const json::value* asked = member(member(&request, "stream_options"), "include_usage");
  bool streams = stream != nullptr && stream->is_bool() && stream->as_bool();
  bool asks = asked != nullptr && asked->is_bool() && asked->as_bool();
  return chunks && streams && !asks;
}

std::string expected_body(const Recording& recording) {
  if (!recording.stream || !hides_usage(recording)) return recording.body;
  std::string out;
  for (const Piece& piece : pieces_of(recording.body)) {
    std::string text = recording.body.substr(piece.begin, piece.end - piece.begin);
    const json::value* usage = member(&piece.data, "usage");
    const json::value* choices = member(&piece.data, "choices");
    bool no_choice = choices != nullptr && choices->is_array() && choices->as_array().empty();
    if (usage != nullptr && usage->is_object() && no_choice) continue;
    out += usage != nullptr && usage->is_null() ? without_null_usage(std::move(text)) : text;
  }
  return out;
}

bool failed(const Recording& recording) {
  if (recording.status >= 400) return true;
  if (!recording.stream) {
    boost::system::error_code bad;
    json::value body = json::parse(recording.body, bad);
    return bad || tells_error(body);
  }
  return std::ranges::any_of(pieces_of(recording.body),
                             [](const Piece& piece) { return tells_error(piece.data); });
}

std::optional<codec::Usage> recorded_usage(const Recording& recording) {
  if (recording.stream) return usage_of_stream(recording);
  boost::system::error_code bad;
  json::value body = json::parse(recording.body, bad);
  if (bad) return std::nullopt;
  return usage_of_answer(recording.operation, body);
}

}  // namespace recloser::recordings
