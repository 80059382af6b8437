// Reads a whole JSON answer (not a stream) as it arrives, for what the books need of it.
#pragma once

#include "codec/event.h"
#include "codec/json_scanner.h"
#include "codec/operation.h"
#include "codec/usage.h"
#include "codec/usage_paths.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace recloser::codec {

struct AnswerFacts {
  Usage usage;
  UsageSource usage_source = UsageSource::none;
  Finish finish = Finish::none;  // of the first choice that ended otherwise than by `stop`
  bool malformed = false;        // not JSON (a page of HTML, a text), or cut off
  bool saw_error = false;        // an error object, whatever the status line said
  std::uint32_t tool_calls = 0;
  std::uint64_t text_bytes = 0;  // of the answer, as escaped JSON
  std::string response_id;       // of a Responses answer; the others' are for nobody to ask for
  std::string model;
  std::string error_type;  // raw, at most error_bytes_kept of each
  std::string error_code;
  std::string error_message;
};

inline constexpr std::size_t error_bytes_kept = 512;

// Use: feed() each piece of the body, then finish(). Bytes that are no JSON are let be: the answer
// is the client's all the same.
class AnswerReader {
 public:
  explicit AnswerReader(Operation operation) : AnswerReader(operation, family_of(operation)) {}
  AnswerReader(Operation operation, Family family);

  void feed(std::string_view piece);
  const AnswerFacts& finish();
  const AnswerFacts& facts() const { return facts_; }

 private:
  void take(JsonToken token);
  void take_text(JsonToken token);
  void take_item(std::string_view type);
  void take_usage_text(bool last);
  void take_number();
  void keep(std::string& place, std::size_t limit);
  static void read_name(std::string& name);
  std::optional<Usage> usage() const;

  JsonScanner scanner_;
  AnswerFacts facts_;
  Operation operation_;
  Family family_;
  std::string reason_;  // the finish reason being read
  bool done_ = false;
  bool saw_id_ = false;
  bool saw_usage_ = false;
  bool saw_figure_ = false;  // of it: input, output or total
  bool saw_tool_call_ = false;
  UsageFields fields_;
  IterationFields iterations_;
  std::uint32_t web_searches_ = 0;  // items of the answer, for a usage that does not count them
  std::uint32_t page_views_ = 0;    // of them: pages opened, which are no searches
  std::uint32_t file_searches_ = 0;
  bool ran_code_ = false;
  ServiceTier tier_ = ServiceTier::standard;  // said beside the usage
};

}  // namespace recloser::codec
