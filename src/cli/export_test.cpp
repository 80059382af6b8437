// export focus against a real admin port.
#include "cli/test_process.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace recloser::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

class ExportTest : public RemoteTest {
 public:
  std::string read(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }

  ledger::test::TempDirectory files_;
};

TEST_F(ExportTest, PrintsCallsOrDays) {
  for (int i = 0; i < 3; ++i) {
    book();
    clock_.advance(1h);
  }
  Ran by_day = run({"export", "focus"});
  EXPECT_EQ(by_day.exit, 0) << by_day.err;
  EXPECT_TRUE(by_day.out.starts_with("BilledCost,BillingAccountId,")) << by_day.out;
  EXPECT_EQ(lines_of(by_day.out), 4U);                // the header, three kinds of tokens
  EXPECT_THAT(by_day.out, HasSubstr("0.001020600"));  // of output, three times
  EXPECT_EQ(lines_of(run({"export", "focus", "--by", "call"}).out), 10U);
  EXPECT_EQ(lines_of(run({"export", "focus", "--by", "call", "--since", "90m"}).out), 4U);
  EXPECT_EQ(lines_of(run({"export", "focus", "--until", "2026-09-21"}).out), 1U);
}

// A provider under a name of the operator's stands in the export as who it is.
TEST_F(ExportTest, TheConfigurationSaysWhoAProviderIs) {
  CallId id = ids_.next(clock_.wall());
  Result<ledger::OpenCall> call =
      ledger_->begin(id, clock_.now(), clock_.wall(), ledger::test::someone);
  ledger::test::fill_completed(call->record());
  call->record().set(ledger::Text::provider, "house");
  call->settle(ledger::Outcome::completed, clock_.now() + 5ms);
  clock_.advance(1h);
  environment_.files["recloser.yaml"] =
      "apiVersion: recloser.dev/v1alpha1\nkind: Gateway\n"
      "providers: {house: {dialect: openai, baseUrl: 'https://api.openai.com/v1', apiKey: k}}\n";
  EXPECT_THAT(run({"export", "focus", "--config", "recloser.yaml"}).out, HasSubstr(",OpenAI,"));
  EXPECT_THAT(run({"export", "focus"}).out, Not(HasSubstr(",OpenAI,")));
}

TEST_F(ExportTest, AFileIsThereOnceItIsWhole) {
  book();
  clock_.advance(1h);
  std::string path = files_ / "focus.csv";
  Ran ran = run({"export", "focus", "--out", path.c_str()});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "3 lines of 1 call, $0.000448500 (at list prices $0.000448500), are in " +
                         path + ".\n");
  EXPECT_EQ(lines_of(read(path)), 4U);
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  Ran json = run({"export", "focus", "--json", "--out", path.c_str()});
  EXPECT_EQ(json.out, R"({"file":")" + path +
                          R"(","calls":1,"lines":3,"unpriced_calls":0,"cost_usd":"0.000448500",)"
                          R"("list_cost_usd":"0.000448500"})" +
                          "\n");
}

TEST_F(ExportTest, WhatIsWrongIsSaid) {
  EXPECT_EQ(run({"export", "focus", "--by", "week"}).exit, 2);
  EXPECT_EQ(run({"export", "focus", "--since", "soon"}).exit, 2);
  EXPECT_EQ(run({"export", "focus", "--json"}).exit, 2);
  EXPECT_EQ(run({"export", "focus", "--out", "/nonexistent/focus.csv"}).exit, 3);
  EXPECT_EQ(run({"export"}).exit, 2);
}

}  // namespace
}  // namespace recloser::cli
