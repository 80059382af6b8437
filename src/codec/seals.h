// Seals: what of a conversation only the provider can read that wrote it, and others refuse.
#pragma once

#include "codec/body_edits.h"
#include "codec/operation.h"
#include "codec/request.h"

#include <string_view>

namespace recloser::codec {

// Takes them out of the client's `body`, as far as the API lets them be left out:
//   messages   blocks `thinking`, `redacted_thinking`; a message that has nothing else goes too.
//              Where tools were called in the turn that goes on, a model whose thinking has a
//              budget demands that this begins with thinking: then it is asked not to think.
//   responses  items `reasoning` that are encrypted, or are only named and kept elsewhere
//   chat       what stands in a message beside the words of the API: `reasoning_details`,
//              `thinking_blocks`; in a call, `extra_content` and the like
// All else stays as it is, byte for byte. At most two edits. False: there are none, and no edit is
// made. (What has text in no other form, such as a compaction, stays: without it the conversation
// would be another.)
bool take_out_seals(BodyEdits& edits, Operation operation, std::string_view body,
                    const RequestFacts& facts);

// Whether the body of an error (400) says that a provider was sent some that it cannot read. It may
// quote what a client wrote: it says something of that call alone.
bool refuses_seals(std::string_view error_body);

}  // namespace recloser::codec
