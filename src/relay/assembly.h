// Assembly: an answer that its provider streams and that its client gets whole.
#pragma once

#include "codec/assembled.h"
#include "core/limits.h"

#include <string>

namespace recloser::relay {

struct Assembly {
  explicit Assembly(codec::Operation operation) : answer(operation, limits::assembled_bytes_max) {}

  codec::Assembled answer;
  std::string fields;  // of the client's head, as whole lines
  std::string body;    // once the answer is over: what the client gets, and with which status
  int status = 0;
};

}  // namespace recloser::relay
