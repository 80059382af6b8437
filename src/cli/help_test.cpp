// Help, docs/commands.md and completions, as text.
#include "cli/help.h"

#include "cli/test_process.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace recloser::cli {
namespace {

using testing::HasSubstr;

// Run with RECLOSER_WRITE_DOCS=1 to write the page anew.
TEST(CommandsPage, IsWhatTheTableSays) {
  constexpr const char* path = "docs/commands.md";
  std::string wanted = commands_markdown();
  if (std::getenv("RECLOSER_WRITE_DOCS") != nullptr) std::ofstream(path) << wanted;
  std::ostringstream page;
  page << std::ifstream(path).rdbuf();
  EXPECT_EQ(page.str(), wanted) << "docs/commands.md is printed from the table: run cli_test with "
                                   "RECLOSER_WRITE_DOCS=1";
}

TEST_F(CliTest, APageOfHelp) {
  constexpr std::string_view wanted =
      "NAME\n"
      "    recloser check - Say what is wrong with a configuration, or what is in effect\n"
      "\n"
      "USAGE\n"
      "    recloser check [OPTIONS] [FILE]\n"
      "\n"
      "DESCRIPTION\n"
      "    Reads a configuration as `serve` would. What is wrong is told with its line and\n"
      "    column; when nothing is, the configuration in effect is printed, defaults included,\n"
      "    secrets hidden.\n"
      "\n"
      "OPTIONS\n"
      "    --json\n"
      "        Prints the findings as JSON, for programs.\n"
      "    --help\n"
      "        Shows this page.\n"
      "\n"
      "EXIT STATUS\n"
      "    0  it is valid, perhaps with warnings\n"
      "    2  it is not, or cannot be read\n"
      "\n"
      "EXAMPLES\n"
      "    recloser check\n"
      "        checks what `recloser serve` would start with\n"
      "    recloser check staging.yaml\n"
      "        checks that file\n";
  EXPECT_EQ(run({"check", "--help"}).out, wanted);
  EXPECT_EQ(run({"check", "x", "--json", "-h"}).out, wanted) << "whatever else is there";
  EXPECT_EQ(run({"help", "check"}).out, wanted);
}

TEST_F(CliTest, HelpOfEveryCommandFitsATerminal) {
  for (const Command& command : commands()) {
    if (command.run == nullptr) continue;
    std::istringstream lines(help_page(command, Style::plain()));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 100u) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST_F(CliTest, TheOverviewNamesEverything) {
  Ran overview = run({"--help"});
  EXPECT_EQ(overview.exit, 0);
  EXPECT_THAT(overview.out, HasSubstr("    key create         Make a virtual key\n"));
  EXPECT_THAT(overview.out, HasSubstr("Not supported in this version: top, sessions"));
  EXPECT_EQ(run({"help"}).out, overview.out);
  EXPECT_EQ(run({"key", "--help"}).out,
            "COMMANDS\n"
            "    key create   Make a virtual key\n"
            "    key list     List the virtual keys\n"
            "    key set      Change what a virtual key may do, at once\n"
            "    key disable  Refuse a virtual key until it is enabled\n"
            "    key enable   Let a disabled virtual key call again\n"
            "    key rotate   Give a virtual key a new secret\n"
            "    key revoke   Revoke a virtual key, at once and for ever\n"
            "\n"
            "`recloser key COMMAND --help` says more.\n");
}

// What bash would offer after these words.
std::string offered_by_bash(std::string_view words, int at) {
  std::string script = fmt::format(
      "{}\nCOMP_WORDS=(recloser {})\nCOMP_CWORD={}\n_recloser\necho \"${{COMPREPLY[*]}}\"\n",
      completion("bash"), words, at);
  std::string path = testing::TempDir() + "recloser-completion.bash";
  std::ofstream(path) << script;
  std::string out;
  FILE* bash = ::popen(("bash --norc " + path + " 2>&1").c_str(), "r");
  std::array<char, 4096> piece;
  while (std::size_t got = std::fread(piece.data(), 1, piece.size(), bash)) {
    out.append(piece.data(), got);
  }
  EXPECT_EQ(::pclose(bash), 0);
  std::remove(path.c_str());
  return out;
}

TEST(Completion, BashOffersWhatTheCommandLineTakes) {
  EXPECT_EQ(offered_by_bash("k", 1), "key\n");
  EXPECT_EQ(offered_by_bash("''", 1),
            "serve run check key org team user calls count price export reconcile usage budget "
            "approvals switch targets explain backup restore "
            "sim completion "
            "version --help\n");
  EXPECT_EQ(offered_by_bash("key ''", 2), "create list set disable enable rotate revoke\n");
  EXPECT_EQ(offered_by_bash("targets ''", 2),
            "show drain undrain --help --admin --config --json\n");
  EXPECT_EQ(offered_by_bash("targets drain --w", 3), "--who\n");
  EXPECT_EQ(offered_by_bash("key create --t", 3), "--team --tpm\n");
  EXPECT_EQ(offered_by_bash("calls --s", 2), "--session --since\n");
  EXPECT_EQ(offered_by_bash("calls --outcome c", 3), "completed cut client_gone\n");
  EXPECT_EQ(offered_by_bash("completion ''", 2), "--help bash zsh fish\n");
}

// Whether some command has an option of this name, or of one that begins so.
bool is_built_somewhere(std::string_view name) {
  for (const Command& command : commands()) {
    for (const Option& option : command.options) {
      if (!option.planned && option.name.starts_with(name)) return true;
    }
  }
  return false;
}

TEST(Completion, EveryShellKnowsEveryOption) {
  for (std::string_view shell : {"bash", "zsh", "fish"}) {
    std::string script = completion(shell);
    for (const Command& command : commands()) {
      if (command.run == nullptr) continue;
      for (const Option& option : command.options) {
        std::string word =
            shell == "fish" ? fmt::format("-l {} ", option.name) : fmt::format("--{}", option.name);
        bool offered = script.find(word) != script.npos;
        bool wanted = !option.planned || is_built_somewhere(option.name);
        if (!option.planned || !wanted) EXPECT_EQ(offered, wanted) << shell << " " << word;
      }
    }
    EXPECT_EQ(script.find("recloser top"), script.npos);
  }
  EXPECT_EQ(completion("tcsh"), "");
}

TEST_F(CliTest, CompletionOfAShellThatIsNotKnown) {
  Ran wrong = run({"completion", "tcsh"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_THAT(wrong.err, HasSubstr("bash, zsh and fish"));
  EXPECT_EQ(run({"completion", "bash"}).out, completion("bash"));
}

}  // namespace
}  // namespace recloser::cli
