#include "config/yaml/read.h"

#include "config/yaml/utf8.h"
#include "core/check.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace recloser::config {
namespace {

// The lines of the text, to turn yaml-cpp's marks (from 0, in bytes) into places for people.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }

  std::size_t count() const { return starts_.size(); }
  std::size_t offset(std::size_t line, std::size_t byte) const {  // both from 0
    if (line >= starts_.size()) return text_.size();
    return std::min(starts_[line] + byte, text_.size());
  }
  std::string_view line(std::size_t line) const {
    return text_.substr(starts_[line], offset(line + 1, 0) - starts_[line]);
  }
  Place place(std::size_t line, std::size_t byte) const {
    // Bounded, because a hostile file may have a hundred thousand places in one line.
    constexpr std::size_t counted_bytes_max = 1000;
    if (byte > counted_bytes_max) return {line + 1, byte + 1};
    std::string_view before = text_.substr(0, offset(line, byte));
    before = before.substr(offset(line, 0));
    auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    return {line + 1, static_cast<std::size_t>(std::ranges::count_if(before, is_first_byte)) + 1};
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

// What yaml-cpp would read in ways of its own: other encodings, control bytes, tabs as indentation.
bool check_bytes(const Lines& lines, Findings& findings) {
  for (std::size_t number = 0; number < lines.count(); ++number) {
    std::string_view line = lines.line(number);
    bool indenting = true;
    for (std::size_t i = 0; i < line.size();) {
      auto byte = static_cast<unsigned char>(line[i]);
      std::size_t size = utf8_size(line.substr(i));
      bool line_end = byte == '\n' || (byte == '\r' && i + 2 == line.size());
      std::string_view what;
      if (size == 0) what = "the file must be UTF-8 text; there is another byte here";
      if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7f) {
        what = "the file must be text; there is a control byte here";
      }
      if (byte == '\t' && indenting && line.find_first_not_of(" \t\r\n") != line.npos) {
        what = "lines must be indented with spaces; there is a tab here";
      }
      if (!what.empty()) {
        findings.error(lines.place(number, i), std::string(what));
        return false;
      }
      indenting = indenting && byte == ' ';
      i += size;
    }
  }
  return true;
}

// yaml-cpp takes the end of the file for a closing quote. `text` begins with the opening one.
bool quote_is_closed(std::string_view text) {
  char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != '\'') return true;
      ++i;
    }
  }
  return false;
}

