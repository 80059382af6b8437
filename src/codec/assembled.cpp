#include "codec/assembled.h"

#include "codec/assembled_grammar.h"
#include "codec/json_walk.h"

namespace recloser::codec {
namespace {

std::unique_ptr<AssembledGrammar> make_grammar(Operation operation) {
  if (family_of(operation) == Family::anthropic) return make_assembled_messages();
  if (operation == Operation::responses) return make_assembled_responses();
  return make_assembled_chat(operation == Operation::completions);
}

// What of it is kept between two events.
constexpr std::size_t event_bytes_kept = 64u << 10;

}  // namespace

Assembled::Assembled(Operation operation, std::size_t bytes_max)
    : grammar_(make_grammar(operation)), bytes_max_(bytes_max) {}
Assembled::~Assembled() = default;
Assembled::Assembled(Assembled&&) noexcept = default;
Assembled& Assembled::operator=(Assembled&&) noexcept = default;

bool Assembled::feed(std::string_view bytes) {
  for (;;) {
    SseToken token = sse_.next(bytes);
    if (token == SseToken::none) break;
    if (token == SseToken::data) {
      if (!grammar_->ours && memory_bytes() + sse_.text().size() > bytes_max_) return false;
      event_ += sse_.text();
    }
    if (token == SseToken::event_end && !take_event()) return false;
  }
  return true;
}

void Assembled::ends_by_us() {
  // An unfinished event of the provider's is behind the cut.
  sse_ = SseReader();
  event_.clear();
  grammar_->ours = true;
}

bool Assembled::finish() { return event_.empty() || take_event(); }

bool Assembled::take_event() {
  if (is_json_object(event_)) grammar_->take(event_);
  event_.clear();
  if (event_.capacity() > event_bytes_kept) event_.shrink_to_fit();
  bool fits = grammar_->ours || grammar_->growth.bytes <= bytes_max_;
  return fits && !grammar_->growth.failed;
}

void Assembled::write(std::string& out) const { grammar_->write(out); }

void Assembled::write_error(std::string& out) const { out += grammar_->error; }

std::size_t Assembled::memory_bytes() const { return grammar_->growth.bytes + event_.capacity(); }

void AssembledGrammar::take_error(std::string_view told) {
  if (!error.empty() || told == "null") return;
  if (is_json_text(told)) {
    error.append(R"({"error":{"message":)").append(told);
    error += R"(,"type":"server_error","param":null,"code":null}})";
  } else if (told.starts_with('{')) {
    error.append(R"({"error":)").append(told).append("}");
  }
}

}  // namespace recloser::codec
