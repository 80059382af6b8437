#include "codec/server_tools.h"

#include "codec/json_scanner.h"

#include <algorithm>
#include <span>

namespace recloser::codec {
namespace {

// Longer names are of nothing that is known.
constexpr std::size_t name_bytes_max = 64;
// So much of a name with escapes is more than that, whatever the cut makes of the last ones.
constexpr std::size_t escaped_bytes_max = 6 * (name_bytes_max + 3);

// A name that ends with '_' stands for all that begin with it: tools have the date of their
// version.
struct Known {
  std::string_view name;
  ServerTool kind;
};

constexpr Known of_openai[] = {
    {"function", ServerTool::none},
    {"custom", ServerTool::none},
    {"namespace", ServerTool::none},
    {"tool_search", ServerTool::none},
    {"mcp", ServerTool::none},
    {"local_shell", ServerTool::none},
    {"apply_patch", ServerTool::none},
    {"computer", ServerTool::none},
    {"computer_use", ServerTool::none},
    {"computer_use_", ServerTool::none},
    {"web_search", ServerTool::web_search},
    {"web_search_", ServerTool::web_search},
    {"file_search", ServerTool::file_search},
    {"code_interpreter", ServerTool::code_session},
    {"shell", ServerTool::code_session},  // in a container, unless it says otherwise
};

constexpr Known of_anthropic[] = {
    {"custom", ServerTool::none},
    {"bash_", ServerTool::none},
    {"text_editor_", ServerTool::none},
    {"computer_", ServerTool::none},
    {"memory_", ServerTool::none},
    {"tool_search_tool_", ServerTool::none},
    {"web_fetch_", ServerTool::none},
    {"mcp_toolset", ServerTool::none},
    {"advisor_", ServerTool::none},  // turns of another model, which the usage tells
    {"web_search_", ServerTool::web_search},
    {"code_execution_", ServerTool::code_session},
};

constexpr std::uint8_t tool_type = 1;

constexpr JsonTable list_table{{"[].type", tool_type, want_text}};
constexpr JsonTable body_table{{"tools[].type", tool_type, want_text}};

class Finder {
 public:
  explicit Finder(Operation operation) : operation_(operation) {}

  // False when the text is not one JSON value.
  bool read(const JsonTable& table, std::string_view text) {
    JsonScanner scanner(table);
    for (;;) {
      JsonToken token = scanner.next(text);
      if (token == JsonToken::error) return false;
      if (token == JsonToken::none) return scanner.finish() == JsonToken::none;
      if (token == JsonToken::text) take(scanner.raw(), scanner.escaped());
    }
  }

  void take(std::string_view raw, bool escaped) {
    std::string name;
    if (escaped) {
      unescape(name, raw.substr(0, escaped_bytes_max));
    } else {
      name = raw.substr(0, name_bytes_max + 1);
    }
    name.resize(std::min(name.size(), name_bytes_max + 1));
    ServerTool kind = server_tool_named(operation_, name);
    if (kind == ServerTool::none || found_.size() == server_tools_told_max) return;
    if (std::ranges::find(found_, name, &AskedTool::name) != found_.end()) return;
    found_.push_back({.kind = kind, .name = std::move(name)});
  }

  std::vector<AskedTool> found() && { return std::move(found_); }

 private:
  Operation operation_;
  std::vector<AskedTool> found_;
};

}  // namespace

ServerTool server_tool_named(Operation operation, std::string_view type) {
  bool anthropic = operation == Operation::messages || operation == Operation::count_tokens;
  std::span<const Known> all = anthropic ? std::span<const Known>(of_anthropic) : of_openai;
  for (const Known& known : all) {
    bool is_it = known.name.ends_with('_') ? type.starts_with(known.name) : type == known.name;
    if (is_it) return known.kind;
  }
  return ServerTool::other;
}

std::vector<AskedTool> server_tools(Operation operation, const RequestFacts& facts,
                                    std::string_view body) {
  Finder finder(operation);
  if (facts.web_search_options) finder.take("web_search", false);
  if (!facts.has_tools()) return std::move(finder).found();
  Span list = facts.tools_value;
  bool lies_there = list.begin < list.end && list.end <= body.size();
  bool read = lies_there && finder.read(list_table, body.substr(list.begin, list.end - list.begin));
  if (!read) finder.read(body_table, body);  // `functions` stands there too, and the rest between
  return std::move(finder).found();
}

}  // namespace recloser::codec
