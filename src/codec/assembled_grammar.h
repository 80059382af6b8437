// What Assembled knows of each kind of stream: one class per grammar.
#pragma once

#include "codec/grown_json.h"

#include <memory>
#include <string>
#include <string_view>

namespace recloser::codec {

class AssembledGrammar {
 public:
  AssembledGrammar() = default;
  AssembledGrammar(const AssembledGrammar&) = delete;
  AssembledGrammar& operator=(const AssembledGrammar&) = delete;
  virtual ~AssembledGrammar() = default;

  // `event` is a valid JSON object.
  virtual void take(std::string_view event) = 0;
  virtual void write(std::string& out) const = 0;

  // An error object, as `error` has it: an object, or a mere text. The first one holds.
  void take_error(std::string_view error);

  Growth growth;
  std::string error;  // what a client gets in place of the answer
  bool ours = false;  // what is taken now is how we end the stream
};
std::unique_ptr<AssembledGrammar> make_assembled_chat(bool completions);
std::unique_ptr<AssembledGrammar> make_assembled_responses();
std::unique_ptr<AssembledGrammar> make_assembled_messages();

}  // namespace recloser::codec
