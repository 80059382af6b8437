// tests/golden/streams/NAME.sse says what NAME.told holds, at every split. The first word of the
// name is the operation or a provider of chat. RECLOSER_GOLDEN_WRITE=1 writes the .told files: read
// the difference before you commit it.
#include "codec/testing/event_text.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace recloser::codec {
namespace {

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Operation operation_of(const std::string& name) {
  std::string first = name.substr(0, name.find('-'));
  return operation_named(first).value_or(Operation::chat);
}

TEST(Golden, StreamsSayWhatIsWrittenBesideThem) {
  std::filesystem::path folder = "tests/golden/streams";
  bool write = std::getenv("RECLOSER_GOLDEN_WRITE") != nullptr;
  std::size_t streams = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".sse") continue;
    ++streams;
    std::string name = entry.path().stem();
    SCOPED_TRACE(name);
    Operation operation = operation_of(name);
    std::string stream = read_all(entry.path());
    testing::Told told = testing::tell_whole(operation, stream);
    std::filesystem::path expected = entry.path();
    expected.replace_extension(".told");
    if (write) std::ofstream(expected, std::ios::binary) << told.lines;
    EXPECT_EQ(told.lines, read_all(expected));
    testing::Told bytes = testing::tell_bytes(operation, stream);
    EXPECT_EQ(bytes.lines, told.lines);
    EXPECT_EQ(bytes.shown, told.shown);
    for (std::size_t at = 1; at < stream.size(); ++at) {
      testing::Told split = testing::tell_split(operation, stream, at);
      ASSERT_EQ(split.lines, told.lines) << "cut at " << at;
      ASSERT_EQ(split.shown, told.shown) << "cut at " << at;
    }
  }
  EXPECT_GE(streams, 30u);
}

}  // namespace
}  // namespace recloser::codec
