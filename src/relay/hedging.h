// Hedge: a call that two targets are asked for, until the first of them tells its first content.
#pragma once

#include "codec/body_edits.h"
#include "core/result.h"
#include "core/task_group.h"
#include "net/cancel.h"
#include "net/http_client.h"
#include "net/timer.h"
#include "net/worker.h"
#include "relay/call.h"
#include "route/attempt_end.h"
#include "route/resolve.h"

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace recloser::relay {

// What of a call and its row is of the target that it asks; of the other one here.
struct Aimed {
  const Provider* provider = nullptr;
  const route::Target* target = nullptr;
  ModelRef model;
  std::string_view provider_model;
  std::string target_name;
  std::unique_ptr<Held> held;
  std::unique_ptr<Assembly> assembly;
  route::TargetHealth::Slot slot;
  KeptPrompt prompt;
  Experience::Pair experience;
  std::uint64_t counted_input_tokens = 0;
  std::uint64_t expected_input_tokens = 0;
  std::int64_t row_expected_input_tokens = ledger::absent;
  std::int64_t row_upper_input_tokens = ledger::absent;
  std::int64_t row_expected_cost_nano_usd = ledger::absent;
  std::int64_t row_upper_cost_nano_usd = ledger::absent;
  Instant sent;
  bool model_known = false;
  bool hide_usage = false;
  bool panics = false;
};

class Hedge;

// One of the two, with all that its request needs: what it is made of is made anew for the other.
struct Runner {
  explicit Runner(Hedge& h) : hedge(h) {}

  // It answers with content, or with what is no stream and no error.
  bool is_good() const { return over && came && !failed && content; }

  Hedge& hedge;
  std::string head;
  codec::BodyEdits edits;
  net::CancelPoint cancel;
  std::optional<net::HttpCall> provider;
  std::unique_ptr<KeptAnswer> came;  // the head, and of a stream what came up to its first content
  std::optional<Error> failed;
  std::optional<route::AttemptEnd> told;  // the error that its stream begins with
  std::uint64_t text_bytes = 0;           // of what has come
  Instant head_at;
  bool begun_is_taken = false;
  bool content = false;
  bool replay_is_booked = false;
  bool over = false;
  TaskGroup task{failed_with, this};  // the last: it uses all of the above

 private:
  static void failed_with(void* runner, std::string_view name, std::string_view what);
};

// Of calls to models that are hedged; from the begin of their attempt until nothing more is read of
// it.
class Hedge final : public net::Cancellable, public net::Timer {
 public:
  Hedge(net::Worker& worker, net::CancelPoint& of_call)
      : Timer(resume), worker_(worker), of_call_(of_call) {
    standing_.emplace(of_call, *this);
  }

  // Ends both.
  void cancel() override;
  // Nothing more is read of either; what was read stays until the next attempt.
  void end();
  void runner_is_over();

  // Until one of them is over, at the latest then.
  class Wait {
   public:
    Wait(Hedge& hedge, Instant until) : hedge_(hedge), until_(until) {}
    bool await_ready() const {
      return hedge_.first.over || hedge_.second.over || hedge_.worker_.now() >= until_;
    }
    void await_suspend(std::coroutine_handle<> waiting) const {
      hedge_.waiting_ = waiting;
      hedge_.worker_.timers().set(hedge_, until_);
    }
    void await_resume() const noexcept {}

   private:
    Hedge& hedge_;
    Instant until_;
  };
  Wait until(Instant moment) { return Wait(*this, moment); }

  Runner& other(const Runner& runner) { return &runner == &first ? second : first; }

  Runner first{*this};
  Runner second{*this};
  Runner* current = &first;  // whose figures stand in the call
  Aimed parked;              // those of the other one

 private:
  static void resume(net::Timer& timer) {
    std::exchange(static_cast<Hedge&>(timer).waiting_, nullptr).resume();
  }

  net::Worker& worker_;
  net::CancelPoint& of_call_;
  std::coroutine_handle<> waiting_;
  std::optional<net::CancelPoint::During> standing_;
};

}  // namespace recloser::relay
