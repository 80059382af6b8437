#include "codec/testing/second_model.h"

#include <algorithm>
#include <array>

namespace recloser::codec::testing {
namespace {

constexpr std::string_view white = " \n\t";

// From where the last `count` words of `text` begin.
std::size_t last_words(std::string_view text, std::size_t count) {
  std::size_t at = text.size();
  for (; count > 0 && at > 0; --count) {
    at = text.find_last_not_of(white, at - 1);
    if (at == std::string_view::npos) return 0;
    at = text.find_last_of(white, at);
    if (at == std::string_view::npos) return 0;
  }
  return std::min(text.find_first_not_of(white, at), text.size());
}

std::string without_first_word(std::string_view text) {
  std::size_t begin = std::min(text.find_first_not_of(white), text.size());
  std::size_t end = std::min(text.find_first_of(white, begin), text.size());
  return std::string(text.substr(end));
}

}  // namespace

std::string_view name_of(Manner manner) {
  constexpr std::array<std::string_view, manners> names{
      "perfect",       "repeats_words", "restarts",   "restarts_anew", "chatters",
      "chatters_only", "doubles_word",  "drops_word", "drops_space",   "ends"};
  return names[static_cast<std::size_t>(manner)];
}

bool is_invisible(Manner manner, bool prefill) {
  return prefill && (manner == Manner::drops_word || manner == Manner::ends ||
                     manner == Manner::restarts_anew);
}

std::string say(Manner manner, std::string_view truth, std::size_t shown, std::string_view words,
                Random& random) {
  constexpr std::array<std::string_view, 8> talk{
      "Sure, continuing from where I left off:\n\n", "Continuing from where I left off: ",
      "Here is the rest of the answer:\n",           "Certainly! ",
      "Nat\u00fcrlich, weiter geht es:\n",           "\u597d\u7684\uff0c\u7ee7\u7eed\uff1a\n",
      "Apologies for the interruption.\n",           "As I was saying, ",
  };
  std::string_view before = truth.substr(0, shown);
  std::string rest(truth.substr(shown));
  std::string asked(words);
  switch (manner) {
    case Manner::perfect:
      return asked + rest;
    case Manner::repeats_words: {
      std::size_t from = last_words(before.substr(0, shown - words.size()), 1 + random.below(9));
      return std::string(truth.substr(from));
    }
    case Manner::restarts:
      return std::string(truth);
    case Manner::restarts_anew:
      return "Let me think about this another way. " + std::string(truth.substr(shown / 2));
    case Manner::chatters:
      return std::string(talk[random.below(talk.size())]) + asked + rest;
    case Manner::chatters_only: {
      std::string said(talk[random.below(talk.size())]);
      return said + std::string(truth.substr(truth.find_first_not_of(white, shown) < truth.size()
                                                 ? truth.find_first_not_of(white, shown)
                                                 : truth.size()));
    }
    case Manner::doubles_word: {
      std::string again(before.substr(last_words(before, 1)));
      return asked + " " + again + rest;
    }
    case Manner::drops_word:
      if (!words.empty()) {
        return asked.substr(0, last_words(words, 1)) + without_first_word(rest);
      }
      return without_first_word(rest);
    case Manner::drops_space:
      return asked + rest.substr(std::min(rest.find_first_not_of(white), rest.size()));
    case Manner::ends:
      return "";
  }
  return "";
}

}  // namespace recloser::codec::testing
