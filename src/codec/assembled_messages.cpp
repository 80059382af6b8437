// Anthropic messages: the blocks, each with its deltas, in the message that began the stream, with
// the reason and the usage that ended it.
#include "codec/assembled_grammar.h"
#include "codec/event.h"
#include "codec/json_walk.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace recloser::codec {
namespace {

constexpr std::size_t blocks_max = 4096;  // of one message

struct Block {
  std::uint64_t index = 0;
  GrownJson json;
  std::string input;  // of a tool: JSON within a JSON string, raw
};

class MessagesAssembled final : public AssembledGrammar {
 public:
  void take(std::string_view event) override;
  void write(std::string& out) const override;

 private:
  void begin(std::string_view message);
  void begin_block(std::string_view event);
  void take_delta(std::string_view event);
  void take_end(std::string_view event);
  void take_usage(std::string_view usage);
  Block* block_at(std::uint64_t index);

  GrownJson message_;
  GrownJson usage_;
  std::vector<Block> blocks_;
};

void MessagesAssembled::take(std::string_view event) {
  std::string_view type = json_text(json_member(event, "type"));
  if (type == "content_block_delta") {
    take_delta(event);
  } else if (type == "content_block_start") {
    begin_block(event);
  } else if (type == "message_start") {
    begin(json_member(event, "message"));
  } else if (type == "message_delta") {
    take_end(event);
  } else if (type == "error") {
    bool object = json_member(event, "error").starts_with('{');
    if (error.empty() && object) error = event;  // it is the error object already
  }
}

// A stream that begins twice is one that a proxy has spliced: the first holds.
void MessagesAssembled::begin(std::string_view message) {
  if (message_.told()) return;
  for (JsonChildren each(message); each.next() && !growth.failed;) {
    if (each.key() == "usage") {
      take_usage(each.value());
    } else if (each.key() != "content") {
      message_.member(each.key(), growth).set(each.value(), growth);
    }
  }
}

Block* MessagesAssembled::block_at(std::uint64_t index) {
  auto at = std::find_if(blocks_.rbegin(), blocks_.rend(),
                         [&](const Block& block) { return block.index == index; });
  return at == blocks_.rend() ? nullptr : &*at;
}

void MessagesAssembled::begin_block(std::string_view event) {
  if (blocks_.size() == blocks_max) {
    growth.failed = true;
    return;
  }
  growth.bytes += sizeof(Block);
  Block& block = blocks_.emplace_back();
  block.index = json_count(json_member(event, "index")).value_or(blocks_.size() - 1);
  for (JsonChildren each(json_member(event, "content_block")); each.next() && !growth.failed;) {
    block.json.member(each.key(), growth).set(each.value(), growth);
  }
}

void MessagesAssembled::take_delta(std::string_view event) {
  Block* block = block_at(json_count(json_member(event, "index")).value_or(0));
  if (block == nullptr) return;
  std::string_view delta = json_member(event, "delta");
  std::string_view type = json_text(json_member(delta, "type"));
  for (JsonChildren each(delta); each.next() && !growth.failed;) {
    std::string_view key = each.key();
    if (key == "type") continue;
    if (type == "input_json_delta" && key == "partial_json") {
      block->input += json_text(each.value());
      growth.bytes += each.value().size();
    } else if (type == "citations_delta" && key == "citation") {
      block->json.member("citations", growth).add("", growth).set(each.value(), growth);
    } else {
      block->json.member(key, growth).grow(each.value(), growth, key != "signature");
    }
  }
}

void MessagesAssembled::take_end(std::string_view event) {
  for (JsonChildren each(event); each.next() && !growth.failed;) {
    if (each.key() == "usage") {
      take_usage(each.value());
    } else if (each.key() == "delta") {
      for (JsonChildren member(each.value()); member.next() && !growth.failed;) {
        message_.member(member.key(), growth).set(member.value(), growth);
      }
    } else if (each.key() != "type") {
      message_.member(each.key(), growth).set(each.value(), growth);
    }
  }
}

// Of each figure the last; what the end leaves out was told at the begin.
void MessagesAssembled::take_usage(std::string_view usage) {
  for (JsonChildren each(usage); each.next() && !growth.failed;) {
    GrownJson& place = usage_.member(each.key(), growth);
    if (each.value() != "null" || !place.told()) place.set(each.value(), growth);
  }
}

// Of half an input nothing is passed on: it would look like a whole one.
void write_block(std::string& out, const Block& block) {
  std::string input;
  unescape(input, block.input);
  bool whole = is_json_object(input);
  if (!whole) return block.json.write(out);
  Growth growth;
  GrownJson json = block.json;
  json.member("input", growth).set(input, growth);
  json.write(out);
}

void MessagesAssembled::write(std::string& out) const {
  out += '{';
  message_.write_members(out);
  out += R"("content":[)";
  for (const Block& block : blocks_) {
    write_block(out, block);
    out += ',';
  }
  if (out.back() == ',') out.pop_back();
  out += R"(],"usage":)";
  usage_.write(out);
  out += '}';
}

}  // namespace

std::unique_ptr<AssembledGrammar> make_assembled_messages() {
  return std::make_unique<MessagesAssembled>();
}

}  // namespace recloser::codec
