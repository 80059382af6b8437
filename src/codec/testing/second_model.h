// For tests: a model that is asked to go on with an answer which it knows by heart, and its
// manners.
#pragma once

#include "codec/testing/told_answer.h"

#include <string>
#include <string_view>

namespace recloser::codec::testing {

enum class Manner {
  perfect,
  repeats_words,  // a few more of the last words than it was asked for
  restarts,       // tells all of the answer again
  restarts_anew,  // tells another answer
  chatters,       // says that it goes on, and does
  chatters_only,  // the same, without the words it was asked for
  doubles_word,   // the last word twice
  drops_word,     // leaves a word out where it goes on
  drops_space,    // and the white space there
  ends,           // says nothing
};
inline constexpr int manners = 10;
std::string_view name_of(Manner manner);

// Whether no check of the seam can see it: any continuation of a prefill is as good as another.
bool is_invisible(Manner manner, bool prefill);

// What it says when `truth` is all of the answer, of which the request showed the first `shown`
// bytes, and asks it to begin with `words` ("": by prefill, it is to go on at once).
std::string say(Manner manner, std::string_view truth, std::size_t shown, std::string_view words,
                Random& random);

}  // namespace recloser::codec::testing
