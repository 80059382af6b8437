#include "session/fingerprint.h"

#include "session/json_skip.h"

#include <algorithm>
#include <bit>
#include <emmintrin.h>
#include <utility>

#define HOT [[gnu::always_inline]] inline

namespace recloser::session {
namespace {

// Members that mark what a provider shall cache. Clients move them from turn to turn.
constexpr std::array<std::string_view, 5> cache_marks{
    "cache_control", "cachePoint", "cache_point", "cache_reference", "prompt_cache_breakpoint",
};

// Values of `type` that say no more than that a plain string does.
constexpr std::array<std::string_view, 4> plain_types{"text", "input_text", "output_text",
                                                      "message"};

// What each hashed thing is, so that a name is never taken for a value.
constexpr char tag_name = 'k';
constexpr char tag_string = 's';
constexpr char tag_scalar = 'n';
constexpr char tag_type = 't';
constexpr char tag_role = 'r';

// One bit for each of 16 bytes that is a quote.
HOT unsigned quotes_in_16(const char* p) {
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))));
}

HOT std::uint64_t quotes_in_64(const char* p) {
  return quotes_in_16(p) | std::uint64_t{quotes_in_16(p + 16)} << 16 |
         std::uint64_t{quotes_in_16(p + 32)} << 32 | std::uint64_t{quotes_in_16(p + 48)} << 48;
}

// Whether an odd number of backslashes stands before `at`, in the string that begins at `first`.
HOT bool is_escaped(const char* first, const char* at) {
  if (at == first || at[-1] != '\\') return false;
  const char* run = at - 1;
  while (run != first && run[-1] == '\\') --run;
  return (at - run) % 2 == 1;
}

// The unescaped quote that ends the string, or `end`. No backslash is looked at more than twice.
// Not inlined: the loop wants its registers.
[[gnu::noinline]] const char* closing_quote(const char* first, const char* end) {
  const char* p = first;
  for (; end - p >= 64; p += 64) {
    for (std::uint64_t quotes = quotes_in_64(p); quotes != 0; quotes &= quotes - 1) {
      const char* quote = p + std::countr_zero(quotes);
      if (!is_escaped(first, quote)) return quote;
    }
  }
  if (end - p >= 16) {
    const char* last = end - 16;
    do {
      for (unsigned quotes = quotes_in_16(p); quotes != 0; quotes &= quotes - 1) {
        const char* quote = p + std::countr_zero(quotes);
        if (!is_escaped(first, quote)) return quote;
      }
      p += 16;
    } while (p <= last);
  }
  for (; p != end; ++p) {
    if (*p == '"' && !is_escaped(first, p)) return p;
  }
  return end;
}

bool is_cache_mark(std::string_view name) {
  return std::ranges::find(cache_marks, name) != cache_marks.end();
}

bool ends_scalar(char c) {
  return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t' ||
         c == '"' || c == '{' || c == '[' || c == ':';
}

}  // namespace

Fingerprint::Fingerprint(codec::Operation operation) {
  switch (operation) {
    case codec::Operation::chat:
      messages_name_ = "messages";
      return;
    case codec::Operation::messages:
    case codec::Operation::count_tokens:
      system_name_ = "system";
      messages_name_ = "messages";
      return;
    case codec::Operation::responses:
    case codec::Operation::responses_compact:
    case codec::Operation::responses_input_tokens:
      system_name_ = "instructions";
      messages_name_ = "input";
      return;
    case codec::Operation::completions:
    case codec::Operation::embeddings:
    case codec::Operation::moderations:
    case codec::Operation::models:
      done_ = true;  // one text, not a conversation
      return;
  }
}

void Fingerprint::feed(std::string_view piece) {
  const char* p = piece.data();
  const char* end = p + piece.size();
  const char* skip_from = p;
  while (p != end && !done_) {
    bool nothing_asked = part_ == Part::none && depth_ >= 2;
    if (nothing_asked && p >= skip_from) {
      p += skip({p, end});
      skip_from = p + std::min<std::ptrdiff_t>(end - p, skip_block_bytes);
    } else if (in_string_) {
      p = read_on(p, end);
    } else {
      p = read(p, end);
    }
  }
}

