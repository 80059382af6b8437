// Answers that break off at random, and models with good and bad manners that go on. A thousand are
// continued.
#include "codec/continuation/request.h"
#include "codec/continuation/splice.h"
#include "codec/testing/assembly.h"
#include "codec/testing/delivery.h"
#include "codec/testing/second_model.h"
#include "codec/testing/told_answer.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

using testing::Manner;
using testing::ToldAnswer;

constexpr std::string_view english =
    "The quick brown fox jumps over the lazy dog, and the dog does not mind. It has seen this "
    "before.\n\nOn the second day the fox came back with a friend; together they jumped over "
    "everything that lay in the yard: a ladder, two buckets and a very long hose. \"Why do you do "
    "that?\" asked the dog.\n\n\"Because we can,\" said the fox, who was not used to questions. "
    "The implementation of jumping is simple, and a good implementation takes no time at all.\n";
constexpr std::string_view german =
    "Die Sch\u00f6nheit der \u00dcberpr\u00fcfung liegt darin, dass sie nichts verspricht. Wer "
    "misst, wei\u00df mehr als wer r\u00e4t; wer nur r\u00e4t, hat immerhin Zeit gespart.\n\nAm "
    "n\u00e4chsten Morgen war alles anders: Der Fluss war \u00fcber die Ufer getreten, und auf der "
    "Stra\u00dfe schwammen \u00c4pfel, Br\u00f6tchen und ein gr\u00fcner Hut.\n";
constexpr std::string_view russian =
    "\u0412 \u043d\u0430\u0447\u0430\u043b\u0435 \u0431\u044b\u043b\u043e \u0442\u0438\u0445\u043e,"
    " \u0438 \u0442\u043e\u043b\u044c\u043a\u043e \u0432\u0435\u0442\u0435\u0440 \u0445\u043e\u0434"
    "\u0438\u043b \u043f\u043e \u0434\u043e\u043c\u0443. \u041f\u043e\u0442\u043e\u043c "
    "\u043f\u0440\u0438\u0448\u043b\u0438 \u0434\u0435\u0442\u0438 \u0438 \u0432\u0441\u0451 "
    "\u0438\u0437\u043c\u0435\u043d\u0438\u043b\u043e\u0441\u044c.";
constexpr std::string_view chinese =
    "\u5317\u4eac\u662f\u4e2d\u56fd\u7684\u9996\u90fd\uff0c\u4e5f\u662f\u4e00\u5ea7\u6709\u7740"
    "\u4e09\u5343\u591a\u5e74\u5386\u53f2\u7684\u53e4\u57ce\u3002\u8fd9\u91cc\u7684\u51ac\u5929"
    "\u5bd2\u51b7\u5e72\u71e5\uff0c\u590f\u5929\u708e\u70ed\u591a\u96e8\u3002\u6bcf\u5e74\u90fd"
    "\u6709"
    "\u6570\u767e\u4e07\u6e38\u5ba2\u6765\u6b64\u53c2\u89c2\u3002\U0001F409\U0001F3EE";
constexpr std::string_view code =
    "Here is the function:\n\n```python\ndef mean(values):\n    \"\"\"The mean, or None.\"\"\"\n"
    "    if not values:\n        return None\n    total = 0\n    for value in values:\n        "
    "total "
    "+= value\n    return total / len(values)\n```\n\nIt walks over the list once. With an empty "
    "list it returns `None`, as the caller of `mean` expects.\n";
constexpr std::string_view markdown =
    "# What to pack\n\n| thing | weight | why |\n|---|---:|---|\n| tent | 2.1 kg | rain |\n| stove "
    "| 0.4 kg | tea |\n| rope | 1.3 kg | luck |\n\n1. **First** check the *weather*.\n2. Then call "
    "[the hut](https://example.org/hut?id=7) and ask for snow.\n3. Leave early \U0001F604, before "
    "the heat.\n\n- [x] boots\n- [ ] map\n- [ ] whistle\n";
constexpr std::string_view chant =
    "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is "
    "but a dream. Row, row, row your boat, gently down the stream. If you see a crocodile, do not "
    "forget to scream.\nUp the river we go today,\nUp the river we go today,\nUp the river we "
    "go today, and home again we row. La la la la la la la la la la la la la la la la la la la la "
    "la la.";
