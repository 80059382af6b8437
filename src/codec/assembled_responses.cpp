// Responses: the event that ends the stream holds the answer as it is. Where we ended it, or its
// list of items was left empty, the items are those that were told one by one.
#include "codec/assembled_grammar.h"
#include "codec/json_walk.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

namespace recloser::codec {
namespace {

constexpr std::size_t items_max = 4096;  // of one response

class ResponsesAssembled final : public AssembledGrammar {
 public:
  void take(std::string_view event) override;
  void write(std::string& out) const override;

 private:
  void keep(std::string& place, std::string_view json);
  void take_item(std::string_view event);
  void take_failure(std::string_view event);
  bool has_items() const;
  void write_items(std::string& out) const;

  std::string begun_;  // the response as it began
  std::string ended_;
  std::map<std::uint64_t, std::string> items_;  // by their place
};

void ResponsesAssembled::keep(std::string& place, std::string_view json) {
  if (!json.starts_with('{')) return;
  growth.bytes += json.size();
  growth.bytes -= place.size();
  place = json;
}

void ResponsesAssembled::take(std::string_view event) {
  std::string_view type = json_text(json_member(event, "type"));
  if (type == "response.output_item.done") {
    take_item(event);
  } else if (type == "response.created" || type == "response.in_progress" ||
             type == "response.queued") {
    keep(begun_, json_member(event, "response"));
  } else if (type == "response.completed" || type == "response.incomplete" ||
             type == "response.cancelled") {
    keep(ended_, json_member(event, "response"));
  } else if (type == "response.failed") {
    take_failure(json_member(json_member(event, "response"), "error"));
  } else if (type == "error") {
    std::string_view nested = json_member(event, "error");
    take_failure(nested.starts_with('{') ? nested : event);
  }
}

void ResponsesAssembled::take_item(std::string_view event) {
  if (items_.size() == items_max) {
    growth.failed = true;
    return;
  }
  std::uint64_t place = json_count(json_member(event, "output_index")).value_or(items_.size());
  keep(items_[place], json_member(event, "item"));
  growth.bytes += sizeof(std::string) * 3;  // and the tree's own
}

// The SDKs look for these four members.
void ResponsesAssembled::take_failure(std::string_view told) {
  if (!told.starts_with('{')) return take_error(told);
  std::string object = "{";
  for (std::string_view name : {"message", "type", "param", "code"}) {
    std::string_view value = json_member(told, name);
    bool ours_to_say = value.empty() || (name == "type" && value == R"("error")");
    if (object.size() > 1) object += ',';
    object.append("\"").append(name).append("\":");
    object.append(!ours_to_say ? value : name == "type" ? R"("server_error")" : "null");
  }
  take_error(object + "}");
}

bool ResponsesAssembled::has_items() const {
  JsonChildren output(json_member(ended_, "output"));
  return output.next();
}

void ResponsesAssembled::write_items(std::string& out) const {
  out += '[';
  for (const auto& [place, item] : items_) {
    if (!item.empty()) out.append(item).append(",");
  }
  if (out.back() == ',') out.pop_back();
  out += ']';
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append("\"").append(name).append("\":").append(value).append(",");
}

// What our end leaves out of the response (codec/stream_cut.h) its begin has told.
void ResponsesAssembled::write(std::string& out) const {
  bool as_it_is = items_.empty() || (ours ? begun_.empty() : has_items());
  if (as_it_is) {
    out += ended_;
    return;
  }
  constexpr std::array<std::string_view, 4> of_the_end{"status", "error", "incomplete_details",
                                                       "usage"};
  out += '{';
  for (JsonChildren each(ours ? begun_ : ended_); each.next();) {
    bool of_end = std::ranges::find(of_the_end, each.key()) != of_the_end.end();
    if (each.key() == "output" || (ours && of_end)) continue;
    append_member(out, each.key(), each.value());
  }
  for (std::string_view name : of_the_end) {
    std::string_view value = json_member(ended_, name);
    if (ours && !value.empty()) append_member(out, name, value);
  }
  out += R"("output":)";
  write_items(out);
  out += '}';
}

}  // namespace

std::unique_ptr<AssembledGrammar> make_assembled_responses() {
  return std::make_unique<ResponsesAssembled>();
}

}  // namespace recloser::codec