void Fingerprint::feed_whole(std::string_view body, std::size_t messages_at) {
  bool nothing_before = system_name_.empty() && !done_;
  if (nothing_before && messages_at != 0 && messages_at <= body.size()) {
    depth_ = 1;  // where the list is the value of a member
    objects_[1] = true;
    part_ = Part::messages;
    body.remove_prefix(messages_at);
  }
  feed(body);
}

// The rest of the messages, tools and the like: only the way back to the top object matters.
std::size_t Fingerprint::skip(std::string_view piece) {
  JsonPlace place{.depth = depth_, .in_string = in_string_, .backslash = backslash_};
  std::size_t skipped = skip_blocks(piece, place, 2, objects_.size() - 1);
  if (skipped == 0) return 0;
  depth_ = place.depth;
  in_string_ = place.in_string;
  backslash_ = place.backslash;
  string_is_key_ = capturing_ = false;
  return skipped;
}

std::optional<Hash128> Fingerprint::value() const {
  if (!messages_seen_) return std::nullopt;
  FieldHasher both;
  both.add(system_.value());
  both.add(messages_.value());
  return both.value();
}

// One token, or what the piece holds of it. Returns where the next begins.
HOT const char* Fingerprint::read(const char* p, const char* end) {
  if (in_scalar_ && ends_scalar(*p)) end_scalar();
  switch (*p) {
    case '"':
      return read_string(p + 1, end);
    case '{':
    case '[':
      open(*p == '{');
      return p + 1;
    case '}':
    case ']':
      close();
      return p + 1;
    case ',':
      comma();
      return p + 1;
    case ':':
    case ' ':
    case '\t':
    case '\n':
    case '\r':
      return p + 1;
    default:
      const char* first = p++;
      while (p != end && !ends_scalar(*p)) ++p;
      scalar_part({first, p});
      return p;
  }
}

void Fingerprint::scalar_part(std::string_view part) {
  if (!hashing()) return;
  in_scalar_ = true;
  message_begun_ |= part_ == Part::messages;
  hasher().absorb(part);
}

void Fingerprint::end_scalar() {
  in_scalar_ = false;
  hasher().end(tag_scalar);
}

// Nearly every string is there as a whole and is taken from where it stands.
HOT const char* Fingerprint::read_string(const char* first, const char* end) {
  const char* quote = closing_quote(first, end);
  if (quote == end) {
    backslash_ = is_escaped(first, end);
    begin_cut_string();
    cut_string_part({first, end});
    return end;
  }
  bool is_name = name_next_;
  take_string({first, quote});
  bool colon_is_here = is_name && end - quote >= 2 && quote[1] == ':';
  return quote + (colon_is_here ? 2 : 1);
}

HOT void Fingerprint::take_string(std::string_view text) {
  if (name_next_) {
    take_name(text);
    return;
  }
  if (hashing()) {
    message_begun_ |= part_ == Part::messages;
    bool decides = key_ == Key::type || key_ == Key::role;
    if (decides && text.size() <= captured_.bytes.size()) {
      take_value(text);
    } else {
      hasher().add(tag_string, text);
    }
  }
  key_ = Key::other;
}

HOT void Fingerprint::take_name(std::string_view name) {
  name_next_ = false;
  key_ = Key::other;
  if (depth_ == 1) {
    if (!system_name_.empty() && name == system_name_) part_ = Part::system;
    if (name == messages_name_ && !messages_done_) part_ = Part::messages;
  } else if (hashing()) {
    take_inner_name(name);
  }
}

HOT void Fingerprint::take_inner_name(std::string_view name) {
  bool of_message = part_ == Part::messages && depth_ == 3;
  if (name == "role" && of_message) {
    key_ = Key::role;
  } else if (name == "content" || name == "text") {
    key_ = Key::plain;
  } else if (name == "type") {
    key_ = Key::type;
  } else if (is_cache_mark(name)) {
    key_ = Key::cache_mark;
    mark_depth_ = depth_;
  } else {
    hasher().add(tag_name, name);
  }
}

