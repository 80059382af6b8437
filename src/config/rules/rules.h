// What no single field can say: what is filled in when a part is left out, and which values do not
// go together.
#pragma once

#include "config/config.h"
#include "config/schema/reading.h"
#include "config/yaml/node.h"

namespace recloser::config {

// Providers from the environment when the file names none; the models of a simulated provider.
void complete(Reading& in, const Node& root, Config& config);

// Brings the amounts of a budget to what is counted, and tells `in` about values that do not go
// together; `node` is the document.
void complete_budget(Reading& in, const Node& node, Budget& budget);

// The same of what recloser.yaml says of budgets and rates.
void complete_allowances(Reading& in, const Node& root, Config& config);

// Reads the documents in the files that `policies` names. What is found is of those files; `root`
// has the places of the names.
void read_documents(Reading& in, const Node& root, Config& config);

// Tells `in` about values that do not go together. `root` has the places.
void judge(Reading& in, const Node& root, const Config& config);

}  // namespace recloser::config
