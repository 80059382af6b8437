// Reads HTTP/1.1 messages piece by piece, as far as the bench needs them: head, body, end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace recloser::bench {

// One message after another on one connection. It trusts its peers (they are parts of the bench, or
// the proxy under test) to keep to the grammar, but not to be alive: what it cannot read is
// `broken`.
class MessageReader {
 public:
  enum class Kind : std::uint8_t { request, response };
  enum class State : std::uint8_t { head, body, done, broken };

  explicit MessageReader(Kind kind) : kind_(kind) {}

  // What one step took from the bytes given, and the piece of the body that was in it.
  struct Step {
    std::size_t used = 0;
    std::string_view body;
  };
  // Call again with the rest until nothing is left, or the state is done or broken.
  Step step(std::string_view bytes);

  State state() const { return state_; }
  int status() const { return status_; }  // of a response
  bool keeps_alive() const { return keep_alive_; }
  bool begun() const { return state_ != State::head || !head_.empty(); }
  void restart();  // for the next message

 private:
  enum class Chunk : std::uint8_t { size, extension, data, data_end, trailer };

  Step step_head(std::string_view bytes);
  Step step_chunked(std::string_view bytes);
  bool read_head();
  bool read_status_line(std::string_view line);
  bool read_field(std::string_view line);
  void end_size_line();
  void step_trailer(char byte);

  std::string head_;
  std::uint64_t left_ = 0;  // bytes of the body, or of the chunk
  std::size_t line_bytes_ = 0;
  int status_ = 0;
  Kind kind_;
  State state_ = State::head;
  Chunk chunk_ = Chunk::size;
  bool chunked_ = false;
  bool keep_alive_ = true;
};

}  // namespace recloser::bench
