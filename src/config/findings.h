// What is wrong, doubtful or worth knowing in a configuration file, each with its place.
#pragma once

#include "config/yaml/node.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::config {

enum class Severity : unsigned char { error, warning, notice };

struct Finding {
  Severity severity = Severity::error;
  Place place;
  std::string message;  // begins with the path of the field: "keys[0].secret must be .."
  std::string file;     // "": the configuration itself; else as it is found from here

  // "recloser.yaml:35:12: keys[0].secret must be at least 20 characters; you wrote 7"
  // `configuration`: how the user calls it.
  std::string text(std::string_view configuration) const;
};

// Errors beyond the limit are counted, not kept: a file of the wrong kind must not scroll away its
// first complaint.
class Findings {
 public:
  static constexpr std::size_t errors_max = 20;

  void error(Place place, std::string message);
  void warning(Place place, std::string message);
  void notice(std::string message);

  // What is found from now on is in that file.
  void turn_to(std::string file);

  // Whether further errors are only counted: then nobody needs to word them well.
  bool full() const { return errors_ >= errors_max; }

  bool failed() const { return errors_ > 0; }
  std::size_t errors_left_out() const { return errors_ > errors_max ? errors_ - errors_max : 0; }

  // Errors, then warnings, then notices; each in the order of the files and in that of the file.
  std::vector<Finding> sorted() const;

 private:
  struct Found {
    Finding finding;
    std::size_t file;  // the how manieth
  };
  void add(Severity severity, Place place, std::string message);

  std::vector<Found> findings_;
  std::vector<std::string> files_{""};
  std::size_t errors_ = 0;
};

// `text` for a message: as it stands when it is one plain word, else in quotes with escapes;
// shortened.
std::string shown(std::string_view text);

// Paths of fields: join_path("providers.openai", "dialect").
std::string join_path(std::string_view path, std::string_view key);

}  // namespace recloser::config
