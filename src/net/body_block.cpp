#include "net/body_block.h"

#include "net/worker.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace recloser::net {
namespace {

constexpr std::size_t padding_bytes = 64;  // behind the body, for vector loads

}  // namespace

void BodyBlock::FreeBytes::operator()(char* bytes) const { std::free(bytes); }

Result<void> BodyBlock::grow_to(std::size_t bytes, std::size_t bytes_max, MemoryBudget& budget) {
  if (bytes <= room_) return {};
  std::size_t room = std::min(bytes_max, std::max(bytes, room_ * 2));
  if (!share_.grow_to(budget, room)) {
    return fail(
        Side::gateway, Kind::full,
        "Recloser holds as many request bodies as `limits.bufferedBytes` allows; try again");
  }
  if (!resize(room)) return fail(Side::gateway, Kind::full, "out of memory for a request body");
  return {};
}

// realloc() moves the pages of a large block, not its bytes, and unmaps those at its end.
bool BodyBlock::resize(std::size_t bytes) {
  // tidy: allow banned - a container would copy 16 MiB to grow; FreeBytes gives it back
  char* moved = static_cast<char*>(std::realloc(bytes_.get(), bytes + padding_bytes));
  if (moved == nullptr) return false;
  [[maybe_unused]] char* old = bytes_.release();
  bytes_.reset(moved);
  room_ = bytes;
  return true;
}

void BodyBlock::give_back(Worker& worker) {
  if (room_ > give_back_bytes_per_turn) {
    worker.tasks().spawn("body given back", shrink_away(std::move(*this), worker));
  }
  *this = BodyBlock();
}

Task<void> BodyBlock::shrink_away(BodyBlock block, Worker& worker) {
  while (block.room_ > give_back_bytes_per_turn) {
    co_await worker.yield(FairQueue::nobody);
    if (!block.resize(block.room_ - give_back_bytes_per_turn)) co_return;
  }
}

}  // namespace recloser::net
