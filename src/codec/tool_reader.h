// What the definitions of a request's tools say to a model, where they lie in the body.
#pragma once

#include <string_view>

namespace recloser::codec {

// Between the quotes of a JSON string; read it through unescape().
using JsonText = std::string_view;

// What tools hold, in the order of its bytes. A member that is missing, or is no string,
// is "".
class ToolSink {
 public:
  virtual ~ToolSink() = default;
  virtual void function(JsonText name, JsonText description) = 0;
  // Of the parameters of the function before it. `type` is the first where there are several.
  virtual void property(JsonText name, JsonText type, JsonText description) = 0;
  // One that the property before it may have: a string between its quotes, or JSON as it stands.
  virtual void value(std::string_view text) = 0;
  // JSON as it stands: what lies deeper in the property, or a tool that is no function.
  virtual void more(std::string_view json) = 0;
};

// The tools of a list, one after the other, each as it stands.
class ToolList {
 public:
  // `json` is a list of tools as it stands in a body that the scanner has let pass; of any other
  // text there is something, or nothing.
  explicit ToolList(std::string_view json) : rest_(json.starts_with('[') ? json.substr(1) : "") {}

  std::string_view next();  // "" after the last

 private:
  std::string_view rest_;
};

// Tells what is in one of them. Allocates nothing, unless names are spelt with escapes.
void read_tool(std::string_view tool, ToolSink& sink);

}  // namespace recloser::codec
