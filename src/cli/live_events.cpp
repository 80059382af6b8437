#include "cli/live_events.h"

#include <utility>

namespace recloser::cli {

bool LiveEvents::next(std::string_view& piece) {
  if (std::exchange(whole_, false)) {
    name_.clear();
    data_.clear();
  }
  while (!too_large()) {
    switch (reader_.next(piece)) {
      case codec::SseToken::none:
        return false;
      case codec::SseToken::comment:
        break;
      case codec::SseToken::name:
        if (reader_.text_begins()) name_.clear();
        name_ += reader_.text();
        break;
      case codec::SseToken::data:
        data_ += reader_.text();
        break;
      case codec::SseToken::event_end:  // of a comment too, which is none
        whole_ = !data_.empty();
        if (whole_) return true;
        name_.clear();
        break;
    }
  }
  return false;
}

}  // namespace recloser::cli
