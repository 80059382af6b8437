// FunctionTokens: the tokens of tool definitions as OpenAI's models are shown them.
#pragma once

#include "text/encoding.h"

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
  explicit FunctionTokens(const Encoding& encoding) : encoding_(&encoding) {}

  void function(std::string_view name, std::string_view description, EncodingScratch& scratch);
  // A property of the function's parameters. `type` is "" where the schema gives none.
  void property(std::string_view name, std::string_view type, std::string_view description,
                EncodingScratch& scratch);
  // A value of the enumeration of that property.
  void value(std::string_view text, EncodingScratch& scratch);
  void more(std::string_view json, EncodingScratch& scratch);

  std::uint64_t count() const { return tokens_; }

 private:
  const Encoding* encoding_;
  std::uint64_t tokens_ = 0;
  std::string line_;
  bool has_properties_ = false;
  bool has_values_ = true;  // nothing is saved where no property came before
};

}  // namespace recloser::text
