#include "sim/read/schema_example.h"

#include "sim/read/json.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::sim {
namespace {

std::string example(std::string_view schema) {
  return boost::json::serialize(example_of(boost::json::parse(schema)));
}

TEST(SchemaExample, Scalars) {
  EXPECT_EQ(example(R"({"type":"string"})"), R"("example")");
  EXPECT_EQ(example(R"({"type":"integer"})"), "1");
  EXPECT_EQ(example(R"({"type":"boolean"})"), "true");
  EXPECT_EQ(example(R"({"type":"null"})"), "null");
  EXPECT_EQ(example(R"({"type":["null","integer"]})"), "1");
  EXPECT_EQ(example(R"({"const":7})"), "7");
  EXPECT_EQ(example(R"({"enum":["b","a"]})"), R"("b")");
  EXPECT_EQ(example("{}"), R"("example")");
  EXPECT_EQ(example("true"), "null");
}

TEST(SchemaExample, Bounds) {
  EXPECT_EQ(example(R"({"type":"integer","minimum":3})"), "3");
  EXPECT_EQ(example(R"({"type":"integer","maximum":-2})"), "-2");
  EXPECT_EQ(example(R"({"type":"integer","exclusiveMinimum":4})"), "5");
  EXPECT_EQ(example(R"({"type":"integer","multipleOf":5})"), "5");
  EXPECT_EQ(example(R"({"type":"string","maxLength":3})"), R"("exa")");
  EXPECT_EQ(example(R"({"type":"string","minLength":9})"), R"("examplexx")");
  EXPECT_EQ(example(R"({"type":"string","format":"date"})"), R"("2026-01-31")");
  EXPECT_EQ(example(R"({"type":"string","minLength":100000000})").size(), 258u);
  EXPECT_LT(example(R"({"type":"array","minItems":100000000})").size(), 1'000u);
}

TEST(SchemaExample, OnlyWhatIsRequired) {
  EXPECT_EQ(example(R"({"type":"object","properties":{"a":{"type":"integer"},"b":{}},
                        "required":["a","c"]})"),
            R"({"a":1,"c":"example"})");
  EXPECT_EQ(example(R"({"properties":{"a":{}}})"), "{}");
  EXPECT_EQ(example(R"({"type":"array","items":{"type":"integer"}})"), "[]");
  EXPECT_EQ(example(R"({"type":"array","items":{"type":"integer"},"minItems":2})"), "[1,1]");
}

TEST(SchemaExample, Choices) {
  EXPECT_EQ(example(R"({"anyOf":[{"type":"null"},{"type":"integer"}]})"), "1");
  EXPECT_EQ(example(R"({"allOf":[{"type":"object","properties":{"a":{}},"required":["a"]},
                                 {"properties":{"b":{"const":2}},"required":["b"]}]})"),
            R"({"a":"example","b":2})");
}

TEST(SchemaExample, References) {
  EXPECT_EQ(example(R"({"type":"object","required":["x"],"properties":{"x":{"$ref":"#/$defs/X"}},
                        "$defs":{"X":{"type":"boolean"}}})"),
            R"({"x":true})");
  EXPECT_EQ(example(R"({"$ref":"#/nowhere"})"), "null");
  EXPECT_EQ(example(R"({"$ref":"https://example.com/x"})"), "null");
}

TEST(SchemaExample, RecursionEnds) {
  EXPECT_EQ(example(R"({"$ref":"#"})"), "null");
  std::string nested = example(R"({"type":"object","required":["next"],
                                   "properties":{"next":{"$ref":"#"}}})");
  EXPECT_TRUE(nested.starts_with(R"({"next":{"next":)")) << nested;
  EXPECT_NE(nested.find("null"), nested.npos);
}

TEST(SchemaExample, FanOutIsBounded) {
  // Each level asks for 64 of the next: what is not bounded would not end in this life.
  std::string schema = R"({"type":"string"})";
  for (int i = 0; i < 30; ++i) {
    schema = R"({"type":"array","minItems":64,"items":)" + schema + "}";
  }
  EXPECT_LT(example(schema).size(), 2u << 20);
}

}  // namespace
}  // namespace recloser::sim
