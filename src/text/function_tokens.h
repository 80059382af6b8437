// FunctionTokens: the tokens of tool definitions as OpenAI's models are shown them.
#pragma once

#include "text/byte_classes.h"
#include "text/encoding.h"
#include "text/prompt_overhead.h"
#include "text/token_family.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::text {

// A definition is not shown as the JSON that it came as, but declared line by line; the marks
// around the lines are counted by a rule that OpenAI published. Whoever walks through the schema
// tells what it meets; of what lies deeper than the properties of the parameters, the JSON is told
// as `more`. What stands once around all of them is the overhead of the prompt. Against the
// recordings it is off by at most 5, in either direction.
class FunctionTokens {
 public:
  // Lines are encoded where there is a `scratch`, else weighed by their bytes.
  FunctionTokens(const TokenFamily& family, EncodingScratch* scratch)
      : family_(&family), scratch_(scratch) {}

  // A tool, as it came. Its JSON bounds what it may be declared as.
  void tool(std::string_view json);

  void function(std::string_view name, std::string_view description);
  // A property of the function's parameters. `type` is "" where the schema gives none.
  void property(std::string_view name, std::string_view type, std::string_view description);
  // A value of the enumeration of that property.
  void value(std::string_view text);
  void more(std::string_view json) { count(json); }

  TokenRange tokens() const;

 private:
  void count(std::string_view text);

  const TokenFamily* family_;
  EncodingScratch* scratch_;
  std::uint64_t counted_ = 0;  // marks, and lines that were encoded
  ByteClasses lines_;          // the others
  ByteClasses json_;
  std::string line_;
  bool has_properties_ = false;
  bool has_values_ = true;  // nothing is saved where no property came before
};

}  // namespace recloser::text
