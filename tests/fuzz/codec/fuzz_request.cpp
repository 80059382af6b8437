// Request bodies: the same facts or the same refusal at every split, and edits that leave a body
// which is read again as asked.
#include "codec/request.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace recloser;
using namespace recloser::codec;

void require(bool holds) {
  if (!holds) std::abort();
}

Result<RequestFacts> read(Operation operation, std::string_view body, std::size_t cut,
                          std::size_t step) {
  RequestReader reader(operation);
  std::size_t at = 0;
  while (at < body.size()) {
    std::size_t size = std::min(at == 0 && cut != 0 ? cut : step, body.size() - at);
    std::string copy(body.substr(at, size));
    if (Result<void> fed = reader.feed(copy); !fed) return fail(fed.error());
    at += size;
  }
  return reader.finish();
}

std::string text_of(const Result<RequestFacts>& facts) {
  if (!facts) return facts.error().message();
  std::string text = facts->model;
  for (const std::string* each :
       {&facts->metadata_session_id, &facts->metadata_user_session, &facts->previous_response_id,
        &facts->conversation, &facts->prompt_cache_key}) {
    text += "\n" + *each;
  }
  for (std::uint64_t each :
       {facts->model_value.begin, facts->model_value.end, facts->stream_options_value.begin,
        facts->stream_options_value.end, facts->include_usage_value.begin,
        facts->include_usage_value.end, facts->max_tokens, facts->n, facts->body.begin,
        facts->body.end, std::uint64_t{facts->messages}, std::uint64_t{facts->tools},
        static_cast<std::uint64_t>(facts->stream), static_cast<std::uint64_t>(facts->include_usage),
        std::uint64_t{facts->structured_output}}) {
    text += "," + std::to_string(each);
  }
  return text;
}

void check_edits(Operation operation, const RequestFacts& facts, std::string_view body) {
  if (facts.model_value.empty()) return;
  BodyEdits edits;
  bool asks = must_ask_for_usage(operation, facts, facts.streams());
  if (asks) ask_for_usage(edits, facts);
  replace_model(edits, facts, "other \"model\"");
  std::array<std::string_view, BodyEdits::pieces_max> room;
  std::string changed;
  for (std::string_view piece : edits.pieces(body, room)) changed += piece;
  require(changed.size() == edits.size_after(body.size()));
  Result<RequestFacts> again = read(operation, changed, 0, changed.size());
  require(again.has_value());
  require(again->model == "other \"model\"");
  require(!asks || again->wants_usage());
  require(again->messages == facts.messages && again->tools == facts.tools);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  auto operation = static_cast<Operation>(data[0] % operation_count);
  std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  Result<RequestFacts> whole = read(operation, body, 0, body.size());
  std::string text = text_of(whole);
  require(text_of(read(operation, body, data[1], body.size())) == text);
  require(text_of(read(operation, body, 0, 1)) == text);
  if (whole) check_edits(operation, *whole, body);
  return 0;
}
