// The readers of single operations; read_call() has parsed the JSON and found the model.
#pragma once

#include "sim/read/fields.h"
#include "sim/read/prompt.h"

namespace recloser::sim {

void read_chat(Fields& fields, Prompt& prompt, Call& call);
void read_completions(Fields& fields, Prompt& prompt, Call& call);
void read_embeddings(Fields& fields, Prompt& prompt, Call& call);
void read_moderations(Fields& fields, Prompt& prompt, Call& call);
void read_responses(Fields& fields, Prompt& prompt, Call& call);
void read_messages(Fields& fields, Prompt& prompt, Call& call);

}  // namespace recloser::sim
