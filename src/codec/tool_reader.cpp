#include "codec/tool_reader.h"

#include "codec/event.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace recloser::codec {
namespace {

bool is_string(std::string_view value) { return value.starts_with('"'); }
bool is_object(std::string_view value) { return value.starts_with('{'); }
bool is_array(std::string_view value) { return value.starts_with('['); }

JsonText inside(std::string_view value) {
  return is_string(value) && value.size() >= 2 ? value.substr(1, value.size() - 2) : JsonText();
}

// Bytes of the string at the front of `text`, with its quotes.
std::size_t string_bytes(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return text.size();
}

std::size_t value_bytes(std::string_view text) {
  if (is_string(text)) return string_bytes(text);
  if (!is_object(text) && !is_array(text)) {
    return std::min(text.find_first_of(",]} \t\r\n"), text.size());
  }
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '"':
        at += string_bytes(text.substr(at)) - 1;
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
  }
  return text.size();
}

std::string_view take_value(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n,:"), rest.size()));
  std::string_view value = rest.substr(0, value_bytes(rest));
  rest.remove_prefix(value.size());
  return value;
}

// Goes through the members of an object, or the elements of an array.
class Values {
 public:
  explicit Values(std::string_view container) {
    if (!is_object(container) && !is_array(container)) return;
    members_ = is_object(container);
    rest_ = container.substr(1);
  }

  bool next() {
    if (members_) {
      std::string_view key = take_value(rest_);
      if (!is_string(key)) return false;
      name_ = inside(key);
    }
    value_ = take_value(rest_);
    return !value_.empty();
  }

  JsonText name() const { return name_; }
  std::string_view value() const { return value_; }

 private:
  std::string_view rest_;
  std::string_view value_;
  JsonText name_;
  bool members_ = false;
};

// None of what is something else.
Values elements_of(std::string_view value) { return Values(is_array(value) ? value : ""); }
Values members_of(std::string_view value) { return Values(is_object(value) ? value : ""); }

// A name may be spelt with escapes.
bool is_named(JsonText raw, std::string_view name) {
  constexpr std::size_t escape_bytes_max = 6;
  if (!raw.contains('\\')) return raw == name;
  if (raw.size() > escape_bytes_max * name.size()) return false;
  std::string plain;
  unescape(plain, raw);
  return plain == name;
}

// Of those that stand twice the last, as most readers have it: what a provider reads is counted.
std::string_view member(std::string_view object, std::string_view name) {
  std::string_view found;
  for (Values members = members_of(object); members.next();) {
    if (is_named(members.name(), name)) found = members.value();
  }
  return found;
}

JsonText type_of(std::string_view schema) {
  std::string_view type = member(schema, "type");
  if (!is_array(type)) return inside(type);
  Values types = elements_of(type);
  return types.next() ? inside(types.value()) : JsonText();
}

// What stands where something else is looked for: read as JSON, if it is read.
void tell_oddity(std::string_view value, ToolSink& sink) {
  if (!value.empty() && value != "null") sink.more(value);
}

void tell_property(JsonText name, std::string_view schema, ToolSink& sink) {
  sink.property(name, type_of(schema), inside(member(schema, "description")));
  std::string_view choices = member(schema, "enum");
  for (Values values = elements_of(choices); values.next();) {
    sink.value(is_string(values.value()) ? inside(values.value()) : values.value());
  }
  if (!is_array(choices)) tell_oddity(choices, sink);
  for (std::string_view deeper : {"properties", "items", "anyOf"}) {
    tell_oddity(member(schema, deeper), sink);
  }
}

}  // namespace

std::string_view ToolList::next() { return take_value(rest_); }

void read_tool(std::string_view tool, ToolSink& sink) {
  std::string_view function = member(tool, "function");
  if (!is_object(function)) function = tool;
  JsonText name = inside(member(function, "name"));
  if (name.empty()) return sink.more(tool);
  sink.function(name, inside(member(function, "description")));
  std::string_view schema = member(function, "parameters");
  if (!is_object(schema)) schema = member(function, "input_schema");  // Anthropic's name for it
  std::string_view properties = member(schema, "properties");
  if (!is_object(properties)) tell_oddity(properties, sink);
  for (Values each = members_of(properties); each.next();) {
    if (is_object(each.value())) tell_property(each.name(), each.value(), sink);
  }
}

}  // namespace recloser::codec
