// The configured providers as the relay uses them: where to dial, what to send in front of every
// request.
#pragma once

#include "codec/operation.h"
#include "config/config.h"
#include "net/dial.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace recloser::relay {

// One provider, ready to be called. Immutable; its address is the key of the pools.
struct Provider {
  const config::Provider* config = nullptr;
  std::size_t index = 0;  // among all of them
  net::DialTarget dial;
  std::string host_field;
  std::string openai_base;     // what stands before an OpenAI route's path: "/v1"
  std::string anthropic_base;  // before "/v1/messages": usually ""
  // The credential as a whole header line with CR LF, for each family; "" when the client's own
  // goes on.
  std::string openai_credential;
  std::string anthropic_credential;
  // The operator's own headers, whole lines.
  std::string extra_fields;

  // Whether it serves calls of this family without translation.
  bool speaks(codec::Family family) const;
};

class Providers {
 public:
  // `simulated` is where the built-in provider listens, when one is configured. Errors are the
  // operator's: certificate files that cannot be read.
  static Result<std::shared_ptr<const Providers>> make(std::shared_ptr<const config::Config> config,
                                                       std::optional<std::uint16_t> simulated_port);

  const std::vector<Provider>& all() const { return all_; }
  const Provider& at(std::size_t index) const { return all_[index]; }

 private:
  std::shared_ptr<const config::Config> config_;  // what `Provider::config` points into
  std::vector<Provider> all_;
};

}  // namespace recloser::relay