constexpr std::string_view json =
    "{\"name\": \"tent\", \"tags\": [\"rain\", \"night\"], \"weight\": 2.1, \"parts\": [{\"id\": "
    "1}, "
    "{\"id\": 2, \"note\": \"the second one is \\\"new\\\"\"}], \"whole\": true}";
constexpr std::string_view fenced_json =
    "The settings are these:\n\n```json\n{\"retries\": 3, \"limits\": {\"rpm\": 60, \"tpm\": "
    "9000}}\n"
    "```\n\nRaise `rpm` with care, since the provider counts each attempt.\n";

struct Sample {
  std::string_view text;
  std::string_view tool = "";
  std::string_view thinking = "";
};
constexpr std::array<Sample, 12> samples{{
    {english},
    {german},
    {russian},
    {chinese},
    {code},
    {markdown},
    {chant},
    {json},
    {fenced_json},
    {"Let me look at the weather in both of the cities before I answer that.",
     "{\"cities\": [\"Bern\", \"Oslo\"], \"unit\": \"C\"}"},
    {english, "", "The user wants a story. A fox will do, foxes are liked by everybody."},
    {"", "{\"query\": \"the lazy dog\", \"limit\": 5}", "A search is what helps here."},
}};

// By which an answer is known.
struct Names {
  std::string_view id;
  std::string_view model;
};
constexpr Names first_one{"a1", "m1"};
constexpr Names second_one{"b2", "m2"};

bool is_of(const boost::json::value& answer, const Names& names) {
  return std::string_view(answer.at("id").as_string()) == names.id &&
         std::string_view(answer.at("model").as_string()) == names.model;
}

std::string body_of(Operation operation, bool structured) {
  std::string more = R"(,"stream":true,"max_tokens":900)";
  if (operation == Operation::completions) return R"({"model":"m","prompt":"Q")" + more + "}";
  if (operation == Operation::responses) {
    if (structured) more += R"(,"text":{"format":{"type":"json_schema"}})";
    return R"({"model":"m","input":"Q")" + more + "}";
  }
  if (structured) more += R"(,"response_format":{"type":"json_object"})";
  return R"({"model":"m","messages":[{"role":"user","content":"Q"}])" + more + "}";
}

// What one of the thousand came to.
struct Outcome {
  std::string what;   // "passed", "misfit word_border", "obstacle json"
  std::string fault;  // "" where nothing is wrong
};

std::string text_of(const boost::json::value& answer, Operation operation) {
  std::string text;
  if (operation == Operation::messages) {
    for (const auto& block : answer.at("content").as_array()) {
      if (block.at("type") == "text") text += block.at("text").as_string();
    }
  } else if (operation == Operation::responses) {
    for (const auto& item : answer.at("output").as_array()) {
      if (item.at("type") != "message") continue;
      for (const auto& part : item.at("content").as_array()) text += part.at("text").as_string();
    }
  } else {
    const auto& choice = answer.at("choices").at(0);
    if (operation == Operation::completions) return std::string(choice.at("text").as_string());
    if (const auto* content = choice.at("message").as_object().if_contains("content")) {
      if (content->is_string()) text = content->as_string();
    }
  }
  return text;
}

std::string arguments_of(const boost::json::value& answer, Operation operation) {
  if (operation == Operation::messages) {
    for (const auto& block : answer.at("content").as_array()) {
      if (block.at("type") == "tool_use") return boost::json::serialize(block.at("input"));
    }
  } else if (operation == Operation::responses) {
    for (const auto& item : answer.at("output").as_array()) {
      if (item.at("type") == "function_call") return std::string(item.at("arguments").as_string());
    }
  } else if (operation == Operation::chat) {
    const auto* calls =
        answer.at("choices").at(0).at("message").as_object().if_contains("tool_calls");
    if (calls != nullptr && calls->is_array()) {
      return std::string(calls->at(0).at("function").at("arguments").as_string());
    }
  }
  return "";
}

