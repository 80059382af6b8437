#include "codec/continuation/seam.h"

#include "codec/continuation/anchor.h"
#include "codec/continuation/words.h"

#include <algorithm>
#include <array>
#include <utility>

namespace recloser::codec {
namespace {

// A begin that is as long as this one is no accident, and is taken for a second start.
constexpr std::size_t same_begin_bytes = 24;
// Fewer words that come again may be meant so.
constexpr std::size_t repeated_bytes_min = 24;
constexpr std::size_t repeated_words_min = 4;
constexpr std::size_t repeated_bytes_max = anchor_bytes_max;
constexpr std::size_t word_bytes_max = 64;

// With what models begin that talk about a continuation.
constexpr std::array<std::string_view, 29> phrases{
    "Sure",
    "Certainly",
    "Of course",
    "Absolutely",
    "Okay",
    "OK",
    "Understood",
    "Continuing",
    "Here is the rest",
    "Here's the rest",
    "Here is the continuation",
    "Here's the continuation",
    "Let me continue",
    "Picking up",
    "To continue",
    "Sorry",
    "I'm sorry",
    "I apologize",
    "Apologies",
    "My apologies",
    "As requested",
    "As I was saying",
    "As I said",
    "Nat\u00fcrlich",
    "Gerne",
    "Bien s\u00fbr",
    "Por supuesto",
    "\u597d\u7684",
    "\u7ee7\u7eed",
};

enum class Match : unsigned char { no, maybe, yes };

// Whether `said` begins with `words`, as far as it has come.
Match begins_with(std::string_view said, std::string_view words) {
  if (said.starts_with(words)) return Match::yes;
  return words.starts_with(said) ? Match::maybe : Match::no;
}

Match chatters(std::string_view said) {
  Match best = Match::no;
  for (std::string_view phrase : phrases) {
    Match match = begins_with(said, phrase);
    if (match == Match::yes && !is_word_border(said, phrase.size())) {
      match = said.size() == phrase.size() ? Match::maybe : Match::no;
    }
    best = std::max(best, match);
  }
  return best;
}

// What may stand before words that are repeated: a line of talk or of a fence; talk up to a colon;
// dots. With more than that a part of the answer could be cut away.
bool is_lead_in(std::string_view before) {
  if (before.find_first_not_of(". \u2026") == std::string_view::npos) return true;
  bool talk = chatters(before) == Match::yes || before.starts_with("```");
  bool one_line = !without_white_end(before).contains('\n');
  return talk && one_line && (before.ends_with('\n') || before.ends_with(": "));
}

std::size_t words_in(std::string_view text) {
  std::size_t words = 0;
  while (!(text = without_white_begin(text)).empty()) {
    ++words;
    text.remove_prefix(std::min(text.find_first_of(white_bytes), text.size()));
  }
  return words;
}

// Words at the end of a text with which another one begins, or that begin its words: a word that
// was cut may come again as a whole.
struct Overlap {
  Match match = Match::no;
  std::size_t bytes = 0;  // the longest
  std::size_t readings = 0;
};

Overlap overlap(std::string_view text, std::string_view next, bool last) {
  Overlap found;
  std::size_t from = text.size() - std::min(text.size(), repeated_bytes_max);
  for (std::size_t at = from; at < text.size(); ++at) {
    if (is_white(text[at]) || !is_word_border(text, at)) continue;
    std::string_view end = text.substr(at);
    if (!has_word(end)) break;
    Match match = begins_with(next, end);
    bool whole = match == Match::yes && next.size() == end.size();
    if (whole && !last) match = Match::maybe;
    if (match == Match::maybe && last) continue;
    if (match == Match::maybe) return {.match = Match::maybe};
    if (match == Match::no) continue;
    ++found.readings;
    if (found.match == Match::no) found.bytes = end.size();
    found.match = Match::yes;
  }
  return found;
}

// The word that the text ends in, from its begin.
std::string_view last_word(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && is_word_character(last_character(text.substr(0, begin)))) {
    do {
      --begin;
    } while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80);
  }
  return text.substr(begin);
}

// Whether the signs that the text ends with ("|", "-") come again in the same line. Below it they
// may: rows of tables and closing braces do.
Match doubles_signs(std::string_view text, std::string_view rest, bool last) {
  std::string_view next = without_white_begin(rest);
  std::string_view space = rest.substr(0, rest.size() - next.size());
  std::string_view signs = last_token(text);
  if (signs.empty() || has_word(signs) || space.empty() || space.contains('\n')) return Match::no;
  Match match = begins_with(next, signs);
  return match == Match::maybe && last ? Match::no : match;
}

std::string_view first_word(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_word_character(first_character(text.substr(end)))) {
    do {
      ++end;
    } while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  }
  return text.substr(0, end);
}

