// Chat completions and legacy completions: every chunk says again which answer it is of.
#include "codec/continuation/splice_grammar.h"
#include "codec/json_walk.h"
#include "codec/stream_cut_grammar.h"

namespace recloser::codec {
namespace {

class ChatSplice final : public SpliceGrammar {
 public:
  explicit ChatSplice(const Delivered& delivered)
      : preamble_(delivered.preamble()),
        completions_(delivered.operation() == Operation::completions) {}

  void write_text(std::string& out, std::string_view raw) override;
  void pass(std::string& out, const SpliceEvent& event) override;

 private:
  bool write_own(JsonWriter& json, std::string_view key) const;
  void write_choices(std::string& json, std::string_view choices, bool without_text) const;
  void write_delta(JsonWriter& json, std::string_view delta, bool without_text) const;

  Delivered::Preamble preamble_;
  bool completions_;
};

// The members by which the chunks of one answer are known. Of a fingerprint that the first provider
// did not tell nothing is told.
bool ChatSplice::write_own(JsonWriter& json, std::string_view key) const {
  if (!preamble_.told) return false;
  if (key == "id") {
    if (!preamble_.id.empty()) raw_member(json, key, preamble_.id);
  } else if (key == "model") {
    if (!preamble_.model.empty()) raw_member(json, key, preamble_.model);
  } else if (key == "created") {
    if (preamble_.created != 0) json.member(key, preamble_.created);
  } else if (key == "system_fingerprint") {
    if (!preamble_.fingerprint.empty()) raw_member(json, key, preamble_.fingerprint);
  } else {
    return false;
  }
  return true;
}

void ChatSplice::write_text(std::string& out, std::string_view raw) {
  out += "data: ";
  JsonWriter json(out);
  json.open_object();
  write_own(json, "id");
  json.member("object", completions_ ? "text_completion" : "chat.completion.chunk");
  for (std::string_view key : {"created", "model", "system_fingerprint"}) write_own(json, key);
  json.key("choices").open_array().open_object().member("index", 0);
  if (completions_) {
    raw_member(json, "text", raw);
  } else {
    json.key("delta").open_object();
    raw_member(json, "content", raw);
    json.close_object();
  }
  json.key("logprobs").null().key("finish_reason").null();
  json.close_object().close_array().close_object();
  out += "\n\n";
}

// Groq's own object repeats the id, and the usage of its attempt alone.
void ChatSplice::pass(std::string& out, const SpliceEvent& event) {
  if (!is_json_object(event.data)) {
    out.append(event.bytes);  // [DONE]
    return;
  }
  out += "data: ";
  JsonWriter json(out);
  json.open_object();
  for (JsonChildren each(event.data); each.next();) {
    if (write_own(json, each.key()) || each.key() == "x_groq") continue;
    if (each.key() == "choices") {
      std::string choices;
      write_choices(choices, each.value(), event.without_text);
      json.key("choices").raw(choices);
    } else if (each.key() == "usage" && each.value().starts_with('{')) {
      write_chat_usage(json, event.usage);
    } else {
      copy_member(json, each.key(), each.value());
    }
  }
  json.close_object();
  out += "\n\n";
}

void ChatSplice::write_choices(std::string& out, std::string_view choices,
                               bool without_text) const {
  JsonWriter json(out);
  json.open_array();
  for (JsonChildren choice(choices); choice.next();) {
    json.open_object();
    for (JsonChildren each(choice.value()); each.next();) {
      if (each.key() == "delta") {
        write_delta(json, each.value(), without_text);
      } else if (without_text && each.key() == "text") {
        json.member("text", "");
      } else if (without_text && each.key() == "logprobs") {
        json.key("logprobs").null();
      } else {
        copy_member(json, each.key(), each.value());
      }
    }
    json.close_object();
  }
  json.close_array();
}

void ChatSplice::write_delta(JsonWriter& json, std::string_view delta, bool without_text) const {
  json.key("delta").open_object();
  for (JsonChildren each(delta); each.next();) {
    if (preamble_.told && each.key() == "role") continue;
    bool text = each.key() == "content" || each.key() == "refusal";
    if (!text || !without_text) copy_member(json, each.key(), each.value());
  }
  json.close_object();
}

}  // namespace

std::unique_ptr<SpliceGrammar> make_chat_splice(const Delivered& delivered) {
  return std::make_unique<ChatSplice>(delivered);
}

}  // namespace recloser::codec
