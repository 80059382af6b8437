// DeclaredTools: the definitions of tools in a request, counted as a model is shown them that reads
// declarations, not JSON.
#pragma once

#include "codec/tool_reader.h"
#include "text/function_tokens.h"

#include <array>
#include <string>
#include <string_view>

namespace recloser::relay {

class DeclaredTools final : private codec::ToolSink {
 public:
  // With a `scratch` exact, without by the bytes.
  DeclaredTools(const text::TokenFamily& family, text::EncodingScratch* scratch)
      : tokens_(family, scratch) {}

  // One of a list, as it stands.
  void add(std::string_view tool);

  const text::FunctionTokens& tokens() const { return tokens_; }

 private:
  void function(codec::JsonText name, codec::JsonText description) override;
  void property(codec::JsonText name, codec::JsonText type, codec::JsonText description) override;
  void value(std::string_view text) override;
  void more(std::string_view json) override;
  std::string_view plain(std::size_t place, codec::JsonText text);

  text::FunctionTokens tokens_;
  std::array<std::string, 3> plain_;
};

}  // namespace recloser::relay
