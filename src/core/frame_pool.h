// Coroutine frames come from a free list of their thread, so that a chunk or a call allocates
// nothing.
#pragma once

#include <cstddef>

namespace recloser {

// Frames are freed on the thread that allocated them: a call never leaves its worker.
void* frame_allocate(std::size_t bytes);
void frame_free(void* frame, std::size_t bytes) noexcept;

}  // namespace recloser
