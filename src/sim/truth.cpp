#include "sim/truth.h"

#include "core/check.h"
#include "core/json_writer.h"

#include <algorithm>
#include <charconv>

namespace recloser::sim {
namespace {

constexpr std::uint64_t page_default = 10'000;
constexpr std::uint64_t page_max = 100'000;
constexpr std::size_t forgotten_max = 10'000;  // pairs of key and model; the rest count as "other"

struct Page {
  std::uint64_t after = 0;
  std::uint64_t limit = page_default;
  std::string key;
  std::string model;
  std::string state;

  explicit Page(std::string_view query)
      : key(query_value(query, "key")),
        model(query_value(query, "model")),
        state(query_value(query, "state")) {
    read(query_value(query, "after"), after);
    read(query_value(query, "limit"), limit);
    limit = std::clamp<std::uint64_t>(limit, 1, page_max);
  }
  bool wants(const Seen& seen) const {
    return (key.empty() || key == seen.key) && (model.empty() || model == seen.model) &&
           (state.empty() || state == name_of(seen.state));
  }

 private:
  static void read(const std::string& text, std::uint64_t& number) {
    std::uint64_t got = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), got);
    if (error == std::errc{} && end == text.data() + text.size()) number = got;
  }
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

void write_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void write_call(JsonWriter& json, const Seen& seen) {
  json.open_object().member("id", seen.id).member("model", seen.model);
  write_or_null(json, "key", seen.key);
  json.member("started", rfc3339(seen.started)).member("state", name_of(seen.state));
  json.member("input", seen.input).member("output_written", seen.output_written);
  json.member("output_acked", seen.output_acked).close_object();
}

void write_attempt(JsonWriter& json, const Seen& seen) {
  json.open_object().member("id", seen.id).member("method", seen.method);
  json.member("path", seen.path);
  write_or_null(json, "model", seen.model);
  write_or_null(json, "key", seen.key);
  json.member("started", rfc3339(seen.started)).key("ended");
  seen.ended == WallTime{} ? json.null() : json.value(rfc3339(seen.ended));
  json.key("status");
  seen.status == 0 ? json.null() : json.value(static_cast<unsigned>(seen.status));
  json.member("state", name_of(seen.state)).member("peer_closed", seen.peer_closed);
  json.close_object();
}

// The page of `seen` that `wanted` lets through, each written by `write`.
template <class Wanted>
std::string list(const std::deque<Seen>& all, const Page& page, Wanted wanted,
                 void (*write)(JsonWriter&, const Seen&)) {
  std::string out;
  JsonWriter json(out);
  json.open_object().key("data").open_array();
  std::uint64_t count = 0;
  std::uint64_t last = 0;
  bool more = false;
  for (const Seen& seen : all) {
    if (seen.number <= page.after || !wanted(seen) || !page.wants(seen)) continue;
    if (count == page.limit) {
      more = true;
      break;
    }
    write(json, seen);
    last = seen.number;
    ++count;
  }
  json.close_array().key("next");
  more ? json.value(std::to_string(last)) : json.null();
  json.close_object();
  return out;
}

}  // namespace

std::string_view name_of(CallState state) {
  switch (state) {
    case CallState::open:
      return "open";
    case CallState::finished:
      return "finished";
    case CallState::aborted:
      return "aborted";
    case CallState::fault:
      return "fault";
  }
  return "";
}

Seen& Truth::begin(std::string id, WallTime now) {
  if (seen_.size() >= kept_max_) forget_oldest();
  Seen seen;
  seen.number = next_number_++;
  seen.id = std::move(id);
  seen.started = now;
  seen_.push_back(std::move(seen));
  return seen_.back();
}

Seen* Truth::find(std::uint64_t number) {
  if (seen_.empty() || number < seen_.front().number) return nullptr;
  std::uint64_t at = number - seen_.front().number;
  return at < seen_.size() ? &seen_[at] : nullptr;
}

void Truth::end(std::uint64_t number, CallState state, WallTime now) {
  Seen* seen = find(number);
  CHECK(seen != nullptr && seen->state == CallState::open, "a request ends once");
  seen->state = state;
  seen->ended = now;
}

// An open request is never forgotten, nor what came after it.
void Truth::forget_oldest() {
  const Seen& oldest = seen_.front();
  if (oldest.state == CallState::open) return;
  if (oldest.is_call) {
    SumKey key{oldest.key, oldest.model};
    if (forgotten_.size() >= forgotten_max && !forgotten_.contains(key)) key = {"other", "other"};
    add(forgotten_[key], oldest);
  }
  seen_.pop_front();
}

void Truth::add(Sums& sums, const Seen& seen) {
  ++sums.started;
  switch (seen.state) {
    case CallState::open:
      ++sums.open;
      break;
    case CallState::finished:
      ++sums.finished;
      break;
    case CallState::aborted:
      ++sums.aborted;
      break;
    case CallState::fault:
      ++sums.fault;
      break;
  }
  sums.input += seen.input;
  sums.output_written += seen.output_written;
  sums.output_acked += seen.output_acked;
}

std::string Truth::truth_json(std::string_view query) const {
  std::string by = query_value(query, "by");
  bool by_key = by.find("key") != by.npos;
  bool by_model = by.find("model") != by.npos;
  if (by_key || by_model) return sums_json(by_key, by_model);
  auto is_call = [](const Seen& seen) { return seen.is_call; };
  return list(seen_, Page(query), is_call, write_call);
}

std::string Truth::attempts_json(std::string_view query) const {
  auto any = [](const Seen&) { return true; };
  return list(seen_, Page(query), any, write_attempt);
}

std::string Truth::sums_json(bool by_key, bool by_model) const {
  std::map<SumKey, Sums> all;
  auto group = [&](const std::string& key, const std::string& model) -> Sums& {
    return all[{by_key ? key : "", by_model ? model : ""}];
  };
  for (const auto& [key, sums] : forgotten_) {
    Sums& into = group(key.first, key.second);
    into.started += sums.started;
    into.open += sums.open;
    into.finished += sums.finished;
    into.aborted += sums.aborted;
    into.fault += sums.fault;
    into.input += sums.input;
    into.output_written += sums.output_written;
    into.output_acked += sums.output_acked;
  }
  for (const Seen& seen : seen_) {
    if (seen.is_call) add(group(seen.key, seen.model), seen);
  }
  std::string out;
  JsonWriter json(out);
  json.open_object().key("data").open_array();
  for (const auto& [key, sums] : all) {
    json.open_object();
    if (by_key) write_or_null(json, "key", key.first);
    if (by_model) json.member("model", key.second);
    json.member("started", sums.started).member("open", sums.open);
    json.member("finished", sums.finished).member("aborted", sums.aborted);
    json.member("fault", sums.fault).member("input", sums.input);
    json.member("output_written", sums.output_written).member("output_acked", sums.output_acked);
    json.close_object();
  }
  json.close_array().key("next").null().close_object();
  return out;
}

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    std::size_t equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == name) {
      return decoded(pair.substr(equals + 1));
    }
  }
  return {};
}

}  // namespace recloser::sim
