// Recorded exchanges of real providers, read in place from the shared data, and what a naive reader
// makes of them.
#pragma once

#include "codec/operation.h"
#include "codec/usage.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace recloser::recordings {

struct Recording {
  std::string name;
  codec::Operation operation{};
  bool stream = false;  // the answer is one of events
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;  // of the answer
  std::string body;
  std::string request;
};

// The folder of the recordings; empty when the shared data is not there.
std::filesystem::path folder();

// All of the OpenAI and Anthropic dialects. A request that was not recorded is a minimal one.
std::vector<Recording> load(const std::filesystem::path& folder);

// The path that a client asks for.
std::string_view path_of(codec::Operation operation);

// Whether the client, by this request, is to see no usage that it would not have got.
bool hides_usage(const Recording& recording);

// The recorded body as the client must get it: without the usage-only chunk and the `usage: null`
// members if usage was asked for in its place.
std::string expected_body(const Recording& recording);

// Whether it tells of a failure, by its status or in what it says.
bool failed(const Recording& recording);

// What the body says of usage, by a DOM and the dialect's documentation; nothing when it is silent.
std::optional<codec::Usage> recorded_usage(const Recording& recording);

}  // namespace recloser::recordings
