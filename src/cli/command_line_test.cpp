#include "cli/command_line.h"

#include "cli/test_process.h"

#include <array>
#include <set>
#include <string>
#include <vector>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

Result<Invocation> read(std::vector<std::string_view> words) { return Invocation::read(words); }
std::string refusal(std::vector<std::string_view> words) {
  Result<Invocation> invocation = Invocation::read(words);
  EXPECT_FALSE(invocation);
  return invocation ? "" : invocation.error().message();
}

TEST(CommandLine, OptionsInBothForms) {
  Result<Invocation> read_well = read({"calls", "--team", "search", "--limit=5", "--json", "01JD",
                                       "--since="
                                       "1h"});
  ASSERT_TRUE(read_well) << read_well.error().message();
  EXPECT_EQ(read_well->command().name, "calls");
  EXPECT_EQ(read_well->value("team"), "search");
  EXPECT_EQ(read_well->value("limit"), "5");
  EXPECT_EQ(read_well->value("since"), "1h");
  EXPECT_TRUE(read_well->has("json"));
  EXPECT_FALSE(read_well->has("session"));
  EXPECT_EQ(read_well->arguments(), std::vector<std::string>{"01JD"});
}

TEST(CommandLine, WordsOfAnotherProgramAreNotOurs) {
  for (bool dashes : {true, false}) {
    std::vector<std::string_view> words{"run", "--budget", "5", "--json"};
    if (dashes) words.push_back("--");
    words.insert(words.end(), {"claude", "-p", "--help", "--", "--budget"});
    Result<Invocation> run = read(words);
    ASSERT_TRUE(run) << run.error().message();
    EXPECT_FALSE(run->wants_help());
    EXPECT_EQ(run->value("budget"), "5");
    EXPECT_EQ(run->arguments(),
              (std::vector<std::string>{"claude", "-p", "--help", "--", "--budget"}));
  }
  EXPECT_TRUE(read({"run", "--budget", "5", "--help", "claude"})->wants_help());
  EXPECT_TRUE(read({"run", "--help"})->wants_help());
  EXPECT_THAT(refusal({"run", "--budget", "5"}), HasSubstr("`run` needs [--] COMMAND"));
  EXPECT_EQ(refusal({"run", "--loops", "trip", "claude"}),
            "--loops is not supported in this version");
}

TEST(CommandLine, ACommandOfTwoWords) {
  EXPECT_EQ(read({"key", "list"})->command().name, "key list");
  const std::string all = "create, list, set, disable, enable, rotate, revoke";
  EXPECT_EQ(refusal({"key"}), "`key` needs one of: " + all);
  EXPECT_EQ(refusal({"key", "--json"}), "`key` needs one of: " + all);
  EXPECT_EQ(refusal({"key", "lsit"}),
            "there is no command `key lsit`. Did you mean `list`? There are: " + all);
}

TEST(CommandLine, ACommandOfOneWordBesideThoseOfTwo) {
  EXPECT_EQ(read({"targets"})->command().name, "targets");
  EXPECT_EQ(read({"targets", "--json"})->command().name, "targets");
  EXPECT_TRUE(read({"targets", "--help"})->wants_help());
  EXPECT_EQ(read({"targets", "show", "a/b"})->command().name, "targets show");
  EXPECT_EQ(refusal({"targets", "shwo"}),
            "there is no command `targets shwo`. Did you mean `show`? There are: show, drain, "
            "undrain");
}

TEST(CommandLine, WhatIsNotThereIsNamedWithTheNearest) {
  EXPECT_EQ(refusal({}), "say which command; `recloser --help` lists them");
  EXPECT_EQ(refusal({"serv"}),
            "there is no command `serv`. Did you mean `serve`? `recloser --help` lists them all");
  EXPECT_EQ(refusal({"calls", "--tema", "x"}),
            "`calls` has no option --tema. Did you mean `--team`?");
  EXPECT_EQ(refusal({"calls", "-l", "5"}), "`calls` has no option -l; options have two dashes");
  EXPECT_EQ(refusal({"version", "1", "2"}),
            "`version` does not take '1'; see `recloser version --help`");
  EXPECT_EQ(refusal({"key", "revoke"}), "`key revoke` needs ID; see `recloser key revoke --help`");
}