std::string fault_of_blocks(const std::vector<boost::json::value>& events) {
  int open = -1;
  int next = 0;
  std::string open_type;
  for (const auto& event : events) {
    std::string_view type = event.at("type").as_string();
    if (type == "content_block_start") {
      if (open != -1) return "a block begins in another";
      open = static_cast<int>(event.at("index").as_int64());
      open_type = event.at("content_block").at("type").as_string();
      if (open != next++) return "a block's index";
    } else if (type == "content_block_delta" || type == "content_block_stop") {
      if (open == -1 || event.at("index").as_int64() != open) return "a delta of no open block";
      if (type == "content_block_stop") open = -1;
    } else if (type == "message_delta" && open != -1) {
      return "an end with an open block";
    }
  }
  return open == -1 ? "" : "a block without an end";
}

std::string fault_of_numbers(const std::vector<boost::json::value>& events) {
  std::int64_t next = 0;
  std::map<std::int64_t, std::string> open;  // by output index
  std::int64_t next_index = 0;
  for (const auto& event : events) {
    std::string_view type = event.at("type").as_string();
    if (event.at("sequence_number").as_int64() != next++) return "a sequence number";
    const auto* index = event.as_object().if_contains("output_index");
    if (index == nullptr) continue;
    std::int64_t at = index->as_int64();
    if (type == "response.output_item.added") {
      if (at != next_index++) return "an item's index";
      open[at] = event.at("item").at("id").as_string();
    } else if (!open.contains(at)) {
      return "an event of no open item";
    } else if (const auto* id = event.as_object().if_contains("item_id")) {
      if (id->as_string() != open[at]) return "another item's id";
    } else if (type == "response.output_item.done") {
      if (event.at("item").at("id").as_string() != open[at]) return "another id at its end";
      open.erase(at);
    }
  }
  return open.empty() ? "" : "an item without an end";
}

// Half a surrogate pair is JSON, but the parser will not have it.
std::string without_halves(std::string_view event) {
  std::string text(event);
  for (std::size_t at = text.find("\\ud"); at != std::string::npos; at = text.find("\\ud", at)) {
    text.replace(at, 6, "_");
  }
  return text;
}

// What is wrong with a stream that the client has got to its end.
std::string fault_of_stream(Operation operation, std::string_view stream, const Names& names) {
  StreamReader reader(operation);
  std::string_view bytes = stream;
  int starts = 0;
  int finishes = 0;
  int dones = 0;
  std::vector<boost::json::value> events;
  while (std::optional<Event> event = reader.next(bytes)) {
    starts += event->kind == EventKind::start;
    finishes += event->kind == EventKind::finish;
    dones += event->kind == EventKind::done;
    if (event->kind == EventKind::malformed) return "a malformed event";
    std::string_view frame = stream.substr(event->range.begin, event->range.size());
    std::size_t data = frame.find("data: {");
    if (!event->last_of_frame || data == std::string_view::npos) continue;
    frame = frame.substr(data + 6, frame.size() - data - 8);
    events.push_back(boost::json::parse(without_halves(frame)));
  }
  if (reader.finish()) return "half an event";
  if (starts != 1) return "not one begin";
  if (finishes != 1 || dones != 1) return "not one end";
  if (operation == Operation::messages) return fault_of_blocks(events);
  if (operation == Operation::responses) return fault_of_numbers(events);
  for (const auto& event : events) {
    if (!is_of(event, names)) return "another's chunk";
  }
  return "";
}

// Letters and digits; signs, and pictures, which are the characters of four bytes, are no words.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  int picture = 0;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool of_word = std::isalnum(byte) != 0 || byte >= 0x80;
    if (byte >= 0xF0) picture = 4;
    if (picture-- > 0) of_word = false;
    if (of_word) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

class Trial {
 public:
  Trial(const Sample& sample, Operation operation, Manner manner, Prefill prefill,
        std::uint64_t seed)
      : sample_(sample),
        operation_(operation),
        manner_(manner),
        prefill_(prefill),
        expected_(sample.text),
        random_(seed) {}

  Outcome run();

 private:
  Outcome go_on(const testing::Delivery& told, const Continuation& continuation,
                std::string_view asked);
  std::string shown_words(std::string_view asked) const;
  std::string fault_of(std::string_view stream, const Usage& before, const Names& names);

