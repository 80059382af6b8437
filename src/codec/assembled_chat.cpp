// Chat completions and legacy completions: the deltas of each choice become its message, or its
// text.
#include "codec/assembled_grammar.h"
#include "codec/json_walk.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace recloser::codec {
namespace {

constexpr std::size_t choices_max = 128;  // `n` of OpenAI's
constexpr std::size_t calls_max = 1024;   // of one message

// A call of a tool, found again by whatever of it the provider repeats.
struct Call {
  std::string index;  // as it was told; "": it was not
  std::string id;
  GrownJson json;
  std::string name;
  GrownJson function;
};

struct Choice {
  std::uint64_t index = 0;
  bool in_parts = false;  // its content is a list
  GrownJson role;
  GrownJson content;
  std::vector<Call> calls;
  GrownJson message;  // what else the deltas told
  GrownJson whole;    // a message that came whole
  GrownJson text;     // of a completion
  GrownJson rest;     // beside them
};

class ChatAssembled final : public AssembledGrammar {
 public:
  explicit ChatAssembled(bool completions) : completions_(completions) {}

  void take(std::string_view event) override;
  void write(std::string& out) const override;

 private:
  void take_groq(std::string_view object);
  void take_choice(std::string_view json);
  void take_delta(Choice& choice, std::string_view delta);
  void take_content(Choice& choice, std::string_view content);
  void grow_parts(GrownJson& parts, std::string_view list);
  void take_call(Choice& choice, std::string_view json);
  Call& call_of(Choice& choice, std::string_view json);
  void take_function(Call& call, std::string_view function);
  Choice* choice_at(std::uint64_t index);
  void write_choice(std::string& out, const Choice& choice) const;

