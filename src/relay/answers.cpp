#include "relay/answers.h"

#include "core/check.h"

#include <algorithm>
#include <utility>

namespace recloser::relay {
namespace {

// What an answer takes beside its texts.
constexpr std::size_t answer_overhead_bytes = 512;

std::string name_of(const Answers::Claim& claim) {
  std::string name;
  name.reserve(sizeof(session::Hash128) + claim.key.size());
  for (std::uint64_t half : {claim.principal.high, claim.principal.low}) {
    for (unsigned shift = 0; shift < 64; shift += 8) name += static_cast<char>(half >> shift);
  }
  name += claim.key;
  return name;
}

}  // namespace

Answer::Answer(Answers& all, std::string name, std::string call, session::Hash128 request)
    : all_(all), name_(std::move(name)), request_(request), call_(std::move(call)) {
  held_bytes_ = answer_overhead_bytes + name_.size();
  all_.held_bytes_.fetch_add(held_bytes_, std::memory_order_relaxed);
}

Answer::~Answer() { all_.held_bytes_.fetch_sub(held_bytes_, std::memory_order_relaxed); }

std::string Answer::call() const {
  std::lock_guard lock(mutex_);
  return call_;
}

void Answer::stand_for(std::string call) {
  std::lock_guard lock(mutex_);
  call_ = std::move(call);
}

void Answer::begin(int status, std::string fields) {
  bool fits = all_.hold(fields.size());
  std::lock_guard lock(mutex_);
  held_bytes_ += fields.size();
  status_ = status;
  fields_ = std::move(fields);
  if (!fits) give_up();
  tell();
}

void Answer::append(std::span<const std::string_view> pieces) {
  std::size_t bytes = 0;
  for (std::string_view piece : pieces) bytes += piece.size();
  if (bytes == 0) return;
  bool fits = all_.hold(bytes);  // may forget others: not under a lock of ours
  std::lock_guard lock(mutex_);
  held_bytes_ += bytes;
  if (state_ == State::too_large || !fits || body_.size() + bytes > all_.limits_.answer_bytes_max) {
    give_up();
  } else {
    for (std::string_view piece : pieces) body_ += piece;
  }
  tell();
}

// Its readers cannot go on, and hear so.
void Answer::give_up() {
  state_ = State::too_large;
  std::size_t freed = held_bytes_ - answer_overhead_bytes - name_.size();
  std::string().swap(fields_);
  std::string().swap(body_);
  held_bytes_ -= freed;
  all_.held_bytes_.fetch_sub(freed, std::memory_order_relaxed);
}

void Answer::end(State state, ledger::Outcome outcome) {
  std::lock_guard lock(mutex_);
  outcome_ = outcome;
  if (state_ == State::comes) state_ = state;
  tell();
}

// Under the lock, so that whoever has taken its ear away is not told any more: its worker may be
// gone by then.
void Answer::tell() {
  ++version_;
  for (SharedEar& ear : ears_) {
    net::Worker& worker = ear->worker;
    worker.post([ear = std::move(ear)] {
      if (ear->news != nullptr) ear->news->heard();
    });
  }
  ears_.clear();
}

Answer::Reading Answer::read(std::size_t from) const {
  std::lock_guard lock(mutex_);
  Reading reading{.state = state_,
                  .outcome = outcome_,
                  .status = status_,
                  .fields = from == 0 ? fields_ : std::string(),
                  .bytes = {},
                  .body_bytes = body_.size(),
                  .version = version_};
  if (from < body_.size()) reading.bytes = body_.substr(from, read_bytes_max);
  return reading;
}

// The body is lent, not copied: it is large, and nobody changes it any more.
ledger::EndedAnswer Answer::ended(const SharedAnswer& answer, const ledger::AnswerClaim& claim) {
  using Keep = ledger::EndedAnswer::Keep;
  std::lock_guard lock(answer->mutex_);
  bool too_large = answer->state_ == State::too_large;
  return {.claim = claim,
          .keep = too_large ? Keep::that_it_was_too_large : Keep::answer,
          .outcome = answer->outcome_,
          .status = static_cast<std::uint16_t>(answer->status_),
          .fields = answer->fields_,
          .body = std::shared_ptr<const std::string>(answer, &answer->body_)};
}

Answer::News::News(Answer& answer, net::Worker& worker, std::uint64_t version)
    : Waiter(go_on), answer_(answer), worker_(worker), version_(version) {}

Answer::News::~News() {
  if (!ear_) return;
  ear_->news = nullptr;
  std::lock_guard lock(answer_.mutex_);
  std::erase(answer_.ears_, ear_);
}

void Answer::News::cancel() {
  cancelled_ = true;
  if (!waiting_) return;
  if (ear_) ear_->news = nullptr;
  worker_.wake_soon(*this);
}

bool Answer::News::await_suspend(std::coroutine_handle<> waiting) {
  auto ear = std::make_shared<Ear>(worker_, this);
  std::lock_guard lock(answer_.mutex_);
  if (answer_.version_ != version_) return false;
  waiting_ = waiting;
  ear_ = ear;
  answer_.ears_.push_back(std::move(ear));
  return true;
}

Answers::Answers(Limits limits, std::uint64_t hash_seed, ledger::Ledger* books)
    : limits_(limits), books_(books), answers_(0, Hash{KeyedHash(hash_seed)}) {}

Answers::Found Answers::find(const Claim& claim, std::string_view call, Instant now) {
  std::string name = name_of(claim);
  hold(0);
  std::lock_guard lock(mutex_);
  while (!ended_.empty() && ended_.front().until <= now) forget_oldest();
  auto known = answers_.find(name);
  if (known != answers_.end()) {
    if (known->second->request() != claim.request) return {Finding::conflicts, nullptr};
    return {Finding::again, known->second};
  }
  auto answer = std::make_shared<Answer>(*this, name, std::string(call), claim.request);
  answers_.emplace(std::move(name), answer);
  return {Finding::begins, std::move(answer)};
}

// First the table and then the readers: a call that comes when the last byte is out finds it ended.
void Answers::end(const SharedAnswer& answer, Answer::State state, ledger::Outcome outcome,
                  Keep keep, Instant now) {
  {
    std::lock_guard lock(mutex_);
    auto place = answers_.find(answer->name());
    CHECK(place != answers_.end() && place->second == answer, "an answer ends once");
    if (keep == Keep::yes) {
      ended_.push_back({.name = answer->name(), .until = now + limits_.ttl});
    } else {
      answers_.erase(place);
    }
  }
  answer->end(state, outcome);
}

std::size_t Answers::size() const {
  std::lock_guard lock(mutex_);
  return answers_.size();
}

// Whether there is room for so many more, once the oldest are forgotten; they count in any case.
bool Answers::hold(std::size_t bytes) {
  held_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (held_bytes() <= limits_.all_bytes_max) return true;
  std::lock_guard lock(mutex_);
  while (held_bytes() > limits_.all_bytes_max && !ended_.empty()) forget_oldest();
  return held_bytes() <= limits_.all_bytes_max;
}

// They all have the same time to live: the oldest is also the next to be over.
void Answers::forget_oldest() {
  answers_.erase(ended_.front().name);
  ended_.pop_front();
}

}  // namespace recloser::relay