TEST(CommandLine, ValuesThatAreMissingOrTooMany) {
  EXPECT_EQ(refusal({"calls", "--team"}), "--team needs a value: --team NAME");
  EXPECT_EQ(refusal({"calls", "--team="}), "--team needs a value: --team NAME");
  EXPECT_EQ(refusal({"calls", "--team", "--json"}), "--team needs a value: --team NAME");
  EXPECT_EQ(refusal({"calls", "--json=yes"}), "--json takes no value");
  EXPECT_EQ(refusal({"calls", "--team", "a", "--team", "b"}), "--team is given twice");
  EXPECT_EQ(read({"calls", "--team=--odd"})->value("team"), "--odd");
  EXPECT_EQ(read({"calls", "--team", "-5"})->value("team"), "-5");
}

TEST(CommandLine, AnOptionThatRepeatsIsAList) {
  EXPECT_EQ(read({"budget", "list", "--key", "org=a", "--key=team=b"})->value("key"),
            "org=a,team=b");
}

TEST(CommandLine, TwoDashesEndTheOptions) {
  Result<Invocation> invocation = read({"key", "revoke", "--", "--team"});
  ASSERT_TRUE(invocation);
  EXPECT_EQ(invocation->arguments(), std::vector<std::string>{"--team"});
  EXPECT_EQ(read({"check", "-"})->arguments(), std::vector<std::string>{"-"});
}

TEST(CommandLine, WhatIsPromisedAndNotBuiltSaysSo) {
  for (const char* command :
       {"top", "sessions", "decision", "models", "policy", "route", "replay", "import", "audit"}) {
    Result<Invocation> invocation = read({command, "anything", "--at", "all"});
    ASSERT_FALSE(invocation) << command;
    EXPECT_EQ(invocation.error().kind(), Kind::unsupported);
    EXPECT_EQ(invocation.error().message(),
              fmt::format("`recloser {}` is not supported in this version", command));
  }
  EXPECT_EQ(refusal({"export", "audit"}),
            "`recloser export audit` is not supported in this version");
  EXPECT_EQ(refusal({"key", "create", "--plan", "5"}), "--plan is not supported in this version");
}

TEST(CommandLine, HostileWordsDoNotReachTheTerminal) {
  EXPECT_EQ(refusal({"\x1b[31mred\n"}),
            "there is no command `?[31mred?`. `recloser --help` lists them all");
  std::string endless(100'000, 'x');
  EXPECT_LT(refusal({endless}).size(), 300u);
  EXPECT_LT(refusal({"calls", "--" + endless}).size(), 300u);
}

// Every page is complete, and every name is there once.
TEST(CommandTable, IsComplete) {
  std::set<std::string_view> names;
  for (const Command& command : commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    if (command.run == nullptr) continue;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_TRUE(command.description.ends_with('.')) << command.name;
    EXPECT_FALSE(command.examples.empty()) << command.name;
    EXPECT_TRUE(command.exits.starts_with("0  ") || command.passes_on) << command.name;
    EXPECT_GE(command.arguments_max, command.arguments_min) << command.name;
    EXPECT_EQ(command.arguments.empty(), command.arguments_max == 0) << command.name;
    std::set<std::string_view> options;
    for (const Option& option : command.options) {
      EXPECT_TRUE(options.insert(option.name).second) << command.name << " " << option.name;
      EXPECT_TRUE(option.planned || option.help.ends_with('.') ||
                  option.help.find(';') != option.help.npos)
          << command.name << " " << option.name;
    }
  }
}

TEST_F(CliTest, ExitStatusesOfTheCommandLine) {
  EXPECT_EQ(run({"version"}).exit, 0);
  EXPECT_EQ(run({"nothing"}).exit, 2);
  EXPECT_EQ(run({"top"}).exit, 2);
  EXPECT_EQ(run({}).exit, 2);
  Ran wrong = run({"calls", "--limt", "5"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_EQ(wrong.out, "") << "complaints are not an answer";
  EXPECT_EQ(wrong.err, "recloser: `calls` has no option --limt. Did you mean `--limit`?\n");
}

TEST_F(CliTest, Version) {
  EXPECT_EQ(run({"version"}).out, "recloser 1.2.3\n");
  EXPECT_EQ(run({"--version"}).out, "recloser 1.2.3\n");
  EXPECT_EQ(run({"version", "--json"}).out, "{\"version\":\"1.2.3\"}\n");
}

}  // namespace
}  // namespace recloser::cli
