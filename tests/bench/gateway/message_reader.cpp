#include "message_reader.h"

#include "core/ascii.h"
#include "core/limits.h"

#include <algorithm>
#include <charconv>

namespace recloser::bench {

namespace {

constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t size_line_bytes_max = 256;

template <class Number>
bool read_number(std::string_view text, Number& number, int base) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

int hex_digit(char c) {
  if (ascii::is_digit(c)) return c - '0';
  char low = ascii::lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace

void MessageReader::restart() {
  head_.clear();
  left_ = 0;
  status_ = 0;
  state_ = State::head;
  chunk_ = Chunk::size;
  line_bytes_ = 0;
  chunked_ = false;
  keep_alive_ = true;
}

MessageReader::Step MessageReader::step(std::string_view bytes) {
  if (bytes.empty() || state_ == State::done || state_ == State::broken) return {};
  if (state_ == State::head) return step_head(bytes);
  if (chunked_) return step_chunked(bytes);
  std::size_t size = std::min<std::uint64_t>(left_, bytes.size());
  left_ -= size;
  if (left_ == 0) state_ = State::done;
  return {size, bytes.substr(0, size)};
}

MessageReader::Step MessageReader::step_head(std::string_view bytes) {
  std::size_t before = head_.size();
  std::size_t look_from = before < head_end.size() ? 0 : before - (head_end.size() - 1);
  head_.append(bytes);
  std::size_t end = head_.find(head_end, look_from);
  if (end == std::string::npos) {
    if (head_.size() > limits::head_bytes_max) state_ = State::broken;
    return {bytes.size(), {}};
  }
  head_.resize(end + head_end.size());
  std::size_t used = head_.size() - before;
  if (!read_head()) {
    state_ = State::broken;
  } else {
    state_ = chunked_ || left_ > 0 ? State::body : State::done;
  }
  return {used, {}};
}

bool MessageReader::read_head() {
  std::string_view rest = head_;
  rest.remove_suffix(2);  // the empty line
  bool first = true;
  while (!rest.empty()) {
    std::size_t end = rest.find("\r\n");
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    bool good = first ? kind_ == Kind::request || read_status_line(line) : read_field(line);
    if (!good) return false;
    first = false;
  }
  return true;
}

bool MessageReader::read_status_line(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return false;
  return read_number(line.substr(9, 3), status_, 10);
}

bool MessageReader::read_field(std::string_view line) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view name = line.substr(0, colon);
  std::string_view value = ascii::trim(line.substr(colon + 1));
  if (ascii::equal_ignoring_case(name, "content-length")) return read_number(value, left_, 10);
  if (ascii::equal_ignoring_case(name, "transfer-encoding")) {
    chunked_ = ascii::equal_ignoring_case(value, "chunked");
    return chunked_;
  }
  if (ascii::equal_ignoring_case(name, "connection")) {
    keep_alive_ = !ascii::equal_ignoring_case(value, "close");
  }
  return true;
}

MessageReader::Step MessageReader::step_chunked(std::string_view bytes) {
  if (chunk_ == Chunk::data) {
    std::size_t size = std::min<std::uint64_t>(left_, bytes.size());
    left_ -= size;
    if (left_ == 0) chunk_ = Chunk::data_end;
    return {size, bytes.substr(0, size)};
  }
  char byte = bytes.front();
  switch (chunk_) {
    case Chunk::size:
      if (int digit = hex_digit(byte); digit >= 0 && line_bytes_ < 15) {
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        ++line_bytes_;
      } else if (line_bytes_ == 0 || (byte != ';' && byte != '\r')) {
        state_ = State::broken;
      } else {
        chunk_ = Chunk::extension;
      }
      break;
    case Chunk::extension:
      if (byte == '\n') {
        end_size_line();
      } else if (++line_bytes_ > size_line_bytes_max) {
        state_ = State::broken;
      }
      break;
    case Chunk::data_end:
      if (byte == '\n') chunk_ = Chunk::size;
      if (byte != '\r' && byte != '\n') state_ = State::broken;
      break;
    case Chunk::trailer:
      step_trailer(byte);
      break;
    case Chunk::data:
      break;
  }
  return {1, {}};
}

void MessageReader::end_size_line() {
  chunk_ = left_ == 0 ? Chunk::trailer : Chunk::data;
  line_bytes_ = 0;
}

// The message ends with an empty line; `line_bytes_` counts what stands on this one.
void MessageReader::step_trailer(char byte) {
  if (byte == '\n') {
    if (line_bytes_ == 0) state_ = State::done;
    line_bytes_ = 0;
  } else if (byte != '\r') {
    ++line_bytes_;
  }
}

}  // namespace recloser::bench
