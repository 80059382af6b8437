#include "config/environment.h"

#include "config/testing/fake_environment.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

TEST(Expand, ReplacesVariables) {
  FakeEnvironment environment;
  environment.variables = {{"A", "1"}, {"EMPTY", ""}, {"_x9", "u"}, {"LOOP", "${A}"}};
  struct Case {
    const char *text, *becomes;
  };
  constexpr Case cases[] = {
      {"", ""},
      {"plain $ { } $A", "plain $ { } $A"},
      {"${A}", "1"},
      {"a${A}b${A}c", "a1b1c"},
      {"${_x9}", "u"},
      {"${EMPTY}", ""},
      {"${EMPTY:-d}", "d"},
      {"${NONE:-d}", "d"},
      {"${NONE:-}", ""},
      {"${NONE:-a:-b}", "a:-b"},
      {"${A:-d}", "1"},
      {"${LOOP}", "${A}"},  // once: a value cannot reach for another variable
      {"$${A}", "${A}"},
      {"a$${A}${A}", "a${A}1"},
      {"$$", "$$"},
  };
  for (const Case& c : cases) {
    Result<std::string> text = expand(c.text, environment);
    ASSERT_TRUE(text) << c.text;
    EXPECT_EQ(*text, c.becomes) << c.text;
  }
}

TEST(Expand, SaysWhatIsMissingOrMalformed) {
  FakeEnvironment environment;
  struct Case {
    const char *text, *message;
  };
  constexpr Case cases[] = {
      {"${NONE}",
       "needs the environment variable NONE, which is not set; set it, or write a default as "
       "${NONE:-default}"},
      {"${", "must close every ${ with a }; a plain ${ is written $${"},
      {"a ${A", "must close every ${ with a }; a plain ${ is written $${"},
      {"${}",
       "must name an environment variable between ${ and }, as ${NAME} or ${NAME:-default}; you "
       "wrote \"\""},
      {"${9A}",
       "must name an environment variable between ${ and }, as ${NAME} or ${NAME:-default}; you "
       "wrote 9A"},
      {"${A-b}",
       "must name an environment variable between ${ and }, as ${NAME} or ${NAME:-default}; you "
       "wrote A-b"},
  };
  for (const Case& c : cases) {
    Result<std::string> text = expand(c.text, environment);
    ASSERT_FALSE(text) << c.text;
    EXPECT_EQ(text.error().message(), c.message);
  }
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "recloser-config-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST(ProcessEnvironment, HasTheVariablesItWasGiven) {
  const char* variables[] = {"A=1", "B=x=y", "C=", "malformed", nullptr};
  ProcessEnvironment environment(variables);
  EXPECT_EQ(environment.variable("A"), "1");
  EXPECT_EQ(environment.variable("B"), "x=y");
  EXPECT_EQ(environment.variable("C"), "");
  EXPECT_EQ(environment.variable("malformed"), std::nullopt);
  EXPECT_EQ(ProcessEnvironment(nullptr).variable("A"), std::nullopt);
}

TEST(ProcessEnvironment, ReadsRegularFilesUpToTheLimit) {
  Folder folder;
  ProcessEnvironment environment(nullptr);
  std::ofstream(folder.file("f")) << std::string(100, 'x');
  EXPECT_EQ(environment.file(folder.file("f"), 100), std::string(100, 'x'));
  Result<std::string> beyond = environment.file(folder.file("f"), 99);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().message(), "it has more than 99 bytes");
  Result<std::string> none = environment.file(folder.file("none"), 99);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message(), "No such file or directory");
}

TEST(ProcessEnvironment, DoesNotWaitForWhatIsNoFile) {
  Folder folder;
  ProcessEnvironment environment(nullptr);
  ASSERT_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
  for (const std::string& path : {folder.file("fifo"), folder.file(""), std::string("/dev/zero")}) {
    Result<std::string> content = environment.file(path, 99);
    ASSERT_FALSE(content) << path;
    EXPECT_EQ(content.error().message(), "it is not a regular file");
  }
}

TEST(ProcessEnvironment, GlobsNameFilesInOrder) {
  Folder folder;
  ProcessEnvironment environment(nullptr);
  for (const char* name : {"b.yaml", "a.yaml", "c.json"}) std::ofstream(folder.file(name)) << "x";
  EXPECT_EQ(environment.matching(folder.file("*.yaml")),
            (std::vector<std::string>{folder.file("a.yaml"), folder.file("b.yaml")}));
  EXPECT_EQ(environment.matching(folder.file("none*")), std::vector<std::string>{});
  EXPECT_EQ(environment.matching(folder.file("none")),
            std::vector<std::string>{folder.file("none")});
}

TEST(ProcessEnvironment, TwoStarsAreAnyNumberOfFolders) {
  Folder folder;
  ProcessEnvironment environment(nullptr);
  for (const char* name : {"p", "p/a[1]", "p/a[1]/b", "p/.git"}) {
    ASSERT_EQ(::mkdir(folder.file(name).c_str(), 0700), 0) << name;
  }
  ASSERT_EQ(::symlink(folder.file("p").c_str(), folder.file("p/ring").c_str()), 0);
  for (const char* name : {"top.yaml", "p/2.yaml", "p/a[1]/1.yaml", "p/a[1]/b/3.yaml",
                           "p/.git/4.yaml", "p/a[1]/b/3.json"}) {
    std::ofstream(folder.file(name)) << "x";
  }
  std::vector<std::string> below{folder.file("p/2.yaml"), folder.file("p/a[1]/1.yaml"),
                                 folder.file("p/a[1]/b/3.yaml")};
  EXPECT_EQ(environment.matching(folder.file("p/**/*.yaml")), below);
  below.push_back(folder.file("top.yaml"));
  EXPECT_EQ(environment.matching(folder.file("**/*.yaml")), below);
  EXPECT_EQ(environment.matching(folder.file("none/**/*.yaml")), std::vector<std::string>{});
}

}  // namespace
}  // namespace recloser::config
