#include "config/yaml/read.h"

#include <string>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

// The first finding, as text; "" when the text is good.
std::string complaint(std::string_view text) {
  Findings findings;
  std::optional<Node> root = read_yaml(text, findings);
  std::vector<Finding> all = findings.sorted();
  EXPECT_TRUE(root || !all.empty());
  return all.empty() ? "" : all.front().text("f");
}

TEST(ReadYaml, KeepsKindsTextsAndPlaces) {
  Findings findings;
  std::optional<Node> root =
      read_yaml("a: 1\n\xc3\xa9: {b: 'x', c: [2, ~]}\nd:\nlong: |\n  two\n  lines\n", findings);
  ASSERT_TRUE(root);
  EXPECT_FALSE(findings.failed());
  ASSERT_EQ(root->kind, Node::Kind::map);
  EXPECT_EQ(root->find("a")->text, "1");
  EXPECT_EQ(root->find("a")->place, (Place{1, 4}));
  const Node* flow = root->find("\xc3\xa9");
  EXPECT_EQ(flow->find("b")->text, "x");
  EXPECT_EQ(flow->find("b")->place, (Place{2, 8}));  // in characters, not bytes
  EXPECT_EQ(flow->find("c")->items[1].kind, Node::Kind::nothing);
  EXPECT_EQ(root->find("d")->kind, Node::Kind::nothing);
  EXPECT_EQ(root->find("d")->place, (Place{3, 1}));
  EXPECT_EQ(root->find("long")->text, "two\nlines\n");
  EXPECT_EQ(root->find("none"), nullptr);
}

TEST(ReadYaml, LineEndsAndByteOrderMarkOfWindows) {
  Findings findings;
  std::optional<Node> root = read_yaml(
      "\xef\xbb\xbf"
      "a: 1\r\nb: 2\r\n",
      findings);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->place, (Place{1, 4}));
  EXPECT_EQ(root->find("b")->text, "2");
}

TEST(ReadYaml, Complaints) {
  struct Case {
    std::string_view text, message;
  };
  using namespace std::string_view_literals;
  constexpr Case cases[] = {
      {"", "f: the file is empty; it needs at least apiVersion and kind"},
      {"# only a comment\n", "f: the file is empty; it needs at least apiVersion and kind"},
      {"a: 1\nb: {x: 1}\na: 2\n", "f:3:1: a is written twice; it already stands in line 1"},
      {"p:\n  - {q: {x: 1, x: 2}}\n",
       "f:2:16: p[0].q.x is written twice; it already stands in line 2"},
      {"a: &x 1\n",
       "f:1:4: a: anchors (&name) are not allowed; write the value out where it is "
       "needed"},
      {"a: !int 1\n", "f:1:4: a: tags (!name) are not allowed; every field knows its type"},
      {"a: {<<: *x}\n", "f:1:9: aliases (*name) are not allowed; write the value out"},
      {"[a]: 1\n", "f:1:1: a field needs a name of plain text before its ':'"},
      {"a: {[b]: 1}\n", "f:1:5: a field needs a name of plain text before its ':'"},
      {"~: 1\n", "f:1:1: a field needs a name of plain text before its ':'"},
      {"a: 1\n---\nb: 2\n",
       "f:3:1: the file must hold one document; something stands after its end, from here on"},
      {"a: \"open\nb: 2\n", "f:1:4: a: the quoted text that begins here is never closed"},
      {"a: 'it''s\nb: 2\n", "f:1:4: a: the quoted text that begins here is never closed"},
      {"a:\n\tb: 1\n", "f:2:1: lines must be indented with spaces; there is a tab here"},
      {"a: \xff\n", "f:1:4: the file must be UTF-8 text; there is another byte here"},
      {"a: \xed\xa0\x80\n", "f:1:4: the file must be UTF-8 text; there is another byte here"},
      {"a\0b: 1\n"sv, "f:1:2: the file must be text; there is a control byte here"},
      {"a: 1\rb: 2\n", "f:1:5: the file must be text; there is a control byte here"},
      {"a: \x7f\n", "f:1:4: the file must be text; there is a control byte here"},
      {"a: 1\n  b: 2\n",
       "f:2:4: a ':' stands where no field can begin; check the indentation here and the line "
       "above, and put text that holds ': ' in quotes"},
      {"a: {k: ${X}, r: us}\n",
       "f:1:9: the {..} around here is not closed as it should be; put values that hold braces, "
       "brackets or commas in quotes, such as \"${NAME}\""},
      {"a: [1, 2\n",
       "f:2:1: the [..] around here is not closed as it should be; put values that hold braces, "
       "brackets or commas in quotes"},
      {"a: ]\n", "f:1:4: a closing '}' or ']' stands here that nothing opened"},
  };
  for (const Case& c : cases) EXPECT_EQ(complaint(c.text), c.message) << c.text;
}

