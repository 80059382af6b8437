#include "codec/json_scanner.h"

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

constexpr JsonTable table{
    {"model", 1},
    {"a.b", 2},
    {"list[].name", 3, want_text},
    {"list[]", 4, want_begin | want_end},
    {"n", 5, want_number},
    {"prompt_tokens_details.cached_tokens", 6, want_number},
    {"deep[][][]", 7, want_number},
};

std::string_view name_of(JsonToken token) {
  constexpr std::string_view names[] = {"none", "part", "text", "number", "yes", "no",
                                        "null", "{",    "}",    "[",      "]",   "error"};
  return names[static_cast<std::size_t>(token)];
}

// Reads `text` in pieces of their own memory, cut at `cuts`; one line per token, parts joined.
std::string read(std::string_view text, std::initializer_list<std::size_t> cuts = {}) {
  JsonScanner scanner(table);
  std::string lines;
  std::string joined;
  auto feed = [&](std::string_view piece) {
    auto copy = std::make_unique<char[]>(piece.size());
    piece.copy(copy.get(), piece.size());
    std::string_view bytes(copy.get(), piece.size());
    for (;;) {
      JsonToken token = scanner.next(bytes);
      if (token == JsonToken::none) return true;
      if (token == JsonToken::error) return false;
      if (token == JsonToken::text || token == JsonToken::text_part) joined += scanner.raw();
      if (token == JsonToken::text_part) continue;
      lines += std::to_string(scanner.id()) + " " + std::string(name_of(token)) + " [" +
               std::to_string(scanner.value().begin) + "," + std::to_string(scanner.value().end) +
               ")";
      if (token == JsonToken::text) lines += " " + joined + (scanner.escaped() ? " escaped" : "");
      if (token == JsonToken::number) {
        lines += " " + (scanner.is_count() ? std::to_string(scanner.number()) : "odd");
      }
      lines += "\n";
      joined.clear();
    }
  };
  std::size_t from = 0;
  bool fine = true;
  for (std::size_t cut : cuts) {
    fine = fine && feed(text.substr(from, cut - from));
    from = cut;
  }
  fine = fine && feed(text.substr(from));
  if (!fine || scanner.finish() != JsonToken::none) lines += scanner.fault_sentence() + "\n";
  return lines;
}

std::string read_bytes(std::string_view text) {
  JsonScanner scanner(table);
  for (char byte : text) {
    std::string_view piece(&byte, 1);
    JsonToken token = scanner.next(piece);
    while (token != JsonToken::none && token != JsonToken::error) token = scanner.next(piece);
    if (token == JsonToken::error) return scanner.fault_sentence();
  }
  return scanner.finish() == JsonToken::none ? "" : scanner.fault_sentence();
}

// Accepted or refused with the same sentence however it is cut.
void expect_verdict(std::string_view text, std::string_view sentence) {
  std::string whole = read(text);
  std::string verdict = whole.substr(whole.rfind('\n', whole.size() - 2) + 1);
  if (sentence.empty()) {
    EXPECT_EQ(whole.find("at byte"), std::string::npos) << text << "\n" << whole;
  } else {
    EXPECT_EQ(verdict, std::string(sentence) + "\n") << text;
  }
  for (std::size_t at = 0; at <= text.size(); ++at) {
    EXPECT_EQ(read(text, {at}), whole) << text << " cut at " << at;
  }
  EXPECT_EQ(read_bytes(text), sentence) << text;
}

TEST(JsonScanner, ReportsWhatTheTableAsksForWithItsPlace) {
  EXPECT_EQ(read(R"({"model":"x","n":12,"other":[1,{"n":3}],"a":{"b":null,"c":true}})"),
            "1 text [9,12) x\n"
            "5 number [17,19) 12\n"
            "2 null [49,53)\n");
  EXPECT_EQ(read(R"({"list":[{"name":"p"},{"name":"q\n"},5]})"),
            "4 { [9,10)\n3 text [17,20) p\n4 } [20,21)\n"
            "4 { [22,23)\n3 text [30,35) q\\n escaped\n4 } [35,36)\n");
  EXPECT_EQ(read(R"({"deep":[[[1,2],[3]],[[4]]]})"),
            "7 number [11,12) 1\n7 number [13,14) 2\n7 number [17,18) 3\n7 number [23,24) 4\n");
}

