// RequestRooms: the memory that a request needs until an answer begins, lent to one after the
// other.
#pragma once

#include "budget/table.h"
#include "route/plan.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace recloser::relay {

struct RequestRoom {
  std::vector<std::uint64_t> message_begins;
  std::vector<route::Candidate> candidates;
  std::vector<budget::Ask::Scope> scopes;
  std::string scope_texts;  // what their keys point at
  std::string head;
  std::string target_name;

  void clear() {
    message_begins.clear();
    candidates.clear();
    scopes.clear();
    for (std::string* text : {&scope_texts, &head, &target_name}) text->clear();
  }
  std::size_t memory_bytes() const {
    return message_begins.capacity() * sizeof(std::uint64_t) +
           candidates.capacity() * sizeof(route::Candidate) +
           scopes.capacity() * sizeof(budget::Ask::Scope) + scope_texts.capacity() +
           head.capacity() + target_name.capacity();
  }
};

// Belongs to a worker, and outlives what it has lent.
class RequestRooms {
 public:
  static constexpr std::size_t kept_max = 64;
  static constexpr std::size_t kept_bytes_max = 16u << 10;  // in one of them

  struct GiveBack {
    RequestRooms* rooms = nullptr;
    void operator()(RequestRoom* room) const {
      rooms->take_back(std::unique_ptr<RequestRoom>(room));
    }
  };
  using Lent = std::unique_ptr<RequestRoom, GiveBack>;

  RequestRooms() { spare_.reserve(kept_max); }

  Lent lend() {
    std::unique_ptr<RequestRoom> room;
    if (spare_.empty()) {
      room = std::make_unique<RequestRoom>();
    } else {
      room = std::move(spare_.back());
      spare_.pop_back();
    }
    return {room.release(), GiveBack{this}};
  }

 private:
  void take_back(std::unique_ptr<RequestRoom> room) {
    if (spare_.size() == kept_max || room->memory_bytes() > kept_bytes_max) return;
    room->clear();
    spare_.push_back(std::move(room));
  }

  std::vector<std::unique_ptr<RequestRoom>> spare_;
};

}  // namespace recloser::relay
