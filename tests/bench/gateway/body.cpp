#include "body.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

namespace recloser::bench {

namespace {

constexpr std::size_t kept_bytes_max = 4096;  // at each end of a body
constexpr std::size_t messages_wanted_max = 500;
constexpr std::size_t message_bytes_min = 2048;

constexpr std::array<std::string_view, 12> words = {
    "please ", "summarize ", "the ", "quarterly ",         "report ",   "for ", "customer ",
    "number ", "4821 ",      "and ", "list \\\"open\\\" ", "issues.\\n"};

// Words of about `bytes` bytes of JSON string content, then dots to the exact size.
void append_text(std::string& out, std::size_t bytes) {
  std::size_t end = out.size() + bytes;
  for (std::size_t i = 0; out.size() + words[i].size() <= end; i = (i + 1) % words.size()) {
    out += words[i];
  }
  out.append(end - out.size(), '.');
}

unsigned number_after(std::string_view text, std::string_view name, unsigned otherwise) {
  std::size_t at = text.find(name);
  if (at == std::string_view::npos) return otherwise;
  const char* begin = text.data() + at + name.size();
  unsigned number = otherwise;
  std::from_chars(begin, text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string chat_request(const Order& order, std::string_view model, std::size_t bytes) {
  std::string body;
  body.reserve(bytes + 512);
  fmt::format_to(std::back_inserter(body),
                 R"({{"model":"{}","temperature":0.7,"max_tokens":256,)"
                 R"("user":"bench chunks={} interval_us={};")",
                 model, order.chunks, order.interval / 1us);
  if (order.stream) body += R"(,"stream":true)";
  if (order.usage) body += R"(,"stream_options":{"include_usage":true})";
  body += R"(,"messages":[{"role":"system","content":"Answer shortly and cite the sources."})";
  constexpr std::string_view opening = R"(,{"role":"assistant","content":")";
  constexpr std::string_view closing = R"("})";
  constexpr std::string_view end = "]}";
  std::size_t overhead = opening.size() + closing.size();
  std::size_t each = std::max(message_bytes_min, bytes / messages_wanted_max);
  bool user = true;
  while (body.size() + overhead + end.size() <= bytes) {
    std::size_t room = bytes - body.size() - overhead - end.size();
    // A last message too small to hold its own frame is made part of this one.
    std::size_t text = room < each + overhead + 1 ? room : each;
    body += user ? R"(,{"role":"user","content":")" : opening;
    append_text(body, text + (user ? 5 : 0));  // "user" is 5 letters shorter than "assistant"
    body += closing;
    user = !user;
  }
  body += end;
  return body;
}

void OrderReader::add(std::string_view piece) {
  std::size_t room = kept_bytes_max - first_.size();
  first_.append(piece.substr(0, room));
  piece.remove_prefix(std::min(room, piece.size()));
  if (piece.empty()) return;
  if (piece.size() >= kept_bytes_max) {
    last_.assign(piece.substr(piece.size() - kept_bytes_max));
    return;
  }
  last_.append(piece);
  if (last_.size() > 4 * kept_bytes_max) last_.erase(0, last_.size() - kept_bytes_max);
}

Order OrderReader::order() const {
  auto holds = [this](std::string_view text) {
    return first_.contains(text) || last_.contains(text);
  };
  Order order;
  order.stream = holds(R"("stream":true)");
  order.usage = holds(R"("include_usage":true)");
  order.chunks = number_after(first_, "bench chunks=", order.chunks);
  order.interval = std::chrono::microseconds(number_after(first_, "interval_us=", 10'000));
  return order;
}

void OrderReader::restart() {
  first_.clear();
  last_.clear();
}

}  // namespace recloser::bench
