// Files of the state directory: made private, replaced in one step, and errors that say what to do.
#pragma once

#include "core/result.h"
#include "core/time.h"

#include <string>
#include <string_view>

namespace recloser::ledger {

// A descriptor that closes itself.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(other.release()) {}
  File& operator=(File&& other) noexcept;
  ~File();

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  int release() {
    int descriptor = descriptor_;
    descriptor_ = -1;
    return descriptor;
  }

 private:
  int descriptor_ = -1;
};

// The failure of a system call by its number: "cannot create state/x: No space left on device; ..".
// Full disks and quotas are Kind::full.
Error system_error(std::string_view doing, std::string_view path, int number);

// Opens with `flags`; a file that is made is readable by its owner only (0600).
Result<File> open_private(const std::string& path, int flags);

// Makes the directory and what is missing above it, 0700. One that is there stays as it is.
Result<void> make_private_directory(const std::string& path);

// The entries of the directory that holds `path` survive a power loss.
Result<void> sync_directory_of(const std::string& path);

bool file_exists(const std::string& path);

// "20261121T210500Z": for the name of a file.
std::string file_stamp(WallTime at);

// The first of "path", "path.1", "path.2", .. that does not exist.
std::string unused_name(const std::string& path);

}  // namespace recloser::ledger
