#include "config/schema/reference.h"

#include "config/schema/holder_language.h"
#include "config/schema/language.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace recloser::config {
namespace {

// Run with RECLOSER_WRITE_DOCS=1 to write the page anew.
TEST(Reference, ThePageIsWhatTheTableSays) {
  constexpr const char* path = "docs/configuration.md";
  std::string wanted = reference_markdown();
  if (std::getenv("RECLOSER_WRITE_DOCS") != nullptr) std::ofstream(path) << wanted;
  std::ostringstream page;
  page << std::ifstream(path).rdbuf();
  EXPECT_EQ(page.str(), wanted)
      << "docs/configuration.md is printed from the table: run config_test with "
         "RECLOSER_WRITE_DOCS=1";
}

TEST(Reference, EveryFieldIsExplained) {
  for (const Section* section : all_sections()) {
    std::set<std::string_view> names;
    for (const Field& field : section->fields) {
      EXPECT_TRUE(names.insert(field.name).second) << section->path << " " << field.name;
      if (field.planned) continue;
      EXPECT_TRUE(field.spec.help.ends_with('.')) << section->path << " " << field.name;
      bool has_parts = field.spec.section != nullptr;
      EXPECT_TRUE(has_parts || !field.fixed.empty() || !field.spec.example.empty())
          << section->path << " " << field.name << " has no example";
    }
  }
}

TEST(Reference, EverySectionIsReached) {
  std::set<const Section*> reached{&gateway_section(), &holder_document_section,
                                   &key_document_section};
  for (const Section* section : all_sections()) {
    EXPECT_TRUE(reached.contains(section)) << section->path << " stands before what leads to it";
    for (const Field& field : section->fields) reached.insert(field.spec.section);
  }
  reached.erase(nullptr);
  EXPECT_EQ(reached.size(), all_sections().size());
}

TEST(Reference, TheTextNamesTypeDefaultAndMeaning) {
  std::string text = reference_text();
  for (const char* part :
       {"providers.<name>.timeouts\n", "  connect (duration, 1ms..5m, default 5s)\n",
        "  dialect (openai, anthropic or simulated, required)\n",
        "  workers (`auto` or 1..256, default auto)\n      Threads that carry traffic"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace recloser::config