  const Sample& sample_;
  Operation operation_;
  Manner manner_;
  Prefill prefill_;
  std::string expected_;
  Random random_;
};

Outcome Trial::run() {
  ToldAnswer first{.id = "a1",
                   .model = "m1",
                   .thinking = std::string(sample_.thinking),
                   .text = std::string(sample_.text),
                   .tool_arguments = std::string(sample_.tool)};
  std::vector<std::string> events = testing::tell(operation_, first, random_);
  std::string stream;
  for (const std::string& event : events) stream += event;
  bool structured = sample_.text == json && random_.below(2) == 0;
  std::string body = body_of(operation_, structured);
  RequestReader reader(operation_);
  std::vector<std::uint64_t> begins;
  reader.note_messages(begins);
  if (!reader.feed(body) || !reader.end()) return {.what = "", .fault = "the request"};

  testing::Delivery told =
      testing::deliver(operation_, stream, random_.below(events.size()), random_.below(2) == 0);
  BodyEdits edits;
  Continuation continuation = ask_to_continue(
      edits, body, reader.facts(), begins.empty() ? 0 : begins.back(), told.delivered, prefill_);
  if (continuation.obstacle != Obstacle::none) {
    return {.what = fmt::format("obstacle {}", name_of(continuation.obstacle)), .fault = ""};
  }
  std::string asked;
  std::array<std::string_view, BodyEdits::pieces_max> room;
  for (std::string_view piece : edits.pieces(body, room)) asked += piece;
  boost::json::parse(asked);
  bool is_json = sample_.text == json && told.delivered.text().contains('{');
  if (is_json) return {.what = "", .fault = "JSON would be joined"};
  return go_on(told, continuation, asked);
}

// What the second model reads: the words that the last message asks for.
std::string Trial::shown_words(std::string_view asked) const {
  boost::json::value body = boost::json::parse(asked);
  const auto& list = body.at(operation_ == Operation::responses ? "input" : "messages").as_array();
  std::string text(list.back().at("content").as_string());
  std::size_t begin = text.find("<last_words>") + 12;
  return text.substr(begin, text.rfind("</last_words>") - begin);
}

Outcome Trial::go_on(const testing::Delivery& told, const Continuation& continuation,
                     std::string_view asked) {
  std::string before = told.delivered.text();
  if (!sample_.text.starts_with(before)) return {.what = "", .fault = "not what was delivered"};
  std::size_t shown = before.find_last_not_of(" \n\t\r") + 1;
  bool again = continuation.ask == Ask::again;
  std::string words = continuation.ask == Ask::instruction ? shown_words(asked) : std::string();
  ToldAnswer second{.id = "b2",
                    .model = "m2",
                    .thinking = random_.below(3) == 0 ? "I go on." : "",
                    .text = std::string(sample_.text),
                    .tool_arguments = std::string(sample_.tool),
                    .input_tokens = 30,
                    .output_tokens = 9};
  if (!again) second.text = testing::say(manner_, sample_.text, shown, words, random_);
  // A second answer that begins with all that the client has is no other one.
  bool other = manner_ == Manner::restarts_anew && !again;
  if (other && second.text.starts_with(before.substr(0, shown))) expected_ = second.text;
  Usage paid{.input_tokens = 10, .output_tokens = 5};
  Splice splice(told.delivered, continuation.ask, paid);
  std::string out;
  std::string stream;
  for (const std::string& event : testing::tell(operation_, second, random_)) stream += event;
  for (std::size_t at = 0; at < stream.size();) {
    std::size_t size = std::min(stream.size() - at, 1 + random_.below(700));
    splice.feed(std::string_view(stream).substr(at, size), out);
    at += size;
    if (splice.state() != Seam::State::fits && !out.empty()) {
      return {.what = "", .fault = "bytes of an answer that does not fit"};
    }
  }
  splice.finish(out);
  if (splice.state() == Seam::State::undecided) return {.what = "", .fault = "undecided"};
  if (splice.state() == Seam::State::misfits) {
    return {.what = fmt::format("misfit {}", name_of(splice.misfit())), .fault = ""};
  }
  std::string passed = splice.repair() == Repair::none
                           ? "passed"
                           : fmt::format("repaired {}", name_of(splice.repair()));
  if (again) passed = "asked again";
  bool begun = told.delivered.preamble().told;
  return {.what = passed, .fault = fault_of(told.out + out, paid, begun ? first_one : second_one)};
}

