// The seam between what a client has of an answer and how a second model goes on with it: whether
// they fit, what is cut away so that they do, or why they do not.
#pragma once

#include "codec/continuation/request.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace recloser::codec {

// What was done so that they fit.
enum class Repair : unsigned char {
  none,
  repeated_end,  // words at the end of the text came again, more than were asked for
  repeated_all,  // all of the text did
  chatter,       // something was said before the words that were asked for
  white_space,   // that stands in both, or in the text alone
};
std::string_view name_of(Repair repair);

// Why they do not fit.
enum class Misfit : unsigned char {
  none,
  no_anchor,      // the last words were asked for, and do not come
  doubled_words,  // words of the end come again, or stand there twice on purpose
  started_over,   // the answer begins anew, and not like the text
  chatter,        // the model talks about what it is going to do
  word_border,    // two letters meet: one word or two?
  white_space,    // the text ends with space that does not belong there
  too_large,      // an event is more than can be placed in the answer
};
std::string_view name_of(Misfit misfit);

// Holds back the begin of the second answer until it is clear. An instruction demands the last
// words (anchor.h): lost and doubled words show. After a prefill there are none: what is written
// twice shows, a word that is left out does not, since any continuation is as good as another.
// Where two readings are possible it does not fit, because an error is better than a wrong text: so
// where two letters meet, unless the text knows the word that they make.
class Seam {
 public:
  enum class State : unsigned char { undecided, fits, misfits };

  // `delivered`: the text that the client has.
  Seam(std::string delivered, Ask ask);
  Seam(const Seam&) = delete;
  Seam& operator=(const Seam&) = delete;

  // More of the second answer's text. From the moment it fits, `out` has got what the client is to
  // get of all that was fed; what comes later is for the client as it is.
  State feed(std::string_view text, std::string& out);
  // The answer has ended, or something else than text comes.
  State finish(std::string& out);

  State state() const { return state_; }
  Repair repair() const { return repair_; }
  Misfit misfit() const { return misfit_; }

  // What is held at most, but where the answer begins anew: the last words stand within it.
  static constexpr std::size_t held_bytes_max = 600;

 private:
  State judge(bool last, std::string& out);
  State judge_anchored(std::string_view said, bool last, std::string& out);
  State judge_started_over(std::string_view said, bool last, std::string& out);
  State judge_free(std::string_view said, bool last, std::string& out);
  State judge_behind(std::string_view rest, bool last, std::string& out);
  State join(std::string_view rest, bool last, std::string& out);
  State fit(std::string_view text, std::string& out);
  State refuse(Misfit misfit);
  bool starts_over(std::string_view said, bool last);

  std::string delivered_;
  std::string_view text_;    // of it: without the white space at its end ..
  std::string_view white_;   // .. and that
  std::string_view begin_;   // the text without the white space at its begin
  std::string_view anchor_;  // "": it has none
  Ask ask_;
  std::string held_;
  std::size_t same_ = 0;  // bytes of what was said that are the begin of the text
  State state_ = State::undecided;
  Repair repair_ = Repair::none;
  Misfit misfit_ = Misfit::none;
};

}  // namespace recloser::codec
