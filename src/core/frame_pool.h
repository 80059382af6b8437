// Coroutine frames, and other memory of a call, come from a free list of their thread, so that a
// chunk or a call allocates nothing.
#pragma once

#include <cstddef>
#include <memory>

namespace recloser {

// Frames are freed on the thread that allocated them: a call never leaves its worker.
void* frame_allocate(std::size_t bytes);
void frame_free(void* frame, std::size_t bytes) noexcept;

// Bytes of a call that live about as long as its frames do, from the same lists.
struct FreePooledBytes {
  std::size_t size = 0;
  void operator()(char* bytes) const noexcept { frame_free(bytes, size); }
};
using PooledBytes = std::unique_ptr<char[], FreePooledBytes>;

inline PooledBytes pooled_bytes(std::size_t size) {
  return {static_cast<char*>(frame_allocate(size)), FreePooledBytes{size}};
}

}  // namespace recloser
