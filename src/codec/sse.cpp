#include "codec/sse.h"

#include <array>
#include <cstring>

namespace recloser::codec {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::array<std::string_view, 2> words{"data", "event"};  // the fields that are told
constexpr std::uint8_t could_be_any = 0b11;

// Bytes before the first LF or CR, or all of them. Two searches of the C library, which are as fast
// as the machine can, in windows: where lines end in CR alone, each line would otherwise be
// searched for an LF to the end of the piece.
std::size_t line_run(std::string_view piece) {
  constexpr std::size_t window = 1024;
  std::size_t run = 0;
  while (run < piece.size()) {
    std::string_view part = piece.substr(run, window);
    const void* lf = std::memchr(part.data(), '\n', part.size());
    if (lf != nullptr) part = part.substr(0, static_cast<const char*>(lf) - part.data());
    const void* cr = part.empty() ? nullptr : std::memchr(part.data(), '\r', part.size());
    if (cr != nullptr)
      return run + static_cast<std::size_t>(static_cast<const char*>(cr) - part.data());
    run += part.size();
    if (lf != nullptr) return run;
  }
  return run;
}

}  // namespace

void SseReader::take(std::string_view& piece, std::size_t bytes) {
  piece.remove_prefix(bytes);
  offset_ += bytes;
}

SseToken SseReader::next(std::string_view& piece) {
  while (!piece.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      last_end_ = piece.front() == '\n' ? End::crlf : End::cr;
      if (last_end_ == End::crlf) take(piece, 1);
      if (blank_cr_ && end_of_event() == SseToken::event_end) return SseToken::event_end;
      continue;
    }
    SseToken token = SseToken::none;
    switch (field_) {
      case Field::bom:
      case Field::start:
        token = start(piece);
        break;
      case Field::word:
        token = word(piece);
        break;
      case Field::space:
        if (piece.front() == ' ') take(piece, 1);
        field_ = value_;
        break;
      case Field::data:
      case Field::name:
      case Field::skipped:
        token = value(piece);
        break;
    }
    if (token != SseToken::none) return token;
  }
  return SseToken::none;
}

SseToken SseReader::finish() {
  after_cr_ = false;
  return blank_cr_ ? end_of_event() : SseToken::none;
}

SseToken SseReader::end_of_event() {
  blank_cr_ = false;
  field_ = Field::start;
  if (!inside_) return SseToken::none;
  inside_ = false;
  begun_ = false;
  return SseToken::event_end;
}

SseToken SseReader::start(std::string_view& piece) {
  char c = piece.front();
  if (field_ == Field::bom) {
    if (c == byte_order_mark[word_bytes_]) {
      take(piece, 1);
      if (++word_bytes_ == byte_order_mark.size()) field_ = Field::start;
      return SseToken::none;
    }
    field_ = Field::start;
    if (word_bytes_ != 0) {  // half a mark: the name of a field nobody knows
      field_ = Field::word;
      word_could_be_ = 0;
      return SseToken::none;
    }
  }
  if (c == '\n') {
    take(piece, 1);
    last_end_ = End::lf;
    return end_of_event();
  }
  if (c == '\r') {
    take(piece, 1);
    after_cr_ = true;
    // Where lines end in CRLF so does this one, and the event includes its LF. The decision rests
    // on bytes before this one only, so that a piece that ends here changes nothing.
    if (last_end_ == End::crlf) {
      blank_cr_ = true;
      return SseToken::none;
    }
    last_end_ = End::cr;
    return end_of_event();
  }
  if (!inside_) data_lines_ = 0;
  inside_ = true;
  if (!begun_) safe_ = offset_;
  if (c == ':') {
    take(piece, 1);
    field_ = Field::skipped;
    return SseToken::comment;
  }
  begun_ = true;
  field_ = Field::word;
  word_bytes_ = 0;
  word_could_be_ = could_be_any;
  if (piece.starts_with("data:")) {  // nearly every line: not byte by byte
    take(piece, 4);
    word_bytes_ = 4;
    word_could_be_ = 0b01;
  }
  return word(piece);
}

SseToken SseReader::word(std::string_view& piece) {
  while (!piece.empty()) {
    char c = piece.front();
    if (c == ':') {
      take(piece, 1);
      return word_done();
    }
    if (c == '\n' || c == '\r') return word_done();  // a field without a value
    for (std::size_t i = 0; i < words.size(); ++i) {
      bool fits = word_bytes_ < words[i].size() && words[i][word_bytes_] == c;
      if (!fits) word_could_be_ &= static_cast<std::uint8_t>(~(1u << i));
    }
    if (word_bytes_ < UINT8_MAX) ++word_bytes_;
    take(piece, 1);
  }
  return SseToken::none;
}

SseToken SseReader::word_done() {
  field_ = Field::space;
  value_ = Field::skipped;
  value_begun_ = false;
  if ((word_could_be_ & 0b10) != 0 && word_bytes_ == words[1].size()) value_ = Field::name;
  if ((word_could_be_ & 0b01) == 0 || word_bytes_ != words[0].size()) return SseToken::none;
  value_ = Field::data;
  if (++data_lines_ == 1) return SseToken::none;
  text_ = "\n";
  return SseToken::data;
}

SseToken SseReader::value(std::string_view& piece) {
  std::size_t run = line_run(piece);
  text_ = piece.substr(0, run);
  take(piece, run);
  if (run != 0 && field_ != Field::skipped) {
    text_begins_ = !value_begun_;
    value_begun_ = true;
    return field_ == Field::data ? SseToken::data : SseToken::name;
  }
  return piece.empty() ? SseToken::none : line_end(piece);
}

SseToken SseReader::line_end(std::string_view& piece) {
  last_end_ = piece.front() == '\n' ? End::lf : End::cr;
  after_cr_ = piece.front() == '\r';
  take(piece, 1);
  field_ = Field::start;
  return SseToken::none;
}

}  // namespace recloser::codec
