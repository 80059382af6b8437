// Server tools found in bodies of requests, in every spelling JSON has for them.
#include "codec/server_tools.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

std::string found(Operation operation, std::string_view body) {
  RequestReader reader(operation);
  EXPECT_TRUE(reader.feed(body)) << body;
  Result<RequestFacts> facts = reader.finish();
  EXPECT_TRUE(facts) << body;
  if (!facts) return {};
  std::string out;
  for (const AskedTool& tool : server_tools(operation, *facts, body)) {
    out += (out.empty() ? "" : ",") + tool.name + ":" + std::to_string(int(tool.kind));
  }
  return out;
}

TEST(ServerTools, AUsualRequestHasNone) {
  EXPECT_EQ(found(Operation::chat, R"({"model":"m"})"), "");
  EXPECT_EQ(found(Operation::chat, R"({"model":"m","tools":[]})"), "");
  EXPECT_EQ(found(Operation::chat,
                  R"({"model":"m","tools":[{"type":"function","function":{"name":"web_search",)"
                  R"("parameters":{"properties":{"type":{"type":"file_search"}}}}}]})"),
            "");
  EXPECT_EQ(found(Operation::messages,
                  R"({"model":"m","max_tokens":1,"tools":[{"name":"f","input_schema":{"type":)"
                  R"("object"}},{"type":"bash_20250124","name":"bash"}]})"),
            "");
}

TEST(ServerTools, WhatTheProviderRuns) {
  EXPECT_EQ(found(Operation::responses,
                  R"({"model":"m","tools":[{"type":"web_search_preview"},{"type":"function"},)"
                  R"({"type":"file_search"},{"type":"code_interpreter"},{"type":"web_search"},)"
                  R"({"type":"web_search_preview"},{"type":"computer_use_preview"},)"
                  R"({"type":"image_generation"}]})"),
            "web_search_preview:1,file_search:2,code_interpreter:3,web_search:1,"
            "image_generation:4");
  EXPECT_EQ(found(Operation::messages,
                  R"({"model":"m","tools":[{"type":"web_search_20250305","name":"web_search"},)"
                  R"({"type":"code_execution_20250825"},{"type":"web_fetch_20250910"}]})"),
            "web_search_20250305:1,code_execution_20250825:3,web_fetch_20250910:5");
  EXPECT_EQ(found(Operation::chat, R"({"model":"m","web_search_options":{}})"), "web_search:1");
  EXPECT_EQ(found(Operation::chat, R"({"model":"m","web_search_options":null})"), "");
}

TEST(ServerTools, AreNotHiddenBySpelling) {
  EXPECT_EQ(found(Operation::responses, R"({"model":"m","tools":[{"type":"web\u005fsearch"}]})"),
            "web_search:1");
  EXPECT_EQ(found(Operation::responses,
                  R"({"model":"m","tools":[{"t\u0079pe":"function","type":"web_search"}]})"),
            "web_search:1")
      << "of two the provider may take either";
  EXPECT_EQ(
      found(Operation::chat,
            R"({"model":"m","functions":[{"name":"f"}],"x":"]","tools":[{"type":"x_search"}]})"),
      "x_search:4");
  EXPECT_EQ(found(Operation::chat,
                  R"({"model":"m","tools":[{"type":"x_search"}],"functions":[{"name":"f"}]})"),
            "x_search:4");
  std::string longest(200, 'a');
  EXPECT_EQ(found(Operation::responses, R"({"model":"m","tools":[{"type":")" + longest + R"("}]})"),
            longest.substr(0, 65) + ":4");
  std::string more(500, 'x');
  EXPECT_EQ(found(Operation::messages,
                  R"({"model":"m","tools":[{"type":"web\u005fsearch\u005f)" + more + R"("}]})"),
            "web_search_" + more.substr(0, 54) + ":1")
      << "of a long name the front is read";
}

std::string uses(Operation operation, std::string_view body) {
  RequestReader reader(operation);
  EXPECT_TRUE(reader.feed(body)) << body;
  Result<RequestFacts> facts = reader.finish();
  EXPECT_TRUE(facts) << body;
  if (!facts) return {};
  std::string out;
  for (const AskedTool& tool : server_tools(operation, *facts, body)) {
    out += (out.empty() ? "" : ",") + (tool.max_uses ? std::to_string(*tool.max_uses) : "-");
  }
  return out;
}

TEST(ServerTools, AreUsedAsOftenAsTheirClientLets) {
  EXPECT_EQ(
      uses(Operation::messages, R"({"model":"m","tools":[{"max_uses":3,"type":"web_search_1"},)"
                                R"({"type":"web_fetch_1"},{"type":"web_search_2","max_uses":5}]})"),
      "3,-,5")
      << "on either side of the type";
  EXPECT_EQ(
      uses(Operation::messages, R"({"model":"m","tools":[{"type":"web_search_1","max_uses":3},)"
                                R"({"type":"web_search_1","max_uses":4}]})"),
      "7");
  EXPECT_EQ(
      uses(Operation::messages, R"({"model":"m","tools":[{"type":"web_search_1","max_uses":3},)"
                                R"({"type":"web_search_1"}]})"),
      "-");
  EXPECT_EQ(
      uses(Operation::messages, R"({"model":"m","tools":[{"type":"web_search_1","max_uses":-1}]})"),
      "-");
  EXPECT_EQ(uses(Operation::responses,
                 R"({"model":"m","max_tool_calls":2,"tools":[{"type":"web_search"},)"
                 R"({"type":"mcp","max_uses":1}]})"),
            "2,1");
  EXPECT_EQ(uses(Operation::responses, R"({"model":"m","tools":[{"type":"web_search"}]})"), "-");
  EXPECT_EQ(uses(Operation::chat, R"({"model":"m","web_search_options":{}})"), "1");
}

TEST(ServerTools, ManyAreTheFirstFew) {
  std::string body = R"({"model":"m","tools":[)";
  for (int i = 0; i < 100; ++i) body += R"({"type":"t)" + std::to_string(i) + R"("},)";
  body.back() = ']';
  std::string names = found(Operation::responses, body + "}");
  EXPECT_EQ(std::ranges::count(names, ','), int(server_tools_told_max) - 1);
}

}  // namespace
}  // namespace recloser::codec
