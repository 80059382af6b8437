// tests/golden/cuts/NAME.sse is what a client gets of a stream of tests/golden/streams that is cut:
// by dialect and by what was open. tests/clients reads the same files with the official SDKs.
// RECLOSER_GOLDEN_WRITE=1 writes them: read the difference before you commit it.
#include "codec/testing/cut_stream.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

constexpr std::string_view note = "[Recloser: stopped, the session budget of $2.00 is spent.]";

struct How {
  ClientFamily client = ClientFamily::unknown;
  CutFinish asked = CutFinish::by_default;
  bool structured = false;
  bool usage = false;     // the client asked for it
  bool releases = false;  // nothing is held
};

struct Case {
  std::string_view name;
  Operation operation;
  std::string_view stream;
  std::size_t events;  // of it, before the cut
  Finish finish;       // as our own reader reads the whole
  How how = {};
};

using enum Operation;
constexpr ClientFamily codex = ClientFamily::codex;
constexpr ClientFamily claude = ClientFamily::claude_code;
constexpr Case cases[] = {
    {"chat-nothing-yet", chat, "chat-usage-asked", 0, Finish::length},
    {"chat-role-only", chat, "chat-usage-asked", 1, Finish::length},
    {"chat-text", chat, "chat-usage-asked", 3, Finish::length, {.usage = true}},
    {"chat-text-stop", chat, "chat-usage-asked", 3, Finish::stop, {.asked = CutFinish::stop}},
    {"chat-text-policy",
     chat,
     "chat-usage-asked",
     3,
     Finish::refusal,
     {.asked = CutFinish::content_filter}},
    {"chat-structured", chat, "chat-structured", 3, Finish::length, {.structured = true}},
    {"chat-structured-stop",
     chat,
     "chat-structured",
     3,
     Finish::length,
     {.asked = CutFinish::stop, .structured = true}},
    {"chat-finished", chat, "chat-usage-asked", 4, Finish::stop, {.usage = true}},
    {"chat-usage-told", chat, "chat-usage-asked", 5, Finish::stop, {.usage = true}},
    {"chat-two-choices", chat, "chat-two-choices", 2, Finish::length},
    {"chat-one-of-two-choices", chat, "chat-two-choices", 3, Finish::length},
    {"chat-call-held", chat, "chat-tools", 2, Finish::length},
    {"chat-call-released",
     chat,
     "chat-tools",
     2,
     Finish::length,
     {.asked = CutFinish::stop, .releases = true}},
    {"chat-calls-whole", chat, "chat-tools", 4, Finish::tool_call},
    {"chat-reasoning", chat, "deepseek-reasoning", 2, Finish::length},
    {"completions-text", completions, "completions-legacy", 1, Finish::length, {.usage = true}},
    {"responses-nothing-yet", responses, "responses-as-openai-builds-it", 0, Finish::length},
    {"responses-reasoning", responses, "responses-as-openai-builds-it", 5, Finish::length},
    {"responses-between-items", responses, "responses-as-openai-builds-it", 9, Finish::length},
    {"responses-text", responses, "responses-as-openai-builds-it", 12, Finish::length},
    {"responses-text-codex",
     responses,
     "responses-as-openai-builds-it",
     12,
     Finish::stop,
     {.client = codex}},
    {"responses-text-policy",
     responses,
     "responses-as-openai-builds-it",
     12,
     Finish::refusal,
     {.asked = CutFinish::content_filter}},
    {"responses-structured",
     responses,
     "responses-as-openai-builds-it",
     12,
     Finish::length,
     {.client = codex, .structured = true}},
    {"responses-text-done",
     responses,
     "responses-as-openai-builds-it",
     14,
     Finish::stop,
     {.client = codex}},
    {"responses-call-held",
     responses,
     "responses-as-openai-builds-it",
     18,
     Finish::length,
     {.client = codex}},
    {"responses-call-released",
     responses,
     "responses-as-openai-builds-it",
     18,
     Finish::length,
     {.client = codex, .releases = true}},
    {"responses-call-whole", responses, "responses-as-openai-builds-it", 21, Finish::length},
    {"responses-server-tool",
     responses,
     "responses-interleaved-calls",
     7,
     Finish::length,
     {.releases = true}},
    {"messages-nothing-yet", messages, "messages-text", 0, Finish::length},
    {"messages-text", messages, "messages-text", 4, Finish::length},
    {"messages-text-claude-code", messages, "messages-text", 4, Finish::stop, {.client = claude}},
    {"messages-text-policy",
     messages,
     "messages-text",
     4,
     Finish::refusal,
     {.asked = CutFinish::content_filter}},
    {"messages-structured",
     messages,
     "messages-text",
     4,
     Finish::length,
     {.client = claude, .structured = true}},
    {"messages-between-blocks", messages, "messages-text", 6, Finish::stop, {.client = claude}},
    {"messages-finished", messages, "messages-text", 7, Finish::stop},
    {"messages-thinking", messages, "messages-thinking-and-tool", 3, Finish::length},
    {"messages-call-held",
     messages,
     "messages-thinking-and-tool",
     7,
     Finish::length,
     {.client = claude}},
    {"messages-call-released",
     messages,
     "messages-thinking-and-tool",
     7,
     Finish::length,
     {.client = claude, .releases = true}},
    {"messages-call-whole",
     messages,
     "messages-thinking-and-tool",
     10,
     Finish::length,
     {.client = claude}},
};

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class CutStreams : public ::testing::TestWithParam<Case> {};

