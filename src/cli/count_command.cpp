// count: the tokens of a text, or of each prompt in a file of JSON lines.
#include "cli/human.h"
#include "cli/output.h"
#include "cli/prompt_count.h"
#include "cli/run_commands.h"
#include "core/json_writer.h"
#include "core/names.h"

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::size_t input_bytes_max = 1u << 30;
constexpr std::size_t output_piece_bytes = 64u << 10;
constexpr std::size_t complaints_max = 20;
constexpr std::string_view standard_input = "standard input";

Result<std::string> read_descriptor(int descriptor) {
  std::string text;
  std::string piece(64u << 10, '\0');
  for (;;) {
    ssize_t got = ::read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(Side::operator_, Kind::io, std::generic_category().message(errno));
    }
    if (got == 0) return text;
    text.append(piece, 0, static_cast<std::size_t>(got));
    if (text.size() > input_bytes_max) {
      return fail(Side::operator_, Kind::too_large,
                  fmt::format("more than {} MiB", input_bytes_max >> 20));
    }
  }
}

struct Input {
  std::string name;  // as messages call it
  std::string text;
};

Result<Input> read_input(const Invocation& invocation, const Process& process) {
  bool named = !invocation.arguments().empty() && invocation.arguments().front() != "-";
  std::string path = named ? invocation.arguments().front() : std::string();
  Result<std::string> text =
      named ? process.environment.file(path, input_bytes_max) : read_descriptor(process.in);
  std::string name = named ? shown(path, 256) : std::string(standard_input);
  if (text) return Input{.name = std::move(name), .text = std::move(*text)};
  return fail(Side::operator_, Kind::io,
              fmt::format("cannot read {}: {}", name, text.error().message()));
}

void write_count(std::string& out, const PromptCount& count, const Json* id) {
  JsonWriter json(out);
  json.open_object();
  if (id != nullptr) json.key("id").raw(boost::json::serialize(*id));
  json.member("tokens", count.tokens()).member("upper", count.upper());
  json.member("exact", count.exact()).member("encoding", count.encoding()).close_object();
  out += '\n';
}

std::string sentence(const PromptCount& count) {
  auto figure = [](std::uint64_t tokens) {
    return with_thousands(static_cast<std::int64_t>(tokens));
  };
  std::string tokens = figure(count.tokens());
  if (count.exact()) return fmt::format("{} tokens ({})\n", tokens, count.encoding());
  return fmt::format("about {} tokens, at most {} ({}, and a line for the family {})\n", tokens,
                     figure(count.upper()), count.encoding(), count.family().name);
}

// What JSON allows and its readers here do not: half of a surrogate pair, which stands for no
// character, becomes U+FFFD as any reader of texts makes of it.
std::string with_whole_characters(std::string_view line) {
  std::string out(line);
  auto surrogate = [&out](std::size_t at) -> char {
    bool is = at + 6 <= out.size() && out[at] == '\\' && out[at + 1] == 'u' &&
              (out[at + 2] == 'd' || out[at + 2] == 'D');
    if (!is) return ' ';
    std::string_view low = "cdefCDEF";
    std::string_view high = "89abAB";
    if (low.contains(out[at + 3])) return 'l';
    return high.contains(out[at + 3]) ? 'h' : ' ';
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] != '\\') continue;
    char kind = surrogate(i);
    if (kind == 'h' && surrogate(i + 6) == 'l') {
      i += 11;
    } else if (kind != ' ') {
      out.replace(i, 6, "\\ufffd");
      i += 5;
    } else {
      ++i;  // what is escaped is no backslash that escapes
    }
  }
  return out;
}

class LineCounter {
 public:
  LineCounter(std::string_view model, std::string& out) : model_(model), out_(out) {}

  Result<void> count(std::string_view line) {
    boost::system::error_code error;
    Json json = boost::json::parse(with_whole_characters(line), error);
    if (error) return malformed(fmt::format("this is not JSON: {}", error.message()));
    const boost::json::object* members = json.if_object();
    if (members == nullptr) return malformed("a line must be a JSON object");
    const Json* text = member(json, "text");
    const Json* messages = member(json, "messages");
    const Json* model = member(json, "model");
    if ((text == nullptr) == (messages == nullptr)) {
      return malformed("a line needs \"text\" or \"messages\", and not both");
    }
    if (text != nullptr && !text->is_string()) return malformed("\"text\" must be a string");
    if (model != nullptr && !model->is_string()) return malformed("\"model\" must be a string");
    std::string_view name = model != nullptr ? std::string_view(model->get_string()) : model_;
    if (name.empty()) return malformed("it names no \"model\", and there is no --model");
    PromptCount count(name, scratch_);
    if (text != nullptr) count.add_text(text->get_string());
    if (messages != nullptr) {
      if (Result<void> added = count.add_messages(*messages); !added) return added;
    }
    if (const Json* tools = member(json, "tools")) {
      if (Result<void> added = count.add_tools(*tools); !added) return added;
    }
    write_count(out_, count, members->if_contains("id"));
    return {};
  }

 private:
  static std::unexpected<Error> malformed(std::string message) {
    return fail(Side::client, Kind::malformed, std::move(message));
  }

  std::string_view model_;
  std::string& out_;
  text::EncodingScratch scratch_;
};

// Every line that can be counted is; the others are told with their numbers.
Exit count_lines(const Input& input, std::string_view model, const Process& process) {
  std::string out;
  LineCounter counter(model, out);
  std::size_t number = 0;
  std::size_t wrong = 0;
  for (std::string_view rest = input.text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    Result<void> counted = counter.count(line);
    if (!counted && ++wrong <= complaints_max) {
      complain(process, Exit::usage,
               fmt::format("{}:{}: {}", input.name, number, counted.error().message()));
    }
    if (out.size() < output_piece_bytes) continue;
    if (Exit shown = show(process, out); shown != Exit::fine) return shown;
    out.clear();
  }
  if (Exit shown = show(process, out); shown != Exit::fine) return shown;
  if (wrong > complaints_max) {
    complain(process, Exit::usage, fmt::format("{} more lines are wrong", wrong - complaints_max));
  }
  return wrong == 0 ? Exit::fine : Exit::usage;
}

}  // namespace

Exit run_count(const Invocation& invocation, const Process& process) {
  std::string_view model = invocation.value("model");
  bool lines = invocation.has("jsonl");
  if (model.empty() && !lines) {
    return complain(process, Exit::usage,
                    "which model? Tokens differ: `recloser count --model gpt-4o FILE`");
  }
  Result<Input> input = read_input(invocation, process);
  if (!input) return complain(process, Exit::could_not, input.error().message());
  if (lines) return count_lines(*input, model, process);
  text::EncodingScratch scratch;
  PromptCount count(model, scratch);
  count.add_text(input->text);
  if (!invocation.has("json")) return show(process, sentence(count));
  std::string out;
  write_count(out, count, nullptr);
  return show(process, out);
}

}  // namespace recloser::cli
