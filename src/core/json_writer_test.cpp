#include "core/json_writer.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser {
namespace {

using namespace std::string_view_literals;

std::string escaped(std::string_view text) {
  std::string out = "<";
  append_json_escaped(out, text);
  return out + ">";
}

TEST(JsonWriterTest, LeavesTextThatIsPlainAsItIs) {
  EXPECT_EQ(escaped(""), "<>");
  EXPECT_EQ(escaped("passing"), "<passing>");
  EXPECT_EQ(escaped("größer ≤ 🎉"), "<größer ≤ 🎉>");
}

TEST(JsonWriterTest, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(escaped("\""), R"(<\">)");
  EXPECT_EQ(escaped(R"(a"b\c)"), R"(<a\"b\\c>)");
  EXPECT_EQ(escaped("\n\r\tx"), R"(<\n\r\tx>)");
  EXPECT_EQ(escaped("a\0b\x1f\x7f"sv), R"(<a\u0000b\u001f\u007f>)");
}

TEST(JsonWriterTest, ReplacesEachByteThatIsNotUtf8) {
  constexpr std::string_view instead = "\xef\xbf\xbd";
  std::string twice = std::string(instead) + std::string(instead);
  EXPECT_EQ(escaped("a\xff"), "<a" + std::string(instead) + ">");
  EXPECT_EQ(escaped("\xc3"), "<" + std::string(instead) + ">");
  EXPECT_EQ(escaped("\xc0\xaf"), "<" + twice + ">");                               // overlong
  EXPECT_EQ(escaped("\xed\xa0\x80x"), "<" + twice + std::string(instead) + "x>");  // a surrogate
  EXPECT_EQ(escaped("\xe2\x89ö\""), "<" + twice + R"(ö\">)");
}

TEST(JsonWriterTest, PlacesCommasByItself) {
  std::string out;
  JsonWriter json(out);
  json.open_object().member("a", 1).key("b").open_array().value("x").name("y").raw("{}");
  json.null().value(true).value(0.5).close_array().member("c", -1).close_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x","y",{},null,true,0.5],"c":-1})");
}

}  // namespace
}  // namespace recloser
