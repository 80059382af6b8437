// The note in a whole answer (not a stream) that ended because of a limit of ours.
#pragma once

#include "codec/operation.h"

#include <string>
#include <string_view>

namespace recloser::codec {

// Puts `note` behind the text of each choice that ended for its length; in the answers of Responses
// and messages, behind the last text. False, and nothing is changed: there is none, or `body` is no
// such answer.
bool append_answer_note(std::string& body, Operation operation, std::string_view note);

}  // namespace recloser::codec
