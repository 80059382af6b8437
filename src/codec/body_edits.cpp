#include "codec/body_edits.h"

#include "core/check.h"

namespace recloser::codec {

void BodyEdits::replace(Span range, std::string_view text) {
  CHECK(count_ < edits_max, "more edits of one body than there is room for");
  std::size_t at = count_;
  while (at > 0 && edits_[at - 1].range.begin > range.begin) {
    edits_[at] = edits_[at - 1];
    --at;
  }
  edits_[at] = Edit{.range = range,
                    .text_begin = static_cast<std::uint32_t>(text_.size()),
                    .text_size = static_cast<std::uint32_t>(text.size())};
  ++count_;
  text_.append(text);
  for (std::size_t i = 1; i < count_; ++i) {
    CHECK(edits_[i - 1].range.end <= edits_[i].range.begin, "edits of one body overlap");
  }
}

std::uint64_t BodyEdits::size_after(std::uint64_t size) const {
  for (std::size_t i = 0; i < count_; ++i)
    size = size - edits_[i].range.size() + edits_[i].text_size;
  return size;
}

std::span<const std::string_view> BodyEdits::pieces(
    std::string_view body, std::array<std::string_view, pieces_max>& room) const {
  std::size_t pieces = 0;
  std::uint64_t from = 0;
  auto add = [&](std::string_view piece) {
    if (!piece.empty()) room[pieces++] = piece;
  };
  for (std::size_t i = 0; i < count_; ++i) {
    const Edit& edit = edits_[i];
    add(body.substr(from, edit.range.begin - from));
    add(std::string_view(text_).substr(edit.text_begin, edit.text_size));
    from = edit.range.end;
  }
  add(body.substr(from));
  return {room.data(), pieces};
}

}  // namespace recloser::codec
