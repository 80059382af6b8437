// A folder of one run alone, gone with all that is in it when the run is over.
#pragma once

#include "config/environment.h"
#include "core/result.h"

#include <string>

namespace recloser::cli {

class PrivateFolder {
 public:
  // Below $TMPDIR, or /tmp; for nobody else to look into.
  static Result<PrivateFolder> make(const config::Environment& environment);

  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  ~PrivateFolder();

  const std::string& path() const { return path_; }
  void leave() { leave_ = true; }  // it holds what could not be put where it belongs

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
  bool leave_ = false;
};

}  // namespace recloser::cli