std::string Trial::fault_of(std::string_view stream, const Usage& before, const Names& names) {
  std::string fault = fault_of_stream(operation_, stream, names);
  if (!fault.empty()) return fault;
  std::string whole = testing::assemble(operation_, stream);
  boost::json::value answer = boost::json::parse(whole);
  if (!is_of(answer, names)) return "another's id";
  bool chat_usage = operation_ == Operation::chat || operation_ == Operation::completions;
  const auto& usage = answer.at("usage");
  if (usage.at(chat_usage ? "completion_tokens" : "output_tokens").to_number<std::uint64_t>() !=
      before.output_tokens + 9) {
    return "the usage is not the sum";
  }
  if (operation_ != Operation::completions &&
      boost::json::parse(
          arguments_of(answer, operation_).empty() ? "null" : arguments_of(answer, operation_)) !=
          boost::json::parse(sample_.tool.empty() ? "null" : sample_.tool)) {
    return "other arguments";
  }
  std::string text = text_of(answer, operation_);
  if (text == expected_) return "";
  bool exact = manner_ == Manner::perfect || manner_ == Manner::restarts;
  if (!exact && words_of(text) == words_of(expected_)) return "";
  return "words are lost or doubled: " + text;
}

constexpr std::array<Operation, 4> operations{Operation::chat, Operation::completions,
                                              Operation::responses, Operation::messages};

// The seeds are the numbers of the trials: each is run again by its number alone.
TEST(ContinuationTest, NoWordIsLostOrDoubledAndPassedAsSuccess) {
  constexpr std::uint64_t trials = 2000;
  int continued = 0;
  int perfect = 0;
  int perfect_passed = 0;
  int border = 0;
  int repaired = 0;
  int refused = 0;
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    Random random(trial);
    const Sample& sample = samples[random.below(samples.size())];
    Operation operation = operations[random.below(operations.size())];
    auto manner = static_cast<Manner>(random.below(testing::manners));
    if (random.below(3) == 0) manner = Manner::perfect;
    bool plain = sample.tool.empty() && sample.thinking.empty();
    if (operation == Operation::completions && !plain) operation = Operation::chat;
    bool prefills = operation == Operation::completions ||
                    (operation != Operation::responses && random.below(2) == 0);
    Prefill prefill = prefills ? Prefill::plain : Prefill::no;
    prefills &= sample.thinking.empty();
    Outcome outcome = Trial(sample, operation, manner, prefill, trial).run();
    bool lost = outcome.fault.starts_with("words");
    if (!lost || !testing::is_invisible(manner, prefills)) {
      EXPECT_EQ(outcome.fault, "")
          << "trial " << trial << ": " << name_of(operation) << ", " << testing::name_of(manner)
          << (prefills ? ", prefill: " : ", instruction: ") << outcome.what;
    }
    if (outcome.what.starts_with("obstacle") || outcome.what == "asked again") continue;
    ++continued;
    repaired += outcome.what.starts_with("repaired");
    refused += outcome.what.starts_with("misfit");
    perfect += manner == Manner::perfect;
    perfect_passed += manner == Manner::perfect && outcome.what == "passed";
    if (manner == Manner::perfect && outcome.what == "misfit word_border") ++border;
  }
  RecordProperty("continued", continued);
  RecordProperty("perfect", perfect);
  RecordProperty("perfect_passed", perfect_passed);
  RecordProperty("perfect_word_border", border);
  RecordProperty("repaired", repaired);
  RecordProperty("refused", refused);
  EXPECT_GE(continued, 1000);
  EXPECT_GE(repaired, 100);
  EXPECT_GE(refused, 300);
  // The others broke off within a word, or go in rounds: there nobody can know.
  EXPECT_GE(perfect_passed, perfect * 3 / 4);
}

}  // namespace
}  // namespace recloser::codec
