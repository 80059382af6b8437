// DialectWriter: the bytes of an answer in one dialect; each API has one.
#pragma once

#include "core/time.h"
#include "sim/call.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace recloser::sim {

struct AnswerLength {
  std::uint64_t pieces = 0;  // of one choice
  bool cut = false;          // by the token limit of the request
};

// What a writer needs to know besides the call.
struct AnswerFacts {
  std::string unique;  // in ids
  WallTime created;
  bool cut = false;
};

class DialectWriter {
 public:
  virtual ~DialectWriter() = default;

  // A stream. `texts` are the whole texts again, one per choice: some dialects repeat them.
  virtual void open(std::string& out) = 0;
  virtual void piece(std::string& out, std::uint32_t choice, std::string_view text) = 0;
  virtual void close(std::string& out, std::span<const std::string> texts,
                     std::uint64_t output_tokens) = 0;
  // In place of the rest: an error as `body`, which is one of the family.
  virtual void fail(std::string& out, const ApiError& error, std::string_view body) = 0;

  // All at once, as one JSON text.
  virtual void whole(std::string& out, std::span<const std::string> texts,
                     std::uint64_t output_tokens) = 0;
};

std::unique_ptr<DialectWriter> chat_writer(const Call& call, AnswerFacts facts);
std::unique_ptr<DialectWriter> completions_writer(const Call& call, AnswerFacts facts);
std::unique_ptr<DialectWriter> responses_writer(const Call& call, AnswerFacts facts);
std::unique_ptr<DialectWriter> messages_writer(const Call& call, AnswerFacts facts);

// Answers without a text of the model, which never stream.
void write_embeddings(std::string& out, const Call& call);
void write_moderations(std::string& out, const Call& call, const AnswerFacts& facts);
void write_compaction(std::string& out, const Call& call, const AnswerFacts& facts);
void write_input_tokens(std::string& out, const Call& call);
std::uint64_t output_of_whole(const Call& call);  // tokens billed for one of these

}  // namespace recloser::sim