TEST(JsonScanner, TakesTheSameFromEverySplit) {
  std::string_view text =
      R"( { "model" : "a\u00e9\"b" , "n" : 18446744073709551615 , "a":{"b":"é中🎉x"},)"
      R"("prompt_tokens_details":{"cached_tokens":7,"x":-1.5e+3},"list":[{"name":""}] } )";
  std::string whole = read(text);
  EXPECT_EQ(whole,
            "1 text [13,25) a\\u00e9\\\"b escaped\n"
            "5 number [34,54) 18446744073709551615\n"
            "2 text [66,78) é中🎉x\n"
            "6 number [121,122) 7\n"
            "4 { [144,145)\n3 text [152,154) \n4 } [154,155)\n");
  for (std::size_t at = 0; at <= text.size(); ++at) {
    EXPECT_EQ(read(text, {at}), whole) << "cut at " << at;
    for (std::size_t second = at; second <= text.size(); ++second) {
      ASSERT_EQ(read(text, {at, second}), whole) << at << " and " << second;
    }
  }
}

// Long strings are read in blocks: an escape, its letter and a stray byte at each place of one.
TEST(JsonScanner, ReadsEscapesAtEveryPlaceOfALongString) {
  for (std::size_t before = 0; before < 200; ++before) {
    for (std::string_view what : {R"(\")", R"(\\)", R"(\n)", R"(\"\")", R"(\u0022)", "\u00e4"}) {
      std::string value = std::string(before, 'a') + std::string(what) + std::string(150, 'b');
      std::string text = R"({"model":")" + value + R"(","n":7})";
      std::string escaped = what.front() == '\\' ? " escaped" : "";
      std::size_t end = 10 + value.size() + 1;
      EXPECT_EQ(read(text), "1 text [9," + std::to_string(end) + ") " + value + escaped +
                                "\n5 number [" + std::to_string(end + 5) + "," +
                                std::to_string(end + 6) + ") 7\n")
          << before << " " << what;
      value[before] = '\n';  // no control character may stand in a string
      std::string broken = R"({"model":")" + value + R"("})";
      std::string fault = "at byte " + std::to_string(10 + before) + ":";
      EXPECT_NE(read(broken).find(fault), std::string::npos) << read(broken);
    }
  }
}

TEST(JsonScanner, FindsNamesThatAreWrittenWithEscapes) {
  EXPECT_EQ(read(R"({"mod\u0065l":"x"})"), "1 text [14,17) x\n");
  EXPECT_EQ(read(R"({"\u006d\u006F\u0064\u0065\u006C":"x"})"), "1 text [34,37) x\n");
  EXPECT_EQ(read(R"({"mod\u0165l":"x","model\u0000":"y","Model":"z"})"), "");
  EXPECT_EQ(read(R"({"prompt_tokens_det\u0061ils":{"cached_tokens":7}})"), "6 number [47,48) 7\n");
  std::string long_name = R"({")" + std::string(40, 'm') + R"(\u0065":1,"model":"x"})";
  EXPECT_EQ(read(long_name), "1 text [60,63) x\n");
}

