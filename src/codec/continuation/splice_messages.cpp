// Anthropic messages: the blocks of the second message are numbered behind those of the first.
#include "codec/continuation/splice_grammar.h"
#include "codec/json_walk.h"
#include "codec/stream_cut_grammar.h"

#include <fmt/format.h>

namespace recloser::codec {
namespace {

enum Id : std::uint8_t { id_none, id_type, id_index, id_block_type, id_block_text };
constexpr JsonTable table{
    {"type", id_type, want_text},
    {"index", id_index, want_number},
    {"content_block.type", id_block_type, want_text},
    {"content_block.text", id_block_text, want_text},
};

struct Said {
  std::string_view type;
  std::string_view block_type;
  std::string_view block_text;
  Span index;
};

Said read(std::string_view data) {
  Said said;
  scan_data(data, table, [&](JsonToken, const JsonScanner& scanner, std::string_view) {
    if (scanner.id() == id_type) said.type = scanner.raw();
    if (scanner.id() == id_index) said.index = scanner.value();
    if (scanner.id() == id_block_type) said.block_type = scanner.raw();
    if (scanner.id() == id_block_text) said.block_text = scanner.raw();
  });
  return said;
}

class MessagesSplice final : public SpliceGrammar {
 public:
  explicit MessagesSplice(const Delivered& delivered)
      : blocks_(delivered.blocks()), begun_(delivered.preamble().told) {}

  void write_text(std::string& out, std::string_view raw) override;
  void pass(std::string& out, const SpliceEvent& event) override;

 private:
  void close(std::string& out);
  void begin(std::string& out, const Said& said, const SpliceEvent& event);
  void end(std::string& out, const SpliceEvent& event);
  void place(std::string& out, const Said& said, std::string_view data) const;

  Delivered::Blocks blocks_;  // of the client's message
  bool begun_;
};

void MessagesSplice::close(std::string& out) {
  if (!blocks_.open) return;
  write_event(out, "content_block_stop",
              fmt::format(R"({{"type":"content_block_stop","index":{}}})", blocks_.next - 1));
  blocks_.open = false;
}

void MessagesSplice::write_text(std::string& out, std::string_view raw) {
  if (!blocks_.open || !blocks_.text) {
    close(out);
    blocks_ = {.next = blocks_.next + 1, .open = true, .text = true};
    write_event(out, "content_block_start",
                fmt::format(R"({{"type":"content_block_start","index":{},)"
                            R"("content_block":{{"type":"text","text":""}}}})",
                            blocks_.next - 1));
  }
  std::string text;
  JsonWriter json(text);
  json.open_object().member("type", "content_block_delta").member("index", blocks_.next - 1);
  json.key("delta").open_object().member("type", "text_delta");
  raw_member(json, "text", raw);
  json.close_object().close_object();
  write_event(out, "content_block_delta", text);
}

void MessagesSplice::pass(std::string& out, const SpliceEvent& event) {
  Said said = read(event.data);
  if (said.type == "message_start" && begun_) return;
  if (said.type == "content_block_start") return begin(out, said, event);
  if (said.type == "content_block_delta") {
    if (blocks_.open && !event.without_text) place(out, said, event.data);
  } else if (said.type == "content_block_stop") {
    if (blocks_.open) place(out, said, event.data);
    blocks_.open = false;
  } else if (said.type == "message_delta") {
    end(out, event);
  } else {
    out.append(event.bytes);
  }
}

// Text goes on in the text that is open.
void MessagesSplice::begin(std::string& out, const Said& said, const SpliceEvent& event) {
  bool text = said.block_type == "text";
  if (text && blocks_.open && blocks_.text) {
    if (!said.block_text.empty() && !event.without_text) write_text(out, said.block_text);
    return;
  }
  close(out);
  blocks_ = {.next = blocks_.next + 1, .open = true, .text = text};
  place(out, said, event.data);
}

void MessagesSplice::end(std::string& out, const SpliceEvent& event) {
  close(out);
  BodyEdits edits;
  std::string_view usage = json_member(event.data, "usage");
  if (event.has_usage && usage.starts_with('{')) {
    std::string text;
    JsonWriter json(text);
    json.open_object();
    write_messages_usage(json, event.usage, true);
    json.close_object();
    std::string_view value = json_member(text, "usage");
    auto at = static_cast<std::uint64_t>(usage.data() - event.data.data());
    edits.replace({at, at + usage.size()}, value);
  }
  write_edited(out, "message_delta", event.data, edits);
}

void MessagesSplice::place(std::string& out, const Said& said, std::string_view data) const {
  BodyEdits edits;
  if (!said.index.empty()) edits.replace(said.index, std::to_string(blocks_.next - 1));
  write_edited(out, said.type, data, edits);
}

}  // namespace

std::unique_ptr<SpliceGrammar> make_messages_splice(const Delivered& delivered) {
  return std::make_unique<MessagesSplice>(delivered);
}

}  // namespace recloser::codec
