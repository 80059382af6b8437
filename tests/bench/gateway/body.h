// The bodies of the bench: a chat request of a wanted size, and what the provider reads back from
// it.
#pragma once

#include "core/time.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace recloser::bench {

// What the load asks the provider to do. It travels in the request's `user` field, as
// "bench chunks=100 interval_us=10000;", so that one provider serves every part of the bench.
struct Order {
  bool stream = false;
  bool usage = false;  // `stream_options.include_usage`
  unsigned chunks = 100;
  Duration interval = 10ms;
};

// A chat completion request of `bytes` bytes (at least what its fields need). Large ones hold many
// messages, as the prompt of a coding agent does.
std::string chat_request(const Order& order, std::string_view model, std::size_t bytes);

// Reads an order from the first and last kilobytes of a body that goes by: large ones are not kept.
class OrderReader {
 public:
  void add(std::string_view piece);
  Order order() const;
  void restart();

 private:
  std::string first_;
  std::string last_;
};

}  // namespace recloser::bench