TEST_P(CutStreams, EndAsIsWritten) {
  const Case& each = GetParam();
  std::string stream =
      read_all(std::filesystem::path("tests/golden/streams") / (std::string(each.stream) + ".sse"));
  Usage usage{.input_tokens = 1125, .output_tokens = 7, .cached_input_tokens = 1000};
  usage.cache_write_tokens = 100;
  CutOrder order{.note = note, .call = "01JD", .rule = "budget/session usd", .model = "asked-for"};
  order.created_at_s = 1'700'000'000;
  order.client = each.how.client;
  order.finish = each.how.asked;
  order.structured = each.how.structured;
  bool tells = each.how.usage || family_of(each.operation) == Family::anthropic;
  if (tells || each.operation == responses) order.usage = &usage;
  testing::CutStream cut =
      testing::cut_stream(each.operation, stream, each.events, order,
                          each.how.releases ? testing::Passing::releases : testing::Passing::holds);
  ASSERT_EQ(cut.events, each.events) << "the stream has not as many";
  std::filesystem::path path =
      std::filesystem::path("tests/golden/cuts") / (std::string(each.name) + ".sse");
  if (std::getenv("RECLOSER_GOLDEN_WRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << cut.out;
  }
  EXPECT_EQ(cut.out, read_all(path));

  StreamReader reader(each.operation);
  std::string_view bytes = cut.out;
  std::string text;
  while (std::optional<Event> event = reader.next(bytes)) {
    if (event->kind == EventKind::text) text.append(event->text).append("|");
  }
  EXPECT_FALSE(reader.finish());
  EXPECT_TRUE(reader.facts().saw_done && reader.facts().saw_finish);
  EXPECT_EQ(reader.facts().finish, each.finish) << name_of(reader.facts().finish);
  EXPECT_EQ(reader.facts().malformed, 0u);
  EXPECT_FALSE(reader.facts().saw_error);
  bool noted = text.contains(note);
  bool finished = each.name.ends_with("-finished") || each.name.ends_with("-told") ||
                  each.name == "chat-calls-whole";
  EXPECT_EQ(noted, !each.how.structured && !finished) << text;
  EXPECT_TRUE(cut.out.contains(": recloser cut call=01JD rule=budget/session_usd\n\n"));
}

INSTANTIATE_TEST_SUITE_P(Golden, CutStreams, ::testing::ValuesIn(cases), [](const auto& each) {
  std::string name(each.param.name);
  std::ranges::replace(name, '-', '_');
  return name;
});

// Each file is of a case: one that nothing writes any more would be read by the clients' tests
// only.
TEST(CutStreamsFiles, AreThoseOfTheCases) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/golden/cuts")) {
    ++files;
    std::string name = entry.path().stem();
    EXPECT_TRUE(std::ranges::any_of(cases, [&](const Case& each) { return each.name == name; }))
        << name;
  }
  EXPECT_EQ(files, std::size(cases));
}

}  // namespace
}  // namespace recloser::codec