bool stands_in(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    if (is_word_border(text, at) && is_word_border(text, at + word.size())) return true;
  }
  return false;
}

// Two halves of a word that the text knows, and of which it does not know the first as a word.
bool are_one_word(std::string_view text, std::string_view head, std::string_view tail) {
  if (head.empty()) return false;
  std::string_view before = text.substr(0, text.size() - head.size());
  std::string whole(head);
  whole.append(tail);
  return stands_in(before, whole) && !stands_in(before, head);
}

bool is_sentence_sign(char32_t c) {
  return c < 0x80 && std::string_view(".,;:!?").contains(static_cast<char>(c));
}

// Whether `words`, at the end of `text`, come again by mistake: they are many, and the text breaks
// off in the midst of a sentence, because whole lines and clauses are repeated on purpose. In such
// a text the words before them end as they do.
bool is_slip(std::string_view text, std::string_view white, std::string_view words) {
  bool many = words.size() >= repeated_bytes_min && words_in(words) >= repeated_words_min;
  if (!many || white.contains('\n') || is_sentence_sign(last_character(text))) return false;
  std::string_view before = without_white_end(text.substr(0, text.size() - words.size()));
  return before.empty() || last_token(before) != last_token(words);
}

bool is_any_letter(char32_t c) { return c >= 0x80 || is_word_character(c); }

// Behind these a word does not go on, and may or may not follow without a space.
bool is_closing(char32_t c) {
  return c < 0x80 && std::string_view(".,;:!?)]}\"'`*_%").contains(static_cast<char>(c));
}

}  // namespace

std::string_view name_of(Repair repair) {
  switch (repair) {
    case Repair::none:
      return "none";
    case Repair::repeated_end:
      return "repeated_end";
    case Repair::repeated_all:
      return "repeated_all";
    case Repair::chatter:
      return "chatter";
    case Repair::white_space:
      return "white_space";
  }
  return "none";
}

std::string_view name_of(Misfit misfit) {
  switch (misfit) {
    case Misfit::none:
      return "none";
    case Misfit::no_anchor:
      return "no_anchor";
    case Misfit::doubled_words:
      return "doubled_words";
    case Misfit::started_over:
      return "started_over";
    case Misfit::chatter:
      return "chatter";
    case Misfit::word_border:
      return "word_border";
    case Misfit::white_space:
      return "white_space";
    case Misfit::too_large:
      return "too_large";
  }
  return "none";
}

Seam::Seam(std::string delivered, Ask ask)
    : delivered_(std::move(delivered)),
      text_(without_white_end(delivered_)),
      white_(std::string_view(delivered_).substr(text_.size())),
      begin_(without_white_begin(text_)),
      anchor_(anchor_of(text_)),
      ask_(ask) {}

Seam::State Seam::feed(std::string_view text, std::string& out) {
  held_ += text;
  return judge(false, out);
}

Seam::State Seam::finish(std::string& out) { return judge(true, out); }

Seam::State Seam::judge(bool last, std::string& out) {
  if (state_ != State::undecided) return state_;
  if (ask_ == Ask::again) return fit(held_, out);
  std::string_view said = without_white_begin(held_);
  if (held_.size() - said.size() > held_bytes_max) return refuse(Misfit::white_space);
  if (said.empty() && !last) return State::undecided;
  if (said.empty() && ask_ == Ask::prefill) return join(held_, last, out);
  Match anchor =
      ask_ == Ask::instruction && !anchor_.empty() ? begins_with(said, anchor_) : Match::no;
  if (anchor == Match::maybe && !last) return State::undecided;
  if (anchor != Match::yes && starts_over(said, last)) return judge_started_over(said, last, out);
  if (ask_ == Ask::instruction) return judge_anchored(said, last, out);
  return judge_free(said, last, out);
}

// Whether it begins like the text, or may. What is the last words as well is no second start.
bool Seam::starts_over(std::string_view said, bool last) {
  std::size_t most = std::min(said.size(), begin_.size());
  while (same_ < most && said[same_] == begin_[same_]) ++same_;
  if (same_ >= same_begin_bytes || same_ == begin_.size()) return true;
  return same_ == said.size() && !last;
}

Seam::State Seam::judge_started_over(std::string_view said, bool last, std::string& out) {
  if (same_ == begin_.size()) {
    std::string_view rest = said.substr(same_);
    bool certain = ask_ == Ask::instruction || is_slip(text_, white_, begin_);
    if (!certain) return refuse(Misfit::doubled_words);
    bool as_told = ask_ == Ask::instruction && anchor_.size() == begin_.size();
    if (!as_told) repair_ = Repair::repeated_all;
    return judge_behind(rest, last, out);
  }
  if (same_ < said.size() || last) return refuse(Misfit::started_over);
  return State::undecided;
}

