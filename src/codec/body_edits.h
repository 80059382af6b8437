// A few changes to a body that is not copied: where, how many bytes go, what comes instead.
#pragma once

#include "codec/event.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace recloser::codec {

// Edits are kept in the order of their offsets and must not overlap. With none, the pieces are the
// body itself.
class BodyEdits {
 public:
  static constexpr std::size_t edits_max = 5;
  static constexpr std::size_t pieces_max = 2 * edits_max + 1;

  // Replaces the bytes `range` of the body by `text`, which is copied.
  void replace(Span range, std::string_view text);
  void insert(std::uint64_t at, std::string_view text) { replace({at, at}, text); }

  bool empty() const { return count_ == 0; }

  // The size of the body after the edits, given its size before.
  std::uint64_t size_after(std::uint64_t size) const;

  // The views to write one after another. They live as long as `body` and this object stay as they
  // are.
  std::span<const std::string_view> pieces(std::string_view body,
                                           std::array<std::string_view, pieces_max>& room) const;

 private:
  struct Edit {
    Span range;
    std::uint32_t text_begin = 0;
    std::uint32_t text_size = 0;
  };

  std::array<Edit, edits_max> edits_;
  std::size_t count_ = 0;
  std::string text_;
};

}  // namespace recloser::codec
