#include "sim/answer/answer.h"

#include "core/check.h"
#include "sim/answer/error.h"

#include <algorithm>
#include <utility>

namespace recloser::sim {
namespace {

using codec::Operation;

AnswerLength length_of(const Call& call) {
  std::uint64_t wanted =
      call.content == Content::text ? call.script.length(call.seed) : count_cut_pieces(call.json);
  std::uint64_t most =
      call.output_limit == endless ? endless : call.script.pieces_within(call.output_limit);
  if (!call.stream) most = std::min(most, whole_pieces_max / call.choices);
  return {.pieces = std::min(wanted, most), .cut = most < wanted};
}

std::unique_ptr<DialectWriter> writer_for(const Call& call, AnswerFacts facts) {
  switch (call.operation) {
    case Operation::chat:
      return chat_writer(call, std::move(facts));
    case Operation::completions:
      return completions_writer(call, std::move(facts));
    case Operation::responses:
      return responses_writer(call, std::move(facts));
    case Operation::messages:
      return messages_writer(call, std::move(facts));
    case Operation::responses_compact:
    case Operation::responses_input_tokens:
    case Operation::embeddings:
    case Operation::moderations:
    case Operation::models:
    case Operation::count_tokens:
      break;
  }
  check_failed(__FILE__, __LINE__, "an operation with a text", "only those have an Answer");
}

std::string_view next_of(std::variant<WordPieces, CutPieces>& source) {
  return std::visit([](auto& pieces) { return pieces.next(); }, source);
}

}  // namespace

Answer::Answer(const Call& call, std::string_view unique, WallTime created)
    : call_(call), length_(length_of(call)) {
  for (std::uint32_t choice = 0; choice < call.choices; ++choice) {
    sources_.push_back(source(choice));
  }
  AnswerFacts facts{.unique = std::string(unique), .created = created, .cut = length_.cut};
  writer_ = writer_for(call, std::move(facts));
}

Answer::~Answer() = default;

Answer::Source Answer::source(std::uint32_t choice) const {
  if (call_.content != Content::text) return CutPieces(call_.json);
  return WordPieces(call_.seed + choice, call_.script.flavour);
}

bool Answer::at_fault() const {
  if (call_.script.fault == FaultKind::none) return false;
  if (given_ == call_.script.fault_after) return true;
  return call_.content != Content::text && given_ == length_.pieces && !length_.cut;
}

std::uint64_t Answer::billed(std::uint64_t rounds) const {
  return call_.script.billed(rounds) * call_.choices;
}

// The texts so far, made anew: a stream without an end keeps none of what it said.
std::vector<std::string> Answer::texts() const {
  std::vector<std::string> all(call_.choices);
  for (std::uint32_t choice = 0; choice < call_.choices; ++choice) {
    Source pieces = source(choice);
    for (std::uint64_t i = 0; i < given_; ++i) all[choice] += next_of(pieces);
  }
  return all;
}

void Answer::open(std::string& out) { writer_->open(out); }

bool Answer::next(std::string& out) {
  if (given_ == length_.pieces) return false;
  ++given_;
  for (std::uint32_t choice = 0; choice < call_.choices; ++choice) {
    std::string_view piece = next_of(sources_[choice]);
    writer_->piece(out, choice, piece);
  }
  return true;
}

void Answer::close(std::string& out) {
  std::vector<std::string> all;
  if (call_.operation == Operation::responses) all = texts();
  writer_->close(out, all, billed(given_));
}

void Answer::fail(std::string& out, const ApiError& error, std::string_view request_id) {
  std::string body;
  write_error(body, codec::family_of(call_.operation), error, request_id);
  writer_->fail(out, error, body);
}

void Answer::whole(std::string& out) {
  given_ = length_.pieces;
  std::vector<std::string> all = texts();
  writer_->whole(out, all, billed(given_));
}

}  // namespace recloser::sim