  bool completions_;
  GrownJson top_;
  std::vector<Choice> choices_;
};

// Identity is what was said first, all else what was said last.
void ChatAssembled::take(std::string_view event) {
  for (JsonChildren each(event); each.next() && !growth.failed;) {
    std::string_view key = each.key();
    std::string_view value = each.value();
    if (key == "choices") {
      for (JsonChildren choice(value); choice.next() && !growth.failed;) {
        take_choice(choice.value());
      }
    } else if (key == "error") {
      take_error(value);
    } else if (key == "x_groq") {
      take_groq(value);
    } else if (key == "id" || key == "created" || key == "model") {
      top_.member(key, growth).set_first(value, growth);
    } else if (key != "object" && key != "obfuscation" && key != "p") {  // the last two only pad
      top_.member(key, growth).set_last(value, growth);
    }
  }
}

// Groq tells in a stream beside its id what stands at the top of the other form.
void ChatAssembled::take_groq(std::string_view object) {
  for (JsonChildren each(object); each.next();) {
    bool top = each.key() == "usage" || each.key() == "usage_breakdown";
    GrownJson& place = top ? top_ : top_.member("x_groq", growth);
    place.member(each.key(), growth).set_last(each.value(), growth);
  }
}

Choice* ChatAssembled::choice_at(std::uint64_t index) {
  auto at = std::ranges::find(choices_, index, &Choice::index);
  if (at != choices_.end()) return &*at;
  if (choices_.size() == choices_max) {
    growth.failed = true;
    return nullptr;
  }
  growth.bytes += sizeof(Choice);
  Choice& made = choices_.emplace_back();
  made.index = index;
  made.rest.member("finish_reason", growth).set("null", growth);
  return &made;
}

void ChatAssembled::take_choice(std::string_view json) {
  Choice* choice = choice_at(json_count(json_member(json, "index")).value_or(0));
  if (choice == nullptr) return;
  for (JsonChildren each(json); each.next() && !growth.failed;) {
    std::string_view key = each.key();
    std::string_view value = each.value();
    if (key == "index") continue;
    if (key == "logprobs") {
      choice->rest.member(key, growth).grow(value, growth);
    } else if (completions_ && key == "text") {
      choice->text.grow(value, growth);
    } else if (completions_ && key == "delta") {
      continue;  // beside the text, it says the same (Together); so the other way round
    } else if (key == "delta") {
      take_delta(*choice, value);
    } else if (key == "message") {
      choice->whole.set_last(value, growth);
    } else if (key != "text") {
      choice->rest.member(key, growth).set_last(value, growth);
    }
  }
}

void ChatAssembled::take_delta(Choice& choice, std::string_view delta) {
  for (JsonChildren each(delta); each.next() && !growth.failed;) {
    std::string_view key = each.key();
    std::string_view value = each.value();
    if (key == "role") {
      choice.role.set_last(value, growth);
    } else if (key == "content") {
      take_content(choice, value);
    } else if (key == "tool_calls") {
      for (JsonChildren call(value); call.next() && !growth.failed;) {
        take_call(choice, call.value());
      }
    } else if (key == "function_call") {
      for (JsonChildren part(value); part.next();) {
        GrownJson& place = choice.message.member(key, growth).member(part.key(), growth);
        place.grow(part.value(), growth, part.key() != "name");
      }
    } else {
      choice.message.member(key, growth).grow(value, growth);
    }
  }
}

// Mistral's thinking models begin with a text that is empty, go on with lists of parts, and end
// with texts: the other form is one list.
void ChatAssembled::take_content(Choice& choice, std::string_view content) {
  bool list = content.starts_with('[');
  if (list && !choice.in_parts) {
    std::string before(choice.content.text());
    choice.in_parts = true;
    choice.content = GrownJson();
    if (!before.empty()) take_content(choice, "\"" + before + "\"");
  }
  if (list) return grow_parts(choice.content, content);
  if (!choice.in_parts) return choice.content.grow(content, growth);
  if (json_text(content).empty()) return;
  std::string part = R"([{"type":"text","text":)";
  part.append(content).append("}]");
  grow_parts(choice.content, part);
}

// A part goes on with the next one of its type.
void ChatAssembled::grow_parts(GrownJson& parts, std::string_view list) {
  for (JsonChildren each(list); each.next() && !growth.failed;) {
    std::string_view type = json_text(json_member(each.value(), "type"));
    bool goes_on = type == "text" || type == "thinking";
    if (!goes_on) {
      parts.add("", growth).set(each.value(), growth);
      continue;
    }
    GrownJson* same = parts.last(type);
    bool closed = same != nullptr && same->find("closed") != nullptr;
    GrownJson& part = same != nullptr && !closed ? *same : parts.add(type, growth);
    for (JsonChildren member(each.value()); member.next() && !growth.failed;) {
      GrownJson& place = part.member(member.key(), growth);
      if (member.value().starts_with('[')) {
        grow_parts(place, member.value());
      } else {
        place.grow(member.value(), growth, member.key() == "text");
      }
    }
  }
}

// Some leave the index out, some say the id in every piece, some another one in each, and some the
// same index for every call. A new call has a name, and an id that is not the last one's.
Call& ChatAssembled::call_of(Choice& choice, std::string_view json) {
  std::string_view index = json_member(json, "index");
  std::string_view id = json_text(json_member(json, "id"));
  bool named = !json_text(json_member(json_member(json, "function"), "name")).empty() ||
               !json_text(json_member(json_member(json, "custom"), "name")).empty();
  bool counted = json_count(index).has_value();
  auto same = std::find_if(choice.calls.rbegin(), choice.calls.rend(), [&](const Call& call) {
    if (counted) return call.index == index;
    return id.empty() || !named || call.id == id;
  });
  bool other = same != choice.calls.rend() && named && !id.empty() && same->id != id;
  bool unnamed_id = !counted && id.empty() && named;  // a whole call, and nothing to know it by
  if (same != choice.calls.rend() && !other && !unnamed_id) return *same;
  growth.failed |= choice.calls.size() == calls_max;
  growth.bytes += sizeof(Call) + id.size();
  Call& made = choice.calls.emplace_back();
  if (counted) made.index = index;
  made.id = id;
  return made;
}

void ChatAssembled::take_call(Choice& choice, std::string_view json) {
  if (!json.starts_with('{')) return;
  Call& call = call_of(choice, json);
  for (JsonChildren each(json); each.next() && !growth.failed;) {
    std::string_view key = each.key();
    if (key == "index") continue;
    if (key == "function") {
      take_function(call, each.value());
    } else if (key == "id") {
      call.json.member(key, growth).set_first(each.value(), growth);
    } else {
      call.json.member(key, growth).grow(each.value(), growth, key != "type");
    }
  }
}

// A name that is told again is no longer name.
void ChatAssembled::take_function(Call& call, std::string_view function) {
  for (JsonChildren each(function); each.next() && !growth.failed;) {
    if (each.key() != "name") {
      bool none = each.key() == "arguments" && each.value() == "null";
      call.function.member(each.key(), growth).grow(none ? R"("")" : each.value(), growth);
    } else if (json_text(each.value()) != call.name) {
      call.name.append(json_text(each.value()));
      growth.bytes += each.value().size();
    }
  }
}

void write_or(std::string& out, const GrownJson& json, std::string_view otherwise) {
  if (json.told()) {
    json.write(out);
  } else {
    out += otherwise;
  }
}

// Lists and objects are written with a comma behind each member: the last one becomes the end.
void close(std::string& out, char bracket) {
  if (out.back() == ',') out.pop_back();
  out += bracket;
}

void write_call(std::string& out, const Call& call) {
  out += '{';
  call.json.write_members(out);
  if (call.function.told() || !call.name.empty()) {
    out.append(R"("function":{"name":")").append(call.name).append("\",");
    if (call.function.find("arguments") == nullptr) out += R"("arguments":"",)";
    call.function.write_members(out);
    close(out, '}');
  }
  close(out, '}');
}

void write_message(std::string& out, const Choice& choice) {
  bool told = choice.role.told() || choice.content.told() || choice.message.told();
  if (!told && choice.calls.empty() && choice.whole.told()) return choice.whole.write(out);
  out += R"({"role":)";
  write_or(out, choice.role, R"("assistant")");
  out += R"(,"content":)";
  choice.content.write(out);
  out += ',';
  choice.message.write_members(out);
  if (!choice.calls.empty()) {
    out += R"("tool_calls":[)";
    for (const Call& call : choice.calls) {
      write_call(out, call);
      out += ',';
    }
    close(out, ']');
  }
  close(out, '}');
}

void ChatAssembled::write_choice(std::string& out, const Choice& choice) const {
  out += R"({"index":)" + std::to_string(choice.index);
  if (completions_) {
    out += R"(,"text":)";
    write_or(out, choice.text, R"("")");
  } else {
    out += R"(,"message":)";
    write_message(out, choice);
  }
  out += ',';
  choice.rest.write_members(out);
  close(out, '}');
}

void ChatAssembled::write(std::string& out) const {
  out += '{';
  top_.write_members(out);
  out += completions_ ? R"("object":"text_completion","choices":[)"
                      : R"("object":"chat.completion","choices":[)";
  for (const Choice& choice : choices_) {
    write_choice(out, choice);
    out += ',';
  }
  close(out, ']');
  out += '}';
}

}  // namespace

std::unique_ptr<AssembledGrammar> make_assembled_chat(bool completions) {
  return std::make_unique<ChatAssembled>(completions);
}

}  // namespace recloser::codec
