// wire_test [--tls] FILE..: plays scenarios one after another and says which came out otherwise;
// with --tls both the client and the provider are met over TLS.
#include "wire/stage.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

namespace {

std::optional<std::string> play_file(const std::string& file, bool over_tls) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fmt::format("{}: cannot be read", file);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  recloser::Result<recloser::wire::Scenario> scenario = recloser::wire::parse_scenario(text, file);
  if (!scenario) return scenario.error().message();
  if (over_tls) recloser::wire::use_tls(*scenario);
  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / fmt::format("recloser-wire-{}", ::getpid());
  return recloser::wire::play(*scenario, directory.string());
}

}  // namespace

int main(int argc, char** argv) {
  bool over_tls = argc > 1 && std::string_view(argv[1]) == "--tls";
  int first = over_tls ? 2 : 1;
  if (argc <= first) {
    fmt::print(stderr, "usage: wire_test [--tls] FILE.wire ..\n");
    return 2;
  }
  int passed = 0;
  int failed = 0;
  for (int i = first; i < argc; ++i) {
    std::optional<std::string> failure = play_file(argv[i], over_tls);
    ++(failure ? failed : passed);
    if (failure) fmt::print("FAILED {}\n", *failure);
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
