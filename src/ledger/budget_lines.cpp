#include "ledger/budget_lines.h"

#include "ledger/crc32c.h"

#include <atomic>
#include <cstring>

namespace recloser::ledger {
namespace {

constexpr std::int64_t never = INT64_MAX;

// The texts of a line lie behind each other, from `at` on.
struct Entry {
  std::int64_t window_begun;
  std::int64_t charged_at;
  std::int64_t counts_until;
  std::int64_t reserved;
  std::int64_t charged;
  std::int64_t remaining;
  std::uint16_t at;
  std::uint16_t key_bytes;
  std::uint8_t name_bytes;
  std::uint8_t unit_bytes;
  std::uint8_t kind_bytes;
  std::uint8_t unused;

  std::size_t text_bytes() const {
    return std::size_t{name_bytes} + unit_bytes + kind_bytes + key_bytes;
  }
};
static_assert(sizeof(Entry) == 56, "no hole, whose bytes would be in a checksum");
static_assert(sizeof(Entry) + budget_name_bytes_max + budget_unit_bytes_max +
                  budget_kind_bytes_max + budget_key_bytes_max <=
              BudgetPart::room_bytes);

Entry entry_at(std::span<const char> room, std::size_t i) {
  Entry entry{};
  std::memcpy(&entry, room.data() + i * sizeof(Entry), sizeof entry);
  return entry;
}

void take_figures(Entry& entry, const BudgetFigures& figures) {
  entry.reserved = figures.reserved;
  entry.charged = figures.charged;
  entry.remaining = figures.remaining;
  entry.charged_at = figures.charged_at.ns;
  entry.counts_until = figures.counts_until ? figures.counts_until->ns : never;
}

Entry entry_of(const BudgetLine& line, std::size_t at) {
  Entry entry{};
  entry.window_begun = line.window_begun.ns;
  take_figures(entry, line.figures);
  entry.at = static_cast<std::uint16_t>(at);
  entry.key_bytes = static_cast<std::uint16_t>(line.key.size());
  entry.name_bytes = static_cast<std::uint8_t>(line.name.size());
  entry.unit_bytes = static_cast<std::uint8_t>(line.unit.size());
  entry.kind_bytes = static_cast<std::uint8_t>(line.kind.size());
  return entry;
}

}  // namespace

std::string_view BudgetLine::too_long() const {
  if (name.size() > budget_name_bytes_max) return "name";
  if (unit.size() > budget_unit_bytes_max) return "unit";
  if (kind.size() > budget_kind_bytes_max) return "kind";
  if (key.size() > budget_key_bytes_max) return "key";
  return {};
}

bool add_line(BudgetHead& head, std::span<char> room, const BudgetLine& line) {
  std::size_t texts = line.name.size() + line.unit.size() + line.kind.size() + line.key.size();
  std::size_t numbers = (head.count + 1u) * sizeof(Entry);
  if (numbers + head.text_bytes + texts > room.size()) return false;
  std::size_t at = room.size() - head.text_bytes - texts;
  Entry entry = entry_of(line, at);
  for (std::string_view text : {line.name, line.unit, line.kind, line.key}) {
    if (!text.empty()) std::memcpy(room.data() + at, text.data(), text.size());
    at += text.size();
  }
  std::memcpy(room.data() + head.count * sizeof(Entry), &entry, sizeof entry);
  head.text_bytes = static_cast<std::uint16_t>(head.text_bytes + texts);
  // Whole before it counts: a killed process leaves a prefix of its stores.
  std::atomic_signal_fence(std::memory_order_release);
  ++head.count;
  return true;
}

BudgetLine line_at(std::span<const char> room, std::size_t i) {
  Entry entry = entry_at(room, i);
  const char* at = room.data() + entry.at;
  auto text = [&at](std::size_t size) {
    std::string_view out(at, size);
    at += size;
    return out;
  };
  BudgetLine line;
  line.name = text(entry.name_bytes);
  line.unit = text(entry.unit_bytes);
  line.kind = text(entry.kind_bytes);
  line.key = text(entry.key_bytes);
  line.window_begun = {entry.window_begun};
  line.figures = {.reserved = entry.reserved,
                  .charged = entry.charged,
                  .remaining = entry.remaining,
                  .charged_at = {entry.charged_at},
                  .counts_until = std::nullopt};
  if (entry.counts_until != never) line.figures.counts_until = WallTime{entry.counts_until};
  return line;
}

void set_figures(std::span<char> room, std::size_t i, const BudgetFigures& figures) {
  Entry entry = entry_at(room, i);
  take_figures(entry, figures);
  std::memcpy(room.data() + i * sizeof(Entry), &entry, sizeof entry);
}

void set_charged(std::span<char> room, std::size_t i, std::int64_t charged) {
  std::memcpy(room.data() + i * sizeof(Entry) + offsetof(Entry, charged), &charged, sizeof charged);
}

bool sound(const BudgetHead& head, std::span<const char> room) {
  std::size_t numbers = head.count * sizeof(Entry);
  if (numbers + head.text_bytes > room.size()) return false;
  for (std::size_t i = 0; i < head.count; ++i) {
    Entry entry = entry_at(room, i);
    bool in_range =
        entry.at >= room.size() - head.text_bytes && entry.at + entry.text_bytes() <= room.size();
    if (!in_range) return false;
  }
  return true;
}

std::uint32_t checksum(const BudgetHead& head, std::span<const char> room, std::uint32_t before) {
  std::uint32_t crc = crc32c(room.data(), head.count * sizeof(Entry), before);
  return crc32c(room.data() + room.size() - head.text_bytes, head.text_bytes, crc);
}

std::uint32_t BudgetPart::checksum_from(std::uint32_t before) const {
  return checksum(head, room, crc32c(&head, sizeof head, before));
}

}  // namespace recloser::ledger
