// A credential: compared and sent, never printed, wiped from memory when it dies.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace recloser::config {

// The bytes always live on the heap: a short std::string would leave a copy of itself behind when
// it is moved.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }

  // The text itself, for the wire, a hash or a comparison; never for a message. The long name is
  // there to be searched for.
  std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }

  // In a time that depends on the length of `text` only.
  bool equals(std::string_view text) const;

 private:
  std::vector<char> bytes_;
};

// Overwrites what `text` holds; the compiler cannot leave it out.
void wipe(std::string& text);

std::ostream& operator<<(std::ostream& out, const Secret& secret);  // "[secret]"

}  // namespace recloser::config

template <>
struct fmt::formatter<recloser::config::Secret> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(const recloser::config::Secret&, Context& context) const {
    return fmt::format_to(context.out(), "[secret]");
  }
};
