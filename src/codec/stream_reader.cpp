#include "codec/stream_reader.h"

#include "codec/provider_error.h"
#include "core/limits.h"

#include <algorithm>
#include <utility>

namespace recloser::codec {
namespace {

constexpr std::string_view done_text = "[DONE]";

// What is kept of a held event's buffer between events: enough for the deltas of usual streams,
// little enough for five thousand of them.
constexpr std::size_t held_bytes_kept = 1024;

// A text of this size takes part of a millisecond to copy or to count: beyond it, that is done in
// parts as the pieces come, and room is taken once for all that may come.
constexpr std::size_t large_bytes = 128u << 10;

// Of one SSE event, which may be of any size: what is kept must not grow with it, and is told in
// one turn. Real ones hold a few.
constexpr std::size_t drafts_max = 4096;

}  // namespace

const StreamReader::Grammar& StreamReader::grammar_of(Operation operation, Family family) {
  if (family == Family::anthropic) return messages;
  if (operation == Operation::completions) return completions;
  return operation == Operation::responses ? responses : chat;
}

StreamReader::StreamReader(Operation operation, Family family)
    : StreamReader(grammar_of(operation, family)) {}

StreamReader::StreamReader(const Grammar& grammar)
    : grammar_(&grammar), scanner_(*grammar_->table) {
  drafts_.reserve(2);
  if (grammar_ == &messages) turns_ = std::make_unique<Turns>();
}

void StreamReader::go_on() {
  StreamReader next(*grammar_);
  next.facts_ = std::move(facts_);
  StreamFacts& facts = next.facts_;
  facts.finish = Finish::none;
  facts.saw_finish = facts.saw_done = facts.saw_error = facts.incomplete_tail = false;
  *this = std::move(next);
}

std::optional<Event> StreamReader::next(std::string_view& bytes) {
  if (!in_frame_ && told_ < drafts_.size()) return tell();
  begin_frame();
  while (!bytes.empty()) {
    switch (sse_.next(bytes)) {
      case SseToken::none:
        break;
      case SseToken::data:
        data(sse_.text());
        break;
      case SseToken::name:
        if (sse_.text_begins()) slots_[slot_event] = {};  // a second name replaces the first
        append(slots_[slot_event], sse_.text(), false);
        break;
      case SseToken::comment:
        break;
      case SseToken::event_end:
        end_frame(true);
        return tell();
    }
  }
  if (sse_.inside_event()) hold();
  return std::nullopt;
}

std::optional<Event> StreamReader::finish() {
  if (!in_frame_ && told_ < drafts_.size()) return tell();
  if (finished_) return std::nullopt;
  begin_frame();
  finished_ = true;
  if (sse_.finish() == SseToken::event_end) {
    end_frame(true);
  } else if (sse_.inside_event()) {
    facts_.incomplete_tail = true;
    end_frame(false);
  }
  if (drafts_.empty()) return std::nullopt;
  return tell();
}

bool StreamReader::ended() const {
  return facts_.saw_done || (grammar_->ends_with_finish && facts_.saw_finish);
}

// Forgets the event that has been told, unless one is being read.
void StreamReader::begin_frame() {
  if (in_frame_) return;
  in_frame_ = true;
  drafts_.clear();
  told_ = 0;
  frame_ = Frame{.range = {frame_.range.end, frame_.range.end}};
  payload_ = Payload::none;
  slots_ = {};
  text_bytes_ = 0;
  counted_raw_ = 0;
  sealed_bytes_ = 0;
  choices_ = 0;
  choice_index_ = 0;
  status_ = 0;
  text_kind_ = EventKind::other;
  open_ = nullptr;
  base_ = nullptr;
  saw_usage_ = saw_figure_ = saw_error_ = false;
  if (is_held_) {
    is_held_ = false;
    held_.clear();
    if (held_.capacity() > held_bytes_kept) held_.shrink_to_fit();
  }
}

void StreamReader::data(std::string_view bytes) {
  if (payload_ == Payload::none) {
    data_begin_ = sse_.offset() - bytes.size();
    done_at_ = 0;
    payload_ = bytes.front() == '[' ? Payload::maybe_done : Payload::json;
    scanner_.restart();
    alike_ = Alike::no;
    if (!is_held_ && sse_.data_lines() == 1) {  // else these are not bytes of the piece
      if (base_ == nullptr) base_ = bytes.data();
      data_at_ = bytes.data();
      if (recall(bytes)) bytes.remove_prefix(likeness_->head_bytes);
    }
  }
  if (payload_ == Payload::maybe_done) {
    while (!bytes.empty() && done_at_ < done_text.size() && bytes.front() == done_text[done_at_]) {
      bytes.remove_prefix(1);
      ++done_at_;
    }
    if (done_at_ == done_text.size()) payload_ = Payload::done;
    if (bytes.empty()) return;
    if (payload_ == Payload::maybe_done) {
      payload_ = Payload::json;
      json(done_text.substr(0, done_at_));
    }
  }
  if (payload_ == Payload::json) json(bytes);
}

void StreamReader::json(std::string_view bytes) {
  for (;;) {
    JsonToken token = alike_ == Alike::text ? next_behind_text(bytes) : scanner_.next(bytes);
    if (token == JsonToken::none) return;
    if (token == JsonToken::error) {
      payload_ = Payload::broken;
      return;
    }
    if (token == JsonToken::text && grammar_->streams(scanner_.id())) {
      if (alike_ == Alike::no) remember();
      if (alike_ == Alike::head) alike_ = Alike::text;
    }
    if (open_ != nullptr) {
      bool of_usage = keep(token, open_) == &slots_[slot_usage_text];
      if (of_usage && token == JsonToken::text) usage_text_done();
    } else {
      (this->*grammar_->take)(token);
    }
  }
}

bool StreamReader::recall(std::string_view bytes) {
  if (likeness_ == nullptr || unlike_ == unlike_max) return false;
  const Likeness& like = *likeness_;
  bool same = bytes.starts_with(like.head()) && data_at_ - base_ == like.before_data &&
              slots_[slot_event].size == like.slots_then[slot_event].size;
  if (!same) {
    ++unlike_;
    return false;
  }
  unlike_ = 0;
  alike_ = Alike::head;
  scanner_.go_to(like.before_text);
  slots_ = like.slots_then;
  if (like.has_draft) drafts_.push_back(like.draft);
  reasoning_id_ = like.reasoning_id;
  text_bytes_ = like.text_bytes;
  choices_ = like.choices;
  choice_first_ = like.choice_first;
  choice_index_ = like.choice_index;
  return true;
}

// Called when a streamed text has been read and not yet taken.
void StreamReader::remember() {
  if (is_held_ || unlike_ == unlike_max || sse_.data_lines() != 1) return;
  if (drafts_.size() > 1 || saw_usage_ || saw_error_ || status_ != 0 || sealed_bytes_ != 0 ||
      !frame_.null_usage.empty()) {
    return;
  }
  if (likeness_ == nullptr) likeness_ = std::make_unique<Likeness>();
  Likeness& like = *likeness_;
  like.bytes.assign(data_at_, scanner_.value().begin);
  like.head_bytes = static_cast<std::uint32_t>(like.bytes.size());
  like.before_text = scanner_.before_value();
  like.slots_then = slots_;
  like.has_draft = !drafts_.empty();
  if (like.has_draft) like.draft = drafts_.front();
  like.reasoning_id = reasoning_id_;
  like.before_data = static_cast<std::uint32_t>(data_at_ - base_);
  like.text_bytes = text_bytes_;
  like.choices = choices_;
  like.choice_first = choice_first_;
  like.choice_index = choice_index_;
}

// The token that follows the text of an event whose head is like the one remembered.
JsonToken StreamReader::next_behind_text(std::string_view& bytes) {
  alike_ = Alike::past;
  Likeness& like = *likeness_;
  if (std::string_view tail = like.tail(); !tail.empty() && bytes.starts_with(tail)) {
    bytes.remove_prefix(tail.size());
    return scanner_.leap(like.leap);
  }
  std::string_view behind = bytes;
  std::uint64_t from = scanner_.value().end;
  JsonToken token = scanner_.next(bytes);
  if (token != JsonToken::null) return token;
  if (std::optional<JsonScanner::Leap> leap = scanner_.leap_from(from)) {
    like.leap = *leap;
    like.bytes.resize(like.head_bytes);
    like.bytes.append(behind.substr(0, leap->bytes));
  }
  return token;
}

void StreamReader::end_frame(bool whole) {
  in_frame_ = false;
  frame_.range.end = sse_.offset();
  judge_frame(whole);
  for (const Draft& each : drafts_) count(each);
}

void StreamReader::judge_frame(bool whole) {
  bool empty = payload_ == Payload::none || (payload_ == Payload::json && scanner_.untouched());
  if (empty) {
    if (whole) draft(EventKind::ping);
    return;
  }
  ++facts_.events;
  if (payload_ == Payload::done) {
    facts_.saw_done = facts_.saw_done || whole;
    draft(EventKind::done);
    return;
  }
  if (payload_ != Payload::json || scanner_.finish() != JsonToken::none) {
    drafts_.clear();
    frame_ = Frame{.range = frame_.range};
    if (!whole) return;  // a stream that was cut, not an event that was written wrongly
    ++facts_.malformed;
    draft(EventKind::malformed);
    return;
  }
  (this->*grammar_->judge)();
  if (drafts_.empty()) draft(EventKind::other);
}

void StreamReader::count(const Draft& each) {
  auto bytes = [this](Slice slice) -> std::uint64_t {
    if (!slice.escaped) return slice.size;
    bool begun = is_held_ && counted_raw_ != 0 && slice.begin == counted_at_;
    if (!begun) return unescaped_size(view(slice));
    return counted_ + unescaped_size(view(slice).substr(counted_raw_));
  };
  switch (each.kind) {
    case EventKind::text:
      facts_.text_bytes += bytes(each.text);
      break;
    case EventKind::reasoning:
      facts_.reasoning_bytes += bytes(each.text);
      break;
    case EventKind::tool_call:
      facts_.argument_bytes += bytes(each.text);
      if (each.name.size != 0) ++facts_.tool_calls;
      break;
    case EventKind::server_tool:
      facts_.argument_bytes += bytes(each.text);
      break;
    case EventKind::error:
      facts_.saw_error = true;
      facts_.error_status = each.status;
      break;
    default:
      break;
  }
}

Event StreamReader::tell() {
  const Draft& each = drafts_[told_++];
  return Event{
      .kind = each.kind,
      .finish = each.finish,
      .last_of_frame = told_ == drafts_.size(),
      .text_escaped = each.text.escaped != 0,
      .text_cut = each.text.cut != 0,
      .status = each.status,
      .choice = each.choice,
      .index = each.index,
      .range = frame_.range,
      .text = view(each.text),
      .id = view(each.id),
      .name = view(each.name),
  };
}

// Past the limit the newest gives way to the next, after what it says has been counted.
StreamReader::Draft& StreamReader::draft(EventKind kind) {
  if (drafts_.size() == drafts_max) {
    const Draft& newest = drafts_.back();
    if (newest.kind == EventKind::finish) finish_with(finish_named(view(newest.text)));
    count(newest);
    drafts_.pop_back();
  }
  Draft& made = drafts_.emplace_back();
  made.kind = kind;
  return made;
}

// The strings of an event are views into the piece while the event lies in one piece. When a piece
// ends inside the event, what was captured is copied, and what follows is appended.
void StreamReader::hold() {
  if (is_held_) return;
  is_held_ = true;
  auto copy = [this](Slice& slice) {
    if (slice.size == 0) return;
    auto begin = static_cast<std::uint32_t>(held_.size());
    held_.append(base_ + slice.begin, slice.size);
    slice.begin = begin;
  };
  for (Slice& slice : slots_) copy(slice);
  for (Draft& each : drafts_) {
    copy(each.text);
    copy(each.id);
    copy(each.name);
  }
}

std::string_view StreamReader::view(Slice slice) const {
  if (slice.size == 0) return {};
  return {(is_held_ ? held_.data() : base_) + slice.begin, slice.size};
}

void StreamReader::append(Slice& slice, std::string_view raw, bool escaped) {
  if (escaped) slice.escaped = 1;
  std::size_t room = limits::event_bytes_held_max - text_bytes_;
  if (raw.size() > room) {
    raw = raw.substr(0, room);
    slice.cut = 1;
  }
  if (raw.empty()) return;
  text_bytes_ += static_cast<std::uint32_t>(raw.size());
  if (is_held_) {
    auto end = static_cast<std::uint32_t>(held_.size());
    if (slice.size == 0) {
      slice.begin = end;
    } else if (slice.begin + slice.size != end) {  // others were copied behind its first part
      held_.append(std::string(view(slice)));
      slice.begin = end;
    }
    if (held_.size() + raw.size() > std::max(held_.capacity(), large_bytes)) {
      held_.reserve(limits::event_bytes_held_max + large_bytes);
    }
    held_.append(raw);
  } else if (slice.size == 0) {
    if (base_ == nullptr) base_ = raw.data();
    slice.begin = static_cast<std::uint32_t>(raw.data() - base_);
  }
  slice.size = (slice.size + static_cast<std::uint32_t>(raw.size())) & 0x3FFF'FFFF;
  if (is_held_ && slice.escaped && slice.size > large_bytes) count_ahead(slice);
}

// Of one text at a time: that only one of an event is large is usual, and no other is waited for.
void StreamReader::count_ahead(Slice slice) {
  if (counted_raw_ == 0 || counted_at_ != slice.begin) {
    counted_at_ = slice.begin;
    counted_raw_ = counted_ = 0;
  }
  std::string_view rest = view(slice).substr(counted_raw_);
  counted_ += static_cast<std::uint32_t>(unescaped_size_so_far(rest));
  counted_raw_ = slice.size - static_cast<std::uint32_t>(rest.size());
}

// Takes the string just reported, or the next part of it, to `place`.
StreamReader::Slice* StreamReader::keep(JsonToken token, Slice* place) {
  if (open_ == nullptr) *place = {};  // of a member that stands twice, the last
  if (token == JsonToken::text_part) hold();
  append(*place, scanner_.raw(), scanner_.escaped());
  open_ = token == JsonToken::text_part ? place : nullptr;
  return place;
}

StreamReader::Draft& StreamReader::error_draft() {
  for (Draft& each : drafts_) {
    if (each.kind == EventKind::error) return each;
  }
  return draft(EventKind::error);
}

// Makes the error event from the slots.
void StreamReader::fill_error() {
  Draft& error = error_draft();
  error.id = slots_[slot_error_type];
  error.name = slots_[slot_error_code];
  error.text = slots_[slot_error_message];
  error.status = status_ >= 400 && status_ <= 599
                     ? status_
                     : status_of_error(view(slot_error_type), view(slot_error_code));
}

void StreamReader::learn_names() {
  if (facts_.response_id.empty()) unescape(facts_.response_id, view(slot_id));
  if (facts_.model.empty()) unescape(facts_.model, view(slot_model));
}

void StreamReader::finish_with(Finish finish) {
  facts_.saw_finish = true;
  if (facts_.finish == Finish::none || facts_.finish == Finish::stop) facts_.finish = finish;
}

void StreamReader::judge_sealed() {
  if (sealed_bytes_ == 0) return;
  facts_.sealed_bytes += sealed_bytes_;
  ++facts_.sealed_items;
  draft(EventKind::sealed);
}

void StreamReader::commit_usage(std::optional<Usage> usage, UsageSource source) {
  if (!usage) return;
  if (usage->tier == ServiceTier::standard) usage->tier = tier_;
  // At its end Anthropic says how many searches it bills, and no other dialect does.
  if (grammar_ != &messages || source != UsageSource::final) add_seen_fees(*usage);
  facts_.usage = std::move(*usage);
  facts_.usage_source = source;
  draft(EventKind::usage);
}

void StreamReader::add_seen_fees(Usage& usage) const {
  if (web_searches_ == 0 && file_searches_ == 0 && !ran_code_) return;
  RareUsage& rare = usage.rare.make();
  rare.web_searches = std::max<std::uint64_t>(rare.web_searches, web_searches_);
  rare.file_searches = std::max<std::uint64_t>(rare.file_searches, file_searches_);
  rare.code_sessions = std::max<std::uint64_t>(rare.code_sessions, ran_code_ ? 1 : 0);
}

// A text among the figures of a usage, or beside it.
void StreamReader::take_usage_text(JsonToken token) {
  keep(token, &slots_[slot_usage_text]);
  if (token == JsonToken::text) usage_text_done();
}

void StreamReader::usage_text_done() {
  std::uint8_t id = scanner_.id();
  std::string_view raw = view(slot_usage_text);
  if (grammar_ != &messages) {
    tier_ = service_tier_named(raw);
  } else {
    UsageFields& fields = turns_->iterations.of(id, turns_->pending);
    codec::take_usage_text(fields, id, raw);
  }
}

}  // namespace recloser::codec