// A role, or a type.
void Fingerprint::take_value(std::string_view text) {
  if (key_ == Key::role) {
    role_.size = static_cast<std::uint8_t>(text.size());
    std::ranges::copy(text, role_.bytes.begin());
    return;
  }
  bool plain = std::ranges::find(plain_types, text) != plain_types.end();
  if (!plain) hasher().add(tag_type, text);
}

// From a piece's beginning, in a string that began in one before it.
const char* Fingerprint::read_on(const char* p, const char* end) {
  const char* unescaped = p + (std::exchange(backslash_, false) ? 1 : 0);
  const char* quote = closing_quote(unescaped, end);
  cut_string_part({p, quote});
  if (quote == end) {
    backslash_ = is_escaped(unescaped, end);
    return end;
  }
  end_cut_string();
  return quote + 1;
}

void Fingerprint::begin_cut_string() {
  in_string_ = true;
  string_is_key_ = name_next_;
  bool decides = string_is_key_ || key_ == Key::type || key_ == Key::role;
  capturing_ = decides && (hashing() || depth_ == 1);
  captured_.size = 0;
  captured_.overflown = false;
  if (!string_is_key_ && hashing()) message_begun_ |= part_ == Part::messages;
}

void Fingerprint::cut_string_part(std::string_view part) {
  if (capturing_ && !captured_.overflown) {
    if (captured_.size + part.size() <= captured_.bytes.size()) {
      std::ranges::copy(part, captured_.bytes.begin() + captured_.size);
      captured_.size = static_cast<std::uint8_t>(captured_.size + part.size());
      return;
    }
    captured_.overflown = true;
    if (hashing()) hasher().absorb(captured_.text());
  }
  if (hashing()) hasher().absorb(part);
}

void Fingerprint::end_cut_string() {
  in_string_ = false;
  if (capturing_ && !captured_.overflown) {
    take_string(captured_.text());
    return;
  }
  if (hashing()) hasher().end(string_is_key_ ? tag_name : tag_string);
  if (string_is_key_) name_next_ = false;
  key_ = Key::other;
}

HOT void Fingerprint::open(bool object) {
  if (depth_ + 1 >= objects_.size()) {  // deeper than any request that is accepted
    done_ = true;
    return;
  }
  objects_[++depth_] = object;
  name_next_ = object;
  key_ = Key::other;
  if (part_ == Part::messages && depth_ == 3) message_begun_ = true;
}

HOT void Fingerprint::close() {
  if (mark_depth_ == depth_) mark_depth_ = 0;
  if (depth_ == 2 && part_ == Part::messages) end_message();
  if (depth_ == 1) end_part();
  if (depth_ > 0) --depth_;
  name_next_ = false;
  if (depth_ == 0) done_ = true;
}

HOT void Fingerprint::comma() {
  if (mark_depth_ == depth_) mark_depth_ = 0;
  if (depth_ == 2 && part_ == Part::messages) end_message();
  if (depth_ == 1) end_part();
  name_next_ = in_object();
  key_ = Key::other;
}

void Fingerprint::end_message() {
  if (!message_begun_) return;
  message_begun_ = false;
  messages_seen_ = true;
  messages_.add(tag_role, role_.text());
  if (role_.text() == "user") {
    messages_done_ = true;
    part_ = Part::none;
  }
  role_.size = 0;
  settle();
}

// The member of the top object is read to its end. A Responses input that is a plain string is one
// message of the user.
void Fingerprint::end_part() {
  if (part_ == Part::system) system_seen_ = true;
  if (part_ == Part::messages && message_begun_) {
    role_.size = 4;
    std::ranges::copy(std::string_view("user"), role_.bytes.begin());
    end_message();
  }
  part_ = Part::none;
  settle();
}

void Fingerprint::settle() {
  bool system_known = system_name_.empty() || system_seen_;
  if (messages_done_ && system_known) done_ = true;
}

}  // namespace recloser::session
