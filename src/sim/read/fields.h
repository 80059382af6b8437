// Fields: the members of a request body, each judged as it is read; the first fault is kept.
#pragma once

#include "codec/operation.h"
#include "sim/call.h"
#include "sim/read/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace recloser::sim {

class Fields {
 public:
  Fields(const Json& body, codec::Family family) : body_(body), family_(family) {}

  const Json& body() const { return body_; }
  codec::Family family() const { return family_; }

  std::string text(std::string_view name);
  bool boolean(std::string_view name);
  std::optional<std::uint64_t> integer(std::string_view name, std::int64_t least,
                                       std::int64_t most);
  void number(std::string_view name, double least, double most);
  // An array with something in it; null after a fault.
  const Json* filled_array(std::string_view name);

  void missing(std::string_view name);
  // `where` may be a path: "messages[0].role". The sentence begins in lower case.
  void fault(std::string_view where, std::string_view code, std::string_view sentence);
  void fail(ApiError error) {
    if (!error_) error_ = std::move(error);
  }

  bool good() const { return !error_; }
  const std::optional<ApiError>& error() const { return error_; }

 private:
  const Json& body_;
  codec::Family family_;
  std::optional<ApiError> error_;
};

}  // namespace recloser::sim