TEST(JsonScanner, TellsWholeCountsFromOtherNumbers) {
  EXPECT_EQ(read(R"({"n":0})"), "5 number [5,6) 0\n");
  EXPECT_EQ(read(R"({"n":18446744073709551616})"), "5 number [5,25) odd\n");
  EXPECT_EQ(read(R"({"n":9999999999999999999})"), "5 number [5,24) 9999999999999999999\n");
  EXPECT_EQ(read(R"({"n":-1})"), "5 number [5,7) odd\n");
  for (auto [written, count] : std::initializer_list<std::pair<std::string, std::string>>{
           {"1.0", "1"},
           {"1e3", "1000"},
           {"12.50e1", "125"},
           {"0.0120E+4", "120"},
           {"1200e-2", "12"},
           {"100000000000000000000e-2", "1000000000000000000"},
           {"1." + std::string(5'000, '0'), "1"},
           {"0.0e99999", "0"},
           {"1.5", "odd"},
           {"1e-1", "odd"},
           {"12.50e0", "odd"},
           {"-1.0", "odd"},
           {"1e20", "odd"},
           {"1e999999999999", "odd"},
           {"1." + std::string(70'000, '0'), "odd"},
           {"1e-65536", "odd"}}) {
    std::string text = R"({"n":)" + written + "}";
    std::string told = read(text);
    EXPECT_TRUE(told.ends_with(") " + count + "\n")) << written.substr(0, 30) << ": " << told;
    EXPECT_EQ(read(text, {6}), told);
    EXPECT_EQ(read(text, {text.size() - 2}), told);
  }
}

TEST(JsonScanner, AcceptsWhatRfc8259Accepts) {
  for (std::string_view text : {
           "0",
           "-0",
           "1.5",
           "1E5",
           "1e-5",
           "-1.5e+10",
           "123",
           "\"\"",
           "\"a\"",
           "true",
           "false",
           "null",
           " null ",
           "[]",
           "{}",
           "[[]]",
           "[{}]",
           "[1,2]",
           "{\"a\":1}",
           "\t\r\n [ ] ",
           R"("\"\\\/\b\f\n\r\t\u0041\uD83C\uDF89")",
           R"("\ud800")",
           "\"\x7F\"",
           "\"\xC2\x80\"",
           "\"\xDF\xBF\"",
           "\"\xE0\xA0\x80\"",
           "\"\xED\x9F\xBF\"",
           "\"\xEE\x80\x80\"",
           "\"\xF0\x90\x80\x80\"",
           "\"\xF4\x8F\xBF\xBF\"",
       }) {
    expect_verdict(text, "");
  }
}

TEST(JsonScanner, RefusesTheRestWithThePlaceAndTheReason) {
  struct Case {
    std::string_view text, sentence;
  };
  for (const Case& each : {
           Case{"", "it is empty"},
           Case{"  ", "it is empty"},
           Case{"{", "at byte 1: it ends before its value does"},
           Case{"[1", "at byte 2: it ends before its value does"},
           Case{"\"a", "at byte 2: it ends before its value does"},
           Case{"tru", "at byte 3: it ends before its value does"},
           Case{"1.", "at byte 2: it ends before its value does"},
           Case{"-", "at byte 1: it ends before its value does"},
           Case{"{\"a\"}", "at byte 4: a colon was expected after a member name"},
           Case{"{a:1}", "at byte 1: a member name in quotes was expected"},
           Case{"{\"a\":1,}", "at byte 7: a member name in quotes was expected"},
           Case{"{\"a\":}", "at byte 5: a value was expected"},
           Case{"[1,]", "at byte 3: a value was expected"},
           Case{"[,1]", "at byte 1: a value was expected"},
           Case{"]", "at byte 0: a value was expected"},
           Case{"}", "at byte 0: a value was expected"},
           Case{"{\"a\":1 \"b\":2}", "at byte 7: a comma or } was expected after a member"},
           Case{"[1 2]", "at byte 3: a comma or ] was expected after an element"},
           Case{"[1}", "at byte 2: a comma or ] was expected after an element"},
           Case{"{\"a\":1]", "at byte 6: a comma or } was expected after a member"},
           Case{"1 2", "at byte 2: something follows after the end of the value"},
           Case{"{}x", "at byte 2: something follows after the end of the value"},
           Case{"truE", "at byte 3: a bare word is not true, false or null"},
           Case{"nul1", "at byte 3: a bare word is not true, false or null"},
           Case{"falsy", "at byte 4: a bare word is not true, false or null"},
           Case{"[truex]", "at byte 5: a comma or ] was expected after an element"},
           Case{"NaN", "at byte 0: a value was expected"},
           Case{"+1", "at byte 0: a value was expected"},
           Case{"01", "at byte 1: a number is not written as JSON has it"},
           Case{"[-]", "at byte 2: a number is not written as JSON has it"},
           Case{"[1.]", "at byte 3: a number is not written as JSON has it"},
           Case{"[1e]", "at byte 3: a number is not written as JSON has it"},
           Case{"[.5]", "at byte 1: a value was expected"},
           Case{"[00]", "at byte 2: a number is not written as JSON has it"},
           Case{"\"a\nb\"", "at byte 2: a string holds a control character, write it as \\u00XX"},
           Case{R"("\x")", "at byte 2: a string holds an escape that JSON does not have"},
           Case{R"("\u12g4")", "at byte 5: a string holds an escape that JSON does not have"},
           Case{R"({"\q":1})", "at byte 3: a string holds an escape that JSON does not have"},
           Case{"\"\xC0\x80\"", "at byte 1: a string is not UTF-8"},
           Case{"\"\x80\"", "at byte 1: a string is not UTF-8"},
           Case{"\"\xE0\x9F\x80\"", "at byte 2: a string is not UTF-8"},
           Case{"\"\xED\xA0\x80\"", "at byte 2: a string is not UTF-8"},
           Case{"\"\xF4\x90\x80\x80\"", "at byte 2: a string is not UTF-8"},
           Case{"\"\xF5\x80\x80\x80\"", "at byte 1: a string is not UTF-8"},
           Case{"\"\xE4\xB8\"", "at byte 3: a string is not UTF-8"},
           Case{"{\"\xFF\":1}", "at byte 2: a string is not UTF-8"},
           Case{"\xEF\xBB\xBF{}", "at byte 0: a value was expected"},
       }) {
    expect_verdict(each.text, each.sentence);
  }
}

TEST(JsonScanner, HoldsTheDepthLimitAtItAndOnePast) {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  expect_verdict(nested(limits::json_depth_max), "");
  EXPECT_EQ(read(nested(limits::json_depth_max + 1)),
            "at byte 256: objects and arrays are nested deeper than 256\n");
  std::string mixed;
  for (int i = 0; i < 128; ++i) mixed += "{\"a\":[";
  mixed += "1";
  for (int i = 0; i < 128; ++i) mixed += "]}";
  EXPECT_EQ(read(mixed), "");
}

TEST(JsonScanner, TellsAnEmptyObjectFromOneWithMembers) {
  constexpr JsonTable objects{{"o", 1, want_end}, {"l", 2, want_end}};
  for (auto [text, empty] : {std::pair<std::string_view, bool>{R"({"o":{}})", true},
                             {R"({"o":{ }})", true},
                             {R"({"o":{"a":1}})", false},
                             {R"({"o":{"a":{}}})", false},
                             {R"({"l":[]})", true},
                             {R"({"l":[[]]})", false}}) {
    JsonScanner scanner(objects);
    ASSERT_NE(scanner.next(text), JsonToken::none);
    EXPECT_EQ(scanner.was_empty(), empty);
  }
}

TEST(JsonScanner, ALeapReportsWhatTheSameBytesReported) {
  constexpr JsonTable members{
      {{"a.text", 1, want_text}, {"a.none", 2, want_null}, {"end", 3, want_any}}};
  auto at_text = [](JsonScanner& scanner, std::string_view& rest) {
    ASSERT_EQ(scanner.next(rest), JsonToken::text);
  };
  std::string_view first = R"({"a":{"text":"one","b":[null,{}]},"end":null,"b":1})";
  JsonScanner read(members);
  at_text(read, first);
  std::uint64_t from = read.value().end;
  ASSERT_EQ(read.next(first), JsonToken::null);
  std::optional<JsonScanner::Leap> leap = read.leap_from(from);
  ASSERT_TRUE(leap);

  std::string_view second = R"({"a":{"text":"longer","b":[null,{}]},"end":null,"b":1})";
  JsonScanner leapt(members);
  std::string_view rest = second;
  at_text(leapt, rest);
  rest.remove_prefix(leap->bytes);
  EXPECT_EQ(leapt.leap(*leap), JsonToken::null);
  JsonScanner plain(members);
  std::string_view all = second;
  at_text(plain, all);
  ASSERT_EQ(plain.next(all), JsonToken::null);
  EXPECT_EQ(leapt.id(), plain.id());
  EXPECT_EQ(leapt.value(), plain.value());
  EXPECT_EQ(leapt.key(), plain.key());
  EXPECT_EQ(rest, all);
  EXPECT_EQ(leapt.next(rest), JsonToken::none);
  EXPECT_EQ(leapt.finish(), JsonToken::none);

  // No leap to a null that is deeper, nor to another value, nor over more than a leap can say.
  for (std::string json :
       {std::string(R"({"a":{"text":"one","none":null}})"),
        std::string(R"({"a":{"text":"one"},"end":2})"),
        R"({"a":{"text":"one","b":")" + std::string(70'000, 'x') + R"("},"end":null})"}) {
    JsonScanner scanner(members);
    std::string_view bytes = json;
    at_text(scanner, bytes);
    std::uint64_t end = scanner.value().end;
    ASSERT_NE(scanner.next(bytes), JsonToken::none);
    EXPECT_FALSE(scanner.leap_from(end)) << json.substr(0, 80);
  }
}

}  // namespace
}  // namespace recloser::codec
