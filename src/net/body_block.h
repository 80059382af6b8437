// BodyBlock: the bytes of one request body in one block, which grows without copying them and goes
// back to the kernel in steps that hold up nobody.
#pragma once

#include "core/result.h"
#include "core/task.h"
#include "net/memory.h"

#include <cstddef>
#include <memory>

namespace recloser::net {

class Worker;

class BodyBlock {
 public:
  BodyBlock() = default;
  BodyBlock(BodyBlock&&) noexcept = default;
  BodyBlock& operator=(BodyBlock&&) noexcept = default;

  char* data() const { return bytes_.get(); }
  std::size_t room() const { return room_; }

  // Room for `bytes` in all, and when it has to grow, for up to `bytes_max`: it doubles. What it
  // takes counts in `budget`. Errors: full.
  Result<void> grow_to(std::size_t bytes, std::size_t bytes_max, MemoryBudget& budget);

  // Gives all of it back: at once when that is quick, else over the next turns of `worker`, because
  // the kernel takes up to 7 ms to unmap 32 MiB that were written. Empty afterwards.
  void give_back(Worker& worker);

 private:
  // What the kernel unmaps in some 0.2 ms.
  static constexpr std::size_t give_back_bytes_per_turn = 1u << 20;
  static Task<void> shrink_away(BodyBlock block, Worker& worker);
  bool resize(std::size_t bytes);

  struct FreeBytes {
    void operator()(char* bytes) const;
  };
  std::unique_ptr<char, FreeBytes> bytes_;
  std::size_t room_ = 0;
  MemoryBudget::Share share_;
};

}  // namespace recloser::net
