// How each kind of stream is gone on with: one class per grammar.
#pragma once

#include "codec/body_edits.h"
#include "codec/continuation/delivered.h"
#include "codec/usage.h"

#include <memory>
#include <string>
#include <string_view>

namespace recloser::codec {

// One SSE event of the second stream.
struct SpliceEvent {
  std::string_view bytes;
  std::string_view data;
  Usage usage;                // of all attempts so far
  bool has_usage = false;     // it is told here
  bool without_text = false;  // its text has been written
};

class SpliceGrammar {
 public:
  SpliceGrammar() = default;
  SpliceGrammar(const SpliceGrammar&) = delete;
  SpliceGrammar& operator=(const SpliceGrammar&) = delete;
  virtual ~SpliceGrammar() = default;

  // Goes on with the text: raw JSON, between its quotes.
  virtual void write_text(std::string& out, std::string_view raw) = 0;
  virtual void pass(std::string& out, const SpliceEvent& event) = 0;
  // An event that does not pass, from before the answer goes on.
  virtual void skip(const SpliceEvent&) {}
};
std::unique_ptr<SpliceGrammar> make_chat_splice(const Delivered& delivered);
std::unique_ptr<SpliceGrammar> make_responses_splice(const Delivered& delivered);
std::unique_ptr<SpliceGrammar> make_messages_splice(const Delivered& delivered);

// Appends the edited data as an SSE event; `name` is "" where the grammar names none.
void write_edited(std::string& out, std::string_view name, std::string_view data,
                  const BodyEdits& edits);

}  // namespace recloser::codec
