#include "codec/server_tools.h"

#include "codec/json_scanner.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

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
    {"mcp", ServerTool::tokens},
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
    {"web_fetch_", ServerTool::tokens},
    {"mcp_toolset", ServerTool::tokens},
    {"advisor_", ServerTool::tokens},  // turns of another model, which the usage tells
    {"web_search_", ServerTool::web_search},
    {"code_execution_", ServerTool::code_session},
};

enum Id : std::uint8_t { id_none, id_tool, id_type, id_uses };
constexpr std::uint8_t with_end = want_begin | want_end;

constexpr JsonTable list_table{
    {"[]", id_tool, with_end},
    {"[].type", id_type, want_text},
    {"[].max_uses", id_uses, want_number},
};
constexpr JsonTable body_table{
    {"tools[]", id_tool, with_end},
    {"tools[].type", id_type, want_text},
    {"tools[].max_uses", id_uses, want_number},
};

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
      take(token, scanner);
    }
  }

  void add(std::string_view raw, bool escaped, std::optional<std::uint64_t> uses) {
    std::string name;
    if (escaped) {
      unescape(name, raw.substr(0, escaped_bytes_max));
    } else {
      name = raw.substr(0, name_bytes_max + 1);
    }
    name.resize(std::min(name.size(), name_bytes_max + 1));
    ServerTool kind = server_tool_named(operation_, name);
    if (kind == ServerTool::none) return;
    auto known = std::ranges::find(found_, name, &AskedTool::name);
    if (known != found_.end()) {
      known->max_uses = sum(known->max_uses, uses);
    } else if (found_.size() < server_tools_told_max) {
      found_.push_back({.kind = kind, .name = std::move(name), .max_uses = uses});
    }
  }

  std::vector<AskedTool> found() && { return std::move(found_); }

 private:
  static std::optional<std::uint64_t> sum(std::optional<std::uint64_t> a,
                                          std::optional<std::uint64_t> b) {
    std::uint64_t all = 0;
    if (!a || !b || __builtin_add_overflow(*a, *b, &all)) return std::nullopt;
    return all;
  }

  void take(JsonToken token, const JsonScanner& scanner) {
    switch (scanner.id()) {
      case id_tool:
        // What was said of a tool's uses may stand behind its type: of two types either may hold.
        for (const Type& type : types_) add(type.raw, type.escaped, uses_);
        types_.clear();
        uses_.reset();
        break;
      case id_type:
        if (token == JsonToken::text) types_.push_back({scanner.raw(), scanner.escaped()});
        break;
      case id_uses:
        if (scanner.is_count()) uses_ = std::max(uses_.value_or(0), scanner.number());
        break;
      default:
        break;
    }
  }

  struct Type {
    std::string_view raw;  // in the text that is read, which is in one piece
    bool escaped = false;
  };

  Operation operation_;
  std::vector<AskedTool> found_;
  std::vector<Type> types_;  // of the tool that is being read
  std::optional<std::uint64_t> uses_;
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
  if (facts.web_search_options) finder.add("web_search", false, 1);  // chat searches once
  if (!facts.has_tools()) return std::move(finder).found();
  Span list = facts.tools_value;
  bool lies_there = list.begin < list.end && list.end <= body.size();
  bool read = lies_there && finder.read(list_table, body.substr(list.begin, list.end - list.begin));
  if (!read) finder.read(body_table, body);  // `functions` stands there too, and the rest between
  std::vector<AskedTool> found = std::move(finder).found();
  if (!facts.max_tool_calls) return found;
  for (AskedTool& tool : found) {
    tool.max_uses = std::min(tool.max_uses.value_or(UINT64_MAX), *facts.max_tool_calls);
  }
  return found;
}

}  // namespace recloser::codec
