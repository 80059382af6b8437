// The state of reading one file: where we are in it, what was wrong, and what may be asked of the
// machine.
#pragma once

#include "config/environment.h"
#include "config/findings.h"
#include "config/yaml/node.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

class Reading {
 public:
  // `directory`: what relative paths in the file are relative to.
  Reading(const Environment& environment, std::string directory, Findings& findings)
      : environment_(environment), directory_(std::move(directory)), findings_(findings) {}

  // One step deeper into the path, for as long as it lives.
  class Step {
   public:
    Step(Reading& in, std::string_view key);
    Step(Reading& in, std::size_t index);
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step() { in_.path_.resize(size_before_); }

   private:
    Reading& in_;
    std::size_t size_before_;
  };

  // "<path> <message>", at the node's place.
  void error(const Node& node, std::string_view message) { error(node.place, message); }
  void error(Place place, std::string_view message);
  void warning(const Node& node, std::string_view message);

  // "<path> must <wanted>; you wrote <what stands there>".
  void wrong(const Node& node, std::string_view wanted);

  // The text of a scalar with its variables replaced; nothing, with the error told, when the node
  // is no scalar (`wanted` says what it should be) or a variable is missing.
  std::optional<std::string> scalar(const Node& node, std::string_view wanted);

  const Environment& environment() const { return environment_; }
  Findings& findings() { return findings_; }

  // `path` as it is when absolute, else seen from the file's folder.
  std::string resolve(std::string_view path) const;

 private:
  const Environment& environment_;
  std::string directory_;
  Findings& findings_;
  std::string path_;
};

// What stands there, for messages: the scalar as written (a value from the environment is never
// shown), or "a list".
std::string written(const Node& node);

// The one of `known` that was probably meant; "" when none comes near.
std::string meant_by(std::string_view text, const std::vector<std::string_view>& known);

}  // namespace recloser::config
