// What no single field can say: what is filled in when a part is left out, and which values do not
// go together.
#pragma once

#include "config/config.h"
#include "config/schema/reading.h"
#include "config/yaml/node.h"

namespace recloser::config {

// Providers from the environment when the file names none; the models of a simulated provider.
void complete(Reading& in, const Node& root, Config& config);

// Tells `in` about values that do not go together. `root` has the places.
void judge(Reading& in, const Node& root, const Config& config);

}  // namespace recloser::config
