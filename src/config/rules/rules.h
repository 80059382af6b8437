// What no single field can say: what is filled in when a part is left out, and which values do not
// go together.
#pragma once

#include "config/belonging.h"
#include "config/config.h"
#include "config/schema/reading.h"
#include "config/yaml/node.h"

namespace recloser::config {

// Providers from the environment when the file names none; the models of a simulated provider.
void complete(Reading& in, const Node& root, Config& config);

// Brings the amounts of a budget to what is counted, and tells `in` about values that do not go
// together; `node` is the document.
void complete_budget(Reading& in, const Node& node, Budget& budget);

// The same of the short form in the field `budget` of `owner`.
void complete_allowances_of(Reading& in, const Node& owner, std::vector<Allowance>& budgets);

// The same of a document of kind Org, Team or User, whose kind is known, or Key.
void complete_holder(Reading& in, const Node& node, Holder& holder);
void complete_key(Reading& in, const Node& node, Key& key);
// Of what its `spec` alone says.
void judge_holder(Reading& in, const Node& spec, Holder& holder);

// Says of which team or user a key or a user is; told about once all documents are read.
struct Belonging {
  std::string file;  // as Findings::turn_to() wants it
  std::string path;
  Place place;
  HolderKind kind = HolderKind::team;
  std::string org;   // "": left out
  std::string name;  // likewise
};
// Tells `in` when there is none of that name in that org, or it is not clear which is meant.
void judge_belonging(Reading& in, const Belonging& belonging, const HolderIndex& holders);

// The same of what recloser.yaml says of budgets and rates.
void complete_allowances(Reading& in, const Node& root, Config& config);

// Reads the documents in the files that `policies` names. What is found is of those files; `root`
// has the places of the names.
void read_documents(Reading& in, const Node& root, Config& config);

// The same of whose tokens are taken: part of judge().
void judge_identity(Reading& in, const Node& root, const Config& config);

// The same of models and where they are served.
void judge_models(Reading& in, const Node& root, const Config& config);

// Tells `in` about values that do not go together. `root` has the places.
void judge(Reading& in, const Node& root, const Config& config);

}  // namespace recloser::config
