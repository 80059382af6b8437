#include "codec/tool_reader.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

std::string told(std::string_view json) {
  struct Sink final : ToolSink {
    std::string out;
    void function(JsonText name, JsonText description) override {
      out.append("| ").append(name).append(":").append(description).append(" ");
    }
    void property(JsonText name, JsonText type, JsonText description) override {
      out.append(name).append(":").append(type).append(":").append(description).append(" ");
    }
    void value(std::string_view text) override { out.append("=").append(text).append(" "); }
    void more(std::string_view json) override { out.append("+").append(json).append(" "); }
  } sink;
  ToolList tools(json);
  for (std::string_view tool; !(tool = tools.next()).empty();) read_tool(tool, sink);
  return sink.out;
}

TEST(ToolReader, AChatTool) {
  EXPECT_EQ(
      told(R"([ {"type":"function","function":{"name":"weather","description":"Of a \"city\".",)"
           R"("parameters":{"type":"object","properties":{)"
           R"("city":{"type":"string","description":"Its name, in {any} language"},)"
           R"( "unit" : {"enum":["C","F", 3,null],"type":["string","null"]},)"
           R"("days":{"type":"array","items":{"type":"integer"}}},)"
           R"("required":["city"]}}} ])"),
      R"(| weather:Of a \"city\". city:string:Its name, in {any} language )"
      R"(unit:string: =C =F =3 =null days:array: +{"type":"integer"} )");
}

TEST(ToolReader, AToolOfResponsesAndAFunction) {
  EXPECT_EQ(told(R"([{"type":"function","name":"add","parameters":{"properties":{"a":{}}}},)"
                 R"({"name":"now","description":"t"}])"),
            "| add: a:: | now:t ");
}

// What a provider reads is not hidden by how it is written.
TEST(ToolReader, NamesWithEscapesAndMembersThatStandTwice) {
  EXPECT_EQ(told(R"([{"n\u0061me":"f","descripti\u006fn":"d","parameters":{"\u0070roperties":)"
                 R"({"a":{"\u0074ype":"string","\u0065num":["x"]}}}}])"),
            "| f:d a:string: =x ");
  EXPECT_EQ(told(R"([{"name":"f","description":"","parameters":{},"description":"d",)"
                 R"("parameters":{"properties":{"a":{"type":"null","type":"string"}}}}])"),
            "| f:d a:string: ");
  EXPECT_EQ(told(R"([{"name":"f","\u0000description":"d","nam\u00e9":"g"}])"), "| f: ");
}

TEST(ToolReader, WhatIsNoListOrNoObjectIsToldAsItStands) {
  EXPECT_EQ(told(R"([{"name":"f","parameters":{"properties":{"a":{"enum":{"b":{"type":"c"}}}}}}])"),
            R"(| f: a:: +{"b":{"type":"c"}} )");
  EXPECT_EQ(told(R"([{"name":"f","parameters":{"properties":[{"type":"string"}]}}])"),
            R"(| f: +[{"type":"string"}] )");
  EXPECT_EQ(told(R"([{"name":"f","parameters":{"properties":null}}])"), "| f: ");
}

TEST(ToolReader, AToolOfMessages) {
  EXPECT_EQ(told(R"([{"name":"f","input_schema":{"properties":{"a":{"type":"string"}}}},)"
                 R"({"name":"g","parameters":null,"input_schema":{"properties":{"b":{}}}}])"),
            "| f: a:string: | g: b:: ");
}

TEST(ToolReader, WhatIsNoFunctionIsToldAsItStands) {
  EXPECT_EQ(told(R"([{"type":"web_search"},{"type":"mcp","server":{"name":"x"}}])"),
            R"(+{"type":"web_search"} +{"type":"mcp","server":{"name":"x"}} )");
}

// The scanner refuses such bodies before; nothing breaks where one comes all the same.
TEST(ToolReader, BrokenTextsEnd) {
  std::string whole =
      R"([{"type":"function","function":{"name":"f\\\"g","parameters":{"properties":)"
      R"({"a":{"enum":["x",[1,{"y":2}]],"anyOf":[]}}}}},3,"s",null])";
  EXPECT_EQ(told(whole), R"(| f\\\"g: a:: =x =[1,{"y":2}] +[] +3 +"s" +null )");
  for (std::size_t size = 0; size < whole.size(); ++size) told(whole.substr(0, size));
  for (std::string_view broken :
       {"]", "[]]", "[{]}", "[{\"a\"]", "{}", "[}", "[:::", "\"", "[\"\\"}) {
    told(broken);
  }
}

}  // namespace
}  // namespace recloser::codec