// The anchor stands nowhere else in the text: so there is one place at which the text goes on.
Seam::State Seam::judge_anchored(std::string_view said, bool last, std::string& out) {
  Misfit none = ask_ == Ask::instruction ? Misfit::no_anchor : Misfit::chatter;
  if (anchor_.empty()) return refuse(none);
  std::string_view window = said.substr(0, held_bytes_max);  // whatever comes at once
  bool all_here = last || said.size() >= held_bytes_max;
  std::size_t at = window.find(anchor_);
  // A few letters may stand at the begin of talk as well.
  if (at == 0 && anchor_.size() < anchor_bytes_min && chatters(text_) != Match::yes) {
    Match talk = chatters(said);
    if (talk == Match::yes) return refuse(Misfit::chatter);
    if (talk == Match::maybe && !last) return State::undecided;
  }
  if (at == std::string_view::npos) return all_here ? refuse(none) : State::undecided;
  std::size_t end = at + anchor_.size();
  if (at != 0) {
    if (text_.ends_with(said.substr(0, end))) {
      repair_ = Repair::repeated_end;
    } else if (!is_lead_in(said.substr(0, at))) {
      return refuse(Misfit::chatter);
    } else if (!all_here) {
      return State::undecided;  // who only quotes the words says them again
    } else if (window.find(anchor_, at + 1) != std::string_view::npos) {
      return refuse(Misfit::chatter);
    } else {
      repair_ = Repair::chatter;
    }
  }
  return judge_behind(said.substr(end), last, out);
}

// Behind the last words they do not come a second time.
Seam::State Seam::judge_behind(std::string_view rest, bool last, std::string& out) {
  std::string_view next = without_white_begin(rest);
  if (rest.size() - next.size() > held_bytes_max) return refuse(Misfit::white_space);
  if (next.empty() && !last) return State::undecided;
  Match again = std::max(overlap(text_, next, last).match, doubles_signs(text_, rest, last));
  if (again == Match::yes) return refuse(Misfit::doubled_words);
  if (again == Match::maybe) return State::undecided;
  return join(rest, last, out);
}

Seam::State Seam::judge_free(std::string_view said, bool last, std::string& out) {
  Match talk = chatters(said);
  if (talk == Match::maybe && !last) return State::undecided;
  if (talk == Match::yes) return judge_anchored(said, last, out);
  Overlap again = overlap(text_, said, last);
  if (again.match == Match::maybe) return State::undecided;
  if (again.match == Match::yes) {
    std::string_view words = said.substr(0, again.bytes);
    bool once = again.readings == 1 && text_.find(words) == text_.size() - words.size();
    bool certain = once && is_slip(text_, white_, words);
    if (!certain) return refuse(Misfit::doubled_words);
    repair_ = Repair::repeated_end;
    return judge_behind(said.substr(again.bytes), last, out);
  }
  Match signs = doubles_signs(text_, held_, last);
  if (signs == Match::yes) return refuse(Misfit::doubled_words);
  if (signs == Match::maybe) return State::undecided;
  return join(held_, last, out);
}

// White space: the text was sent without that at its end, so that it comes again in front of what
// follows.
Seam::State Seam::join(std::string_view rest, bool last, std::string& out) {
  std::string_view next = without_white_begin(rest);
  std::string_view space = rest.substr(0, rest.size() - next.size());
  if (next.empty() && !last) return State::undecided;
  char32_t before = last_character(text_);
  char32_t after = first_character(next);
  if (white_.empty()) {
    bool meet = space.empty() && is_word_character(after);
    if (!meet || !(is_word_character(before) || is_closing(before))) return fit(rest, out);
    std::string_view tail = first_word(next);
    bool is_word = tail.size() <= word_bytes_max;
    if (is_word && tail.size() == next.size() && !last) return State::undecided;
    bool one_word = is_word && are_one_word(text_, last_word(text_), tail);
    return one_word ? fit(rest, out) : refuse(Misfit::word_border);
  }
  if (space.starts_with(white_)) return fit(rest.substr(white_.size()), out);
  if (next.empty()) return fit("", out);
  bool line_instead = !white_.contains('\n') && space.starts_with('\n');
  bool left_out = space.empty() && is_sentence_sign(before) && is_any_letter(after);
  if (!line_instead && !left_out) return refuse(Misfit::white_space);
  if (repair_ == Repair::none) repair_ = Repair::white_space;
  return fit(rest, out);
}

Seam::State Seam::fit(std::string_view text, std::string& out) {
  out += text;
  held_.clear();
  return state_ = State::fits;
}

Seam::State Seam::refuse(Misfit misfit) {
  held_.clear();
  repair_ = Repair::none;
  misfit_ = misfit;
  return state_ = State::misfits;
}

}  // namespace recloser::codec
