// The fingerprint of a conversation: a hash of its system prompt and first user message, made while
// the body passes, the same when the client sends the history again with another turn.
#pragma once

#include "codec/operation.h"
#include "session/hash128.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace recloser::session {

// Use: feed() the body at any split until done() or its end, then value(). It owns no text and
// allocates nothing. The body is checked elsewhere: bytes that are no JSON give some value or none.
//
// What is hashed, in the order of the text: of `system` or `instructions`, everything; of
// `messages` or `input`, each up to and including the first whose role is user. Of these: role,
// member names and values, strings as they are escaped. Left out: white space between tokens;
// brackets; cache marks (cache_control and its kin) with all that is in them; and what tells a
// plain string from a list of one text block, because clients change one into the other when they
// move a cache mark.
class Fingerprint {
 public:
  explicit Fingerprint(codec::Operation operation);

  void feed(std::string_view piece);

  // For a body that is there as a whole, and whose list of messages is known to begin at
  // `messages_at` (0: not known): what need not be looked at stands before the list.
  void feed_whole(std::string_view body, std::size_t messages_at);

  bool done() const { return done_; }  // no further byte can change it

  // Nothing when the operation has no messages, or none stood in the body.
  std::optional<Hash128> value() const;

 private:
  enum class Part : std::uint8_t { none, system, messages };
  enum class Key : std::uint8_t { other, plain, type, role, cache_mark };

  // A string whose text may decide something. One that does not fit decides nothing.
  struct Captured {
    std::array<char, 32> bytes;
    std::uint8_t size = 0;
    bool overflown = false;
    std::string_view text() const { return {bytes.data(), size}; }
  };

  std::size_t skip(std::string_view piece);
  const char* read(const char* p, const char* end);
  const char* read_string(const char* first, const char* end);
  void take_string(std::string_view text);
  void take_name(std::string_view name);
  void take_inner_name(std::string_view name);
  void take_value(std::string_view text);
  const char* read_on(const char* p, const char* end);
  void begin_cut_string();
  void cut_string_part(std::string_view part);
  void end_cut_string();
  void scalar_part(std::string_view part);
  void end_scalar();
  void open(bool object);
  void close();
  void comma();
  void end_message();
  void end_part();
  void settle();

  bool hashing() const { return part_ != Part::none && mark_depth_ == 0; }
  bool in_object() const { return depth_ > 0 && objects_[depth_]; }
  Hasher& hasher() { return part_ == Part::system ? system_ : messages_; }

  Hasher system_;
  Hasher messages_;
  std::string_view system_name_;
  std::string_view messages_name_;
  Captured captured_;  // of a string that the end of a piece cut
  Captured role_;
  std::bitset<257> objects_;    // by depth: an object, not an array
  std::size_t depth_ = 0;       // open objects and arrays
  std::size_t mark_depth_ = 0;  // of the object whose cache mark is being skipped; 0: none
  Part part_ = Part::none;      // what the member of the top object being read belongs to
  Key key_ = Key::other;        // of the value that comes next
  bool name_next_ = false;      // in an object, before a member name
  bool in_string_ = false;      // in one that was cut, and of it:
  bool string_is_key_ = false;
  bool capturing_ = false;
  bool backslash_ = false;  // the next byte is escaped
  bool in_scalar_ = false;  // in a number or literal that is hashed
  bool message_begun_ = false;
  bool system_seen_ = false;
  bool messages_seen_ = false;  // at least one message is hashed
  bool messages_done_ = false;  // the first user message is
  bool done_ = false;
};

}  // namespace recloser::session