// Builds the tree from yaml-cpp's events. Aliases are never followed, so a file cannot grow beyond
// its size; what lies too deep is dropped, so no walk over the tree can run out of stack.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const Lines& lines, Findings& findings) : lines_(lines), findings_(findings) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    add(node(Node::Kind::nothing, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (*name) are not allowed; write the value out");
    add(node(Node::Kind::nothing, mark));
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    refuse(mark, "anchors (&name) are not allowed; write the value out where it is needed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    check_tag(mark, tag);
    std::string_view written = lines_.text().substr(lines_.offset(row(mark), column(mark)));
    bool is_quoted = written.starts_with('"') || written.starts_with('\'');
    if (is_quoted && !quote_is_closed(written)) {
      refuse(mark, "the quoted text that begins here is never closed");
    }
    Node scalar = node(Node::Kind::scalar, mark);
    scalar.text = value;
    add(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(mark, Node::Kind::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(mark, Node::Kind::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  // A map or list that is being read. In a map, keys and values come in turns.
  struct Open {
    Node node;
    std::map<std::string, std::size_t, std::less<>> lines_of_keys;
    bool key_next = true;
    bool drop_value = false;  // its key was refused
  };

  static std::size_t row(const YAML::Mark& mark) {
    return static_cast<std::size_t>(std::max(mark.line, 0));
  }
  static std::size_t column(const YAML::Mark& mark) {
    return static_cast<std::size_t>(std::max(mark.column, 0));
  }
  Place place(const YAML::Mark& mark) const { return lines_.place(row(mark), column(mark)); }

  Node node(Node::Kind kind, const YAML::Mark& mark) const {
    Node made;
    made.kind = kind;
    made.place = place(mark);
    return made;
  }

  // Where the next node goes: "providers.openai.headers".
  std::string path() const {
    std::string path;
    for (const Open& level : open_) {
      if (level.node.kind == Node::Kind::list) {
        path += fmt::format("[{}]", level.node.items.size());
      } else if (!level.key_next && !level.drop_value) {
        path = join_path(path, shown(level.node.keys.back().text));
      }
    }
    return path;
  }

  void refuse(const YAML::Mark& mark, std::string_view why) {
    std::string at = path();
    findings_.error(place(mark), at.empty() ? std::string(why) : fmt::format("{}: {}", at, why));
  }

  // "?" and "!" are what yaml-cpp reports for plain and quoted scalars without a tag.
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    refuse(mark, "tags (!name) are not allowed; every field knows its type");
  }

  void open(const YAML::Mark& mark, Node::Kind kind) {
    if (too_deep_ > 0 || open_.size() == yaml_depth_max) {
      if (too_deep_++ == 0) {
        refuse(mark, fmt::format("maps and lists may be nested {} deep; this one is deeper",
                                 yaml_depth_max));
      }
      return;
    }
    open_.emplace_back().node = node(kind, mark);
  }

  void close() {
    if (too_deep_ > 0) {
      if (--too_deep_ == 0) add(Node{});
      return;
    }
    CHECK(!open_.empty());
    Node done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }

  void add(Node node) {
    if (too_deep_ > 0) return;
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node.kind == Node::Kind::list) {
      open_.back().node.items.push_back(std::move(node));
    } else if (open_.back().key_next) {
      add_key(open_.back(), std::move(node));
    } else {
      add_value(open_.back(), std::move(node));
    }
  }

  void add_key(Open& map, Node key) {
    std::string inside = path();
    map.key_next = false;
    map.drop_value = true;
    if (key.kind != Node::Kind::scalar) {
      findings_.error(key.place, "a field needs a name of plain text before its ':'");
      return;
    }
    auto [earlier, is_new] = map.lines_of_keys.try_emplace(key.text, key.place.line);
    if (!is_new) {
      findings_.error(key.place, fmt::format("{} is written twice; it already stands in line {}",
                                             join_path(inside, shown(key.text)), earlier->second));
      return;
    }
    map.drop_value = false;
    map.node.keys.push_back({std::move(key.text), key.place});
  }

  void add_value(Open& map, Node value) {
    map.key_next = true;
    if (map.drop_value) return;
    // yaml-cpp places a missing value at whatever follows.
    if (value.kind == Node::Kind::nothing) value.place = map.node.keys.back().place;
    map.node.items.push_back(std::move(value));
  }

  const Lines& lines_;
  Findings& findings_;
  std::vector<Open> open_;
  std::size_t too_deep_ = 0;
  Node root_;
};

// yaml-cpp's words, and what they mean to the one who wrote the file.
std::string explain(const std::string& message) {
  struct Explanation {
    std::string_view says, means;
  };
  static constexpr Explanation explanations[] = {
      {"illegal map value",
       "a ':' stands where no field can begin; check the indentation here and the line above, and "
       "put text that holds ': ' in quotes"},
      {"end of map flow not found",
       "the {..} around here is not closed as it should be; put values that hold braces, brackets "
       "or commas in quotes, such as \"${NAME}\""},
      {"end of sequence flow not found",
       "the [..] around here is not closed as it should be; put values that hold braces, brackets "
       "or commas in quotes"},
      {"end of map not found", "this line is indented like none of the fields above it"},
      {"end of sequence not found", "this line is indented like none of the entries above it"},
      {"illegal block entry", "a '-' stands where no list can begin; check the indentation here"},
      {"illegal EOF in scalar", "the quoted text around here is never closed"},
      {"illegal flow end", "a closing '}' or ']' stands here that nothing opened"},
      {"the referenced anchor is not defined",
       "aliases (*name) are not allowed; write the value out"},
      {"bad file", "maps and lists are nested too deeply"},
  };
  for (const Explanation& known : explanations) {
    if (message == known.says) return std::string(known.means);
  }
  return fmt::format("this is not valid YAML: {}", message);
}

void refuse(const Lines& lines, const YAML::Exception& e, Findings& findings) {
  Place place = e.mark.is_null() ? Place{}
                                 : lines.place(static_cast<std::size_t>(e.mark.line),
                                               static_cast<std::size_t>(e.mark.column));
  findings.error(place, explain(e.msg));
}

// yaml-cpp itself stops at 500 levels, far from the end of any stack.
std::optional<Node> parse(const Lines& lines, Findings& findings) {
  Builder builder(lines, findings);
  try {
    std::istringstream input{std::string(lines.text())};
    YAML::Parser parser(input);
    if (!parser.HandleNextDocument(builder)) {
      findings.error({}, "the file is empty; it needs at least apiVersion and kind");
      return std::nullopt;
    }
    Node root = builder.take();
    // Asked once only: before stray commas yaml-cpp finds documents without end.
    Builder second(lines, findings);
    if (parser.HandleNextDocument(second)) {
      findings.error(second.take().place,
                     "the file must hold one document; something stands after its end, from here "
                     "on");
      return std::nullopt;
    }
    return root;
  } catch (const YAML::Exception& e) {
    refuse(lines, e, findings);
  }
  return std::nullopt;
}

// Documents without end, again, have no place in the text after that of the one before.
std::vector<Node> parse_documents(const Lines& lines, Findings& findings) {
  std::vector<Node> documents;
  Place last;
  try {
    std::istringstream input{std::string(lines.text())};
    YAML::Parser parser(input);
    for (Builder builder(lines, findings); parser.HandleNextDocument(builder);) {
      Node root = builder.take();
      if (root.place <= last) {
        findings.error(root.place, "this is not valid YAML: no document can begin here");
        return {};
      }
      last = root.place;
      if (root.kind == Node::Kind::nothing) continue;
      if (documents.size() == yaml_documents_max) {
        findings.error(root.place,
                       fmt::format("a file may hold {} documents; put this one and those that "
                                   "follow into another",
                                   yaml_documents_max));
        return {};
      }
      documents.push_back(std::move(root));
    }
    return documents;
  } catch (const YAML::Exception& e) {
    refuse(lines, e, findings);
  }
  return {};
}

// What both forms do not take. Nothing when the text is refused.
std::optional<Lines> lines_of(std::string_view text, Findings& findings) {
  if (text.size() > yaml_bytes_max) {
    findings.error({}, fmt::format("the file must be at most 1MiB; it has {} bytes", text.size()));
    return std::nullopt;
  }
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  Lines lines(text);
  if (!check_bytes(lines, findings)) return std::nullopt;
  return lines;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

std::optional<Node> read_yaml(std::string_view text, Findings& findings) {
  std::optional<Lines> lines = lines_of(text, findings);
  return lines ? parse(*lines, findings) : std::nullopt;
}

std::vector<Node> read_yaml_documents(std::string_view text, Findings& findings) {
  std::optional<Lines> lines = lines_of(text, findings);
  return lines ? parse_documents(*lines, findings) : std::vector<Node>{};
}

}  // namespace recloser::config
