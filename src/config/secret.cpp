#include "config/secret.h"

#include <cstring>
#include <ostream>
#include <utility>

namespace recloser::config {
namespace {

void wipe_bytes(std::vector<char>& bytes) {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

}  // namespace

Secret::~Secret() { wipe_bytes(bytes_); }

Secret& Secret::operator=(const Secret& other) {
  Secret copy(other);
  bytes_.swap(copy.bytes_);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  Secret taken(std::move(other));
  bytes_.swap(taken.bytes_);
  return *this;
}

bool Secret::equals(std::string_view text) const {
  // Walks all of `text` even when the lengths differ, reading our own bytes round and round.
  unsigned different = text.size() == bytes_.size() ? 0 : 1;
  if (bytes_.empty()) return text.empty();
  std::size_t ours = 0;
  for (char c : text) {
    different |= static_cast<unsigned char>(c) ^ static_cast<unsigned char>(bytes_[ours]);
    ours = ours + 1 == bytes_.size() ? 0 : ours + 1;
  }
  return different == 0;
}

void wipe(std::string& text) {
  if (!text.empty()) explicit_bzero(text.data(), text.size());
  text.clear();
}

std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "[secret]"; }

}  // namespace recloser::config