TEST(ReadYamlDocuments, EachHasItsPlaceAndEmptyOnesAreLeftOut) {
  Findings findings;
  std::vector<Node> documents = read_yaml_documents(
      "---\n# nothing but this\n---\na: 1\n---\n---\n# c\n\nb: {c: 2}\n---\n", findings);
  EXPECT_FALSE(findings.failed());
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(documents[0].find("a")->place, (Place{4, 4}));
  EXPECT_EQ(documents[1].find("b")->find("c")->place, (Place{9, 8}));
  EXPECT_TRUE(read_yaml_documents("", findings).empty());
  EXPECT_TRUE(read_yaml_documents("# a\n---\n", findings).empty());
  EXPECT_FALSE(findings.failed());
}

TEST(ReadYamlDocuments, OneThatIsWrongTakesAllWithIt) {
  Findings findings;
  EXPECT_TRUE(read_yaml_documents("a: 1\n---\nb: [\n", findings).empty());
  EXPECT_EQ(findings.sorted().at(0).text("f").substr(0, 6), "f:4:1:");
}

TEST(ReadYamlDocuments, CountAtTheLimitAndOnePast) {
  std::string text;
  for (std::size_t i = 0; i < yaml_documents_max; ++i) text += "---\na: 1\n";
  Findings findings;
  EXPECT_EQ(read_yaml_documents(text, findings).size(), yaml_documents_max);
  EXPECT_FALSE(findings.failed());
  EXPECT_TRUE(read_yaml_documents(text + "---\na: 1\n", findings).empty());
  EXPECT_EQ(findings.sorted().at(0).text("f"),
            "f:2002:1: a file may hold 1000 documents; put this one and those that follow into "
            "another");
}

TEST(ReadYaml, AliasesAreNotFollowed) {
  Findings findings;
  std::optional<Node> root = read_yaml("a: &x [1, 2]\nb: *x\n", findings);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("b")->kind, Node::Kind::nothing);
  std::vector<Finding> all = findings.sorted();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].text("f"), "f:2:4: b: aliases (*name) are not allowed; write the value out");
}

std::string nested(std::size_t levels, std::string_view open, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) text += open;
  text += "x";
  for (std::size_t i = 0; i < levels; ++i) text += close;
  return text;
}

TEST(ReadYaml, DepthAtTheLimitAndOnePast) {
  EXPECT_EQ(complaint(nested(yaml_depth_max, "[", "]")), "");
  EXPECT_NE(complaint(nested(yaml_depth_max + 1, "[", "]"))
                .find("maps and lists may be nested 32 deep; this one is deeper"),
            std::string::npos);
  EXPECT_EQ(complaint(nested(yaml_depth_max, "{a: ", "}")), "");
  EXPECT_NE(complaint(nested(yaml_depth_max + 1, "{a: ", "}")), "");
  EXPECT_EQ(complaint(nested(yaml_depth_max, "- ", "")), "");
  EXPECT_NE(complaint(nested(yaml_depth_max + 1, "- ", "")), "");
}

TEST(ReadYaml, SizeAtTheLimitAndOnePast) {
  std::string text = "a: 1\n#";
  text.resize(yaml_bytes_max, 'x');
  EXPECT_EQ(complaint(text), "");
  EXPECT_EQ(complaint(text + "x"), "f: the file must be at most 1MiB; it has 1048577 bytes");
}

// Texts that made YAML readers run out of stack, memory or patience. That the test ends is the
// point; each is a complaint too.
TEST(ReadYaml, HostileTextsEnd) {
  constexpr std::string_view pieces[] = {
      "[",   "{",   "- ",       "? ",   "[{a: ",   "&a ",   "!", "! ", "]",
      ":",   ", ",  "[a]",      "{a\n", "!2",      "---\n", "'", "\"", "|\n",
      "a: ", "%\n", "- &a b\n", "*a",   "{a: 1, ", "? [",   "\t"};
  for (std::string_view piece : pieces) {
    std::string text;
    while (text.size() + piece.size() <= 100'000) text += piece;
    Findings findings;
    (void)read_yaml(text, findings);
    (void)read_yaml_documents(text, findings);
    EXPECT_LE(findings.sorted().size(), Findings::errors_max);
  }
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) {
    std::string n = std::to_string(i), before = std::to_string(i - 1);
    bomb += "a" + n + ": &a" + n + " [*a" + before + ", *a" + before + "]\n";
  }
  EXPECT_NE(complaint(bomb), "");
}

}  // namespace
}  // namespace recloser::config
