// What the definitions of a request's tools say to a model, where they lie in the body.
#pragma once

#include <string_view>

namespace recloser::codec {

// Between the quotes of a JSON string; read it through unescape().
using JsonText = std::string_view;

// What a list of tools holds, in the order of its bytes. A member that is missing, or is no string,
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

// `json` is a list of tools as it stands in a body that the scanner has let pass; of any other text
// something is told, or nothing. Allocates nothing, unless names are spelt with escapes.
void read_tools(std::string_view json, ToolSink& sink);

}  // namespace recloser::codec
