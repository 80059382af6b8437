#include "core/frame_pool.h"

#include <array>
#include <new>

namespace recloser {
namespace {

// AddressSanitizer must see each frame's life, so sanitized builds go to the allocator every time.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RECLOSER_PLAIN_FRAMES 1
#endif
#endif

constexpr std::size_t frame_granule_bytes = 64;
constexpr std::size_t frame_classes = 64;      // frames up to 4 KiB are kept
constexpr std::size_t frames_kept_max = 4096;  // per size class; more go back to the allocator

struct FreeFrame {
  FreeFrame* next;
};

// One thread's free frames, by size class.
class FramePool {
 public:
  ~FramePool() {
    for (FreeFrame* frame : free_) {
      while (frame != nullptr) {
        FreeFrame* next = frame->next;
        ::operator delete(frame);
        frame = next;
      }
    }
  }

  void* allocate(std::size_t size_class) {
    FreeFrame* frame = free_[size_class];
    if (frame == nullptr) return ::operator new(size_class * frame_granule_bytes);
    free_[size_class] = frame->next;
    --kept_[size_class];
    return frame;
  }

  void free(void* memory, std::size_t size_class) {
    if (kept_[size_class] == frames_kept_max) {
      ::operator delete(memory);
      return;
    }
    ++kept_[size_class];
    auto* frame = static_cast<FreeFrame*>(memory);
    frame->next = free_[size_class];
    free_[size_class] = frame;
  }

 private:
  std::array<FreeFrame*, frame_classes> free_{};
  std::array<std::size_t, frame_classes> kept_{};
};

[[maybe_unused]] thread_local FramePool pool;

[[maybe_unused]] constexpr std::size_t class_of(std::size_t bytes) {
  return (bytes + frame_granule_bytes - 1) / frame_granule_bytes;
}

}  // namespace

void* frame_allocate(std::size_t bytes) {
#if !defined(RECLOSER_PLAIN_FRAMES)
  if (class_of(bytes) < frame_classes) return pool.allocate(class_of(bytes));
#endif
  return ::operator new(bytes);
}

void frame_free(void* frame, [[maybe_unused]] std::size_t bytes) noexcept {
#if !defined(RECLOSER_PLAIN_FRAMES)
  if (class_of(bytes) < frame_classes) {
    pool.free(frame, class_of(bytes));
    return;
  }
#endif
  ::operator delete(frame);
}

}  // namespace recloser
