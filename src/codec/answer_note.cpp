#include "codec/answer_note.h"

#include "codec/json_scanner.h"
#include "core/json_writer.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t { id_none, id_choice, id_reason, id_text };
constexpr JsonTable openai{
    {"choices[]", id_choice, want_end},
    {"choices[].finish_reason", id_reason, want_text},
    {"choices[].text", id_text, want_text},
    {"choices[].message.content", id_text, want_text},
    {"output[].content[].text", id_text, want_text},
};
constexpr JsonTable anthropic{{"content[].text", id_text, want_text}};

// Where a string ends, before its quote.
struct Place {
  std::size_t at = 0;
  bool behind_text = false;
};

// Of a text in one piece.
std::optional<std::vector<Place>> places_in(std::string_view body, Operation operation) {
  bool has_choices = operation == Operation::chat || operation == Operation::completions;
  std::vector<Place> places;
  std::optional<Place> last;
  bool at_length = false;
  JsonScanner scanner(family_of(operation) == Family::anthropic ? anthropic : openai);
  for (std::string_view rest = body;;) {
    JsonToken token = scanner.next(rest);
    if (token == JsonToken::error) return std::nullopt;
    if (token == JsonToken::none) break;
    if (scanner.id() == id_reason) at_length = scanner.raw() == "length";
    if (scanner.id() == id_text && token == JsonToken::text) {
      last = {.at = scanner.value().end - 1, .behind_text = scanner.value().size() > 2};
    }
    if (scanner.id() != id_choice) continue;
    if (last && at_length) places.push_back(*last);
    last.reset();
    at_length = false;
  }
  if (scanner.finish() == JsonToken::error) return std::nullopt;
  if (last && !has_choices) places.push_back(*last);
  return places;
}

}  // namespace

bool append_answer_note(std::string& body, Operation operation, std::string_view note) {
  std::optional<std::vector<Place>> places = places_in(body, operation);
  if (!places || places->empty()) return false;
  for (auto place = places->rbegin(); place != places->rend(); ++place) {
    std::string quoted;
    append_json_string(quoted, (place->behind_text ? "\n\n" : "") + std::string(note));
    body.insert(place->at, quoted, 1, quoted.size() - 2);
  }
  return true;
}

}  // namespace recloser::codec
