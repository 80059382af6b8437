// Tools are told as a reader of whole documents finds them, with what they are told from lying in
// the text; and of what is no JSON no more is told than it has bytes.
#include "codec/event.h"
#include "codec/tool_reader.h"
#include "core/check.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace {

using namespace recloser::codec;
using boost::json::object;
using boost::json::value;

// Members of all objects, by their colons.
std::size_t names_in(std::string_view json) {
  std::size_t count = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (in_string && json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && json[i] == ':') {
      ++count;
    }
  }
  return count;
}

std::string plain(JsonText text) {
  std::string out;
  unescape(out, text);
  return out;
}

struct Lines final : ToolSink {
  std::string out;
  void line(std::string_view what, std::string_view text) {
    out.append(what).append(text).append("\n");
  }
  void function(JsonText name, JsonText description) override {
    line("function ", plain(name));
    line("says ", plain(description));
  }
  void property(JsonText name, JsonText type, JsonText description) override {
    line("property ", plain(name));
    line("type ", plain(type));
    line("says ", plain(description));
  }
  // A string and a number may look alike here, as they do to the model.
  void value(std::string_view text) override {
    line("value ", form_of(form_of(text, false), true));
  }
  void more(std::string_view json) override { line("more ", form_of(json, false)); }

  bool in_one_form = false;  // JSON is written anew before it is compared

 private:
  std::string form_of(std::string_view text, bool escaped) const {
    std::string form = escaped ? plain(text) : std::string(text);
    boost::system::error_code error;
    boost::json::value json = boost::json::parse(form, error);
    return in_one_form && !error ? boost::json::serialize(json) : form;
  }
};

const value* member(const object& from, std::string_view name) { return from.if_contains(name); }

std::string string_of(const value* json) {
  if (json == nullptr || !json->is_string()) return {};
  return std::string(json->get_string());
}

void expect_value(const value& json, Lines& lines) {
  // Inside of JSON that is told as it stands, escapes are read as well.
  lines.line("value ", json.is_string() ? string_of(&json) : plain(boost::json::serialize(json)));
}

void expect_property(std::string_view name, const object& schema, Lines& lines) {
  const value* type = member(schema, "type");
  if (type != nullptr && type->is_array()) {
    type = type->get_array().empty() ? nullptr : &type->get_array().front();
  }
  lines.line("property ", name);
  lines.line("type ", string_of(type));
  lines.line("says ", string_of(member(schema, "description")));
  if (const value* values = member(schema, "enum")) {
    if (values->is_array()) {
      for (const value& each : values->get_array()) expect_value(each, lines);
    } else if (!values->is_null()) {
      lines.line("more ", boost::json::serialize(*values));
    }
  }
  for (std::string_view deeper : {"properties", "items", "anyOf"}) {
    const value* found = member(schema, deeper);
    if (found != nullptr && !found->is_null()) lines.line("more ", boost::json::serialize(*found));
  }
}

void expect_tool(const value& tool, Lines& lines) {
  const object* function = tool.if_object();
  if (function != nullptr) {
    const value* inside = member(*function, "function");
    if (inside != nullptr && inside->is_object()) function = inside->if_object();
  }
  std::string name = function == nullptr ? std::string() : string_of(member(*function, "name"));
  if (name.empty()) return lines.line("more ", boost::json::serialize(tool));
  lines.line("function ", name);
  lines.line("says ", string_of(member(*function, "description")));
  const value* schema = member(*function, "parameters");
  if (schema == nullptr || !schema->is_object()) schema = member(*function, "input_schema");
  if (schema == nullptr || !schema->is_object()) return;
  const value* properties = member(schema->get_object(), "properties");
  if (properties == nullptr || properties->is_null()) return;
  if (!properties->is_object()) return lines.line("more ", boost::json::serialize(*properties));
  for (const auto& property : properties->get_object()) {
    if (property.value().is_object()) {
      expect_property(property.key(), property.value().get_object(), lines);
    }
  }
}

void tell_all(std::string_view json, ToolSink& sink) {
  ToolList tools(json);
  for (std::string_view tool; !(tool = tools.next()).empty();) read_tool(tool, sink);
}

// The sink that believes nothing.
struct Bounds final : ToolSink {
  explicit Bounds(std::string_view json) : text(json) {}
  std::string_view text;
  std::size_t told = 0;
  void see(std::string_view part) {
    ++told;
    if (part.empty()) return;
    CHECK(part.data() >= text.data() && part.size() <= text.size(), "in the text");
    CHECK(part.data() + part.size() <= text.data() + text.size(), "to its end");
  }
  void function(JsonText name, JsonText description) override {
    see(name);
    see(description);
  }
  void property(JsonText name, JsonText type, JsonText description) override {
    see(name);
    see(type);
    see(description);
  }
  void value(std::string_view part) override { see(part); }
  void more(std::string_view part) override { see(part); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view json(reinterpret_cast<const char*>(data), size);
  if (!json.starts_with('[')) return 0;  // nothing is told
  Bounds bounds(json);
  tell_all(json, bounds);
  CHECK(bounds.told <= 3 * json.size(), "three things of a property, which has its name");
  boost::system::error_code error;
  boost::json::value document = boost::json::parse(json, error);
  if (error) return 0;
  // Written anew, members that stood twice stand once, and each value in one form.
  std::string once = boost::json::serialize(document);
  // Not of numbers at the end of their digits, nor of those that are too large to be written.
  document = boost::json::parse(once, error);
  if (error || boost::json::serialize(document) != once) return 0;
  Lines told;
  tell_all(once, told);
  Lines expected;
  if (document.is_array()) {
    for (const boost::json::value& tool : document.get_array()) expect_tool(tool, expected);
  }
  CHECK(told.out == expected.out, "as they stand there");
  if (names_in(json) != names_in(once)) return 0;
  Lines before;
  Lines after;
  before.in_one_form = after.in_one_form = true;
  tell_all(json, before);
  tell_all(once, after);
  CHECK(before.out == after.out, "however they are written");
  return 0;
}
