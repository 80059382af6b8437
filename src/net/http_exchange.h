// Exchange: one request of a client and its answer, whole or streamed.
#pragma once

#include "core/frame_pool.h"
#include "core/task.h"
#include "net/body_block.h"
#include "net/connection.h"
#include "net/http1/body.h"
#include "net/http1/head.h"
#include "net/memory.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace recloser::net {

class HttpServer;

// Sees the pieces of a request body as they arrive, in order; an error ends the reading.
class BodySink {
 public:
  virtual Result<void> see(std::string_view piece) = 0;

 protected:
  ~BodySink() = default;
};

// How the end of an answer's body is told to the client.
enum class AnswerFraming : unsigned char {
  none,    // no body: HEAD, 204, 304
  length,  // `content-length` stands in the head
  chunked,
  close,  // to the end of the connection: HTTP/1.0 clients
};

enum class Last : bool { no, yes };

// Hears an answer as its client gets it, whether that is still there or not.
class AnswerListener {
 public:
  // As send() gets it: `head` with the first piece, and whole.
  virtual void hear(std::string_view head, std::span<const std::string_view> payload,
                    Last last) = 0;

 protected:
  ~AnswerListener() = default;
};

// One request and its answer. Lives while its handler runs.
class Exchange {
 public:
  Exchange(HttpServer& server, Connection& client, std::string_view bytes, std::size_t head_bytes,
           std::string& ahead);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Worker& worker();
  Connection& client() { return client_; }
  HttpServer& server() { return server_; }

  // Good until the next suspension; ask again after it.
  const http1::RequestHead& head();
  http1::Method method() const { return method_; }
  std::string_view head_bytes() const { return bytes_.substr(0, head_size_); }

  // The body, once it is here whole: usually with the head. It lies in the worker's scratch until
  // the next suspension unless keep() was called.
  bool body_is_here() const { return body_whole_; }
  std::string_view body() const { return body_; }
  // Reads all of it into memory of its own, showing each piece to `sink`. Errors: too_large (the
  // limit, or all connections together), malformed, timed_out, closed, and those of the sink.
  Task<Result<void>> read_body(std::size_t bytes_max, BodySink& sink);
  // Ends a read_body() as cancelled, wherever it is.
  void stop_reading_body();
  // Moves head and body out of the worker's scratch: call it before anything that suspends, while
  // either is still needed.
  void keep();
  void release_body();  // neither is needed any more

  // Answers. `fields` are whole lines, each with CR LF. One of:
  Task<Result<void>> answer(int status, std::string_view fields, std::string_view body);
  // or begin(), then send() until Last::yes. `head` goes out with the first send.
  void begin(AnswerFraming framing) { framing_ = framing; }
  Connection::Write send(std::string_view head, std::span<const std::string_view> payload,
                         Last last, BytesLive live = BytesLive::only_now);
  // Ends the connection in the middle of an answer, so that it cannot be taken for a whole one:
  // where the close would be the end of the body, by a reset.
  void break_off() { framing_ == AnswerFraming::close ? client_.abort() : client_.close(); }
  // Lines, each with CR LF, that go out behind a chunked answer; they must live until then.
  void set_trailers(std::string_view lines) { trailers_ = lines; }
  // For a client that may keep its connection: chunked, or close for HTTP/1.0.
  AnswerFraming streaming_framing() const;

  // From now on `listener` hears the answer, and what the client does not take counts as sent.
  // Null: nobody does, as before.
  void let_hear(AnswerListener* listener);
  // Whether nobody is there any more to be told anything.
  bool is_unheard() const { return !client_.writable() && listener_ == nullptr; }

  bool answering() const { return head_sent_; }
  bool finished() const { return finished_; }
  // Whether the connection ends with this answer: the head must then say `connection: close`.
  bool will_close() const { return will_close_; }
  // What the head says of it: nothing where the version of HTTP says it already.
  std::string_view connection_field() const {
    if (will_close_) return "connection: close\r\n";
    return http10_ ? "connection: keep-alive\r\n" : "";
  }
  void close_after() { will_close_ = true; }
  // Whether its first byte came when the server was draining already: to be refused.
  bool late() const { return late_; }

  // What the answer needs memory for counts like a request body, until the exchange ends. False,
  // and nothing taken, when all connections together hold too much.
  bool hold_for_answer(std::size_t bytes);

  std::string& read_ahead() { return ahead_; }
  std::uint64_t sent_body_bytes() const { return sent_body_bytes_; }

 private:
  friend class HttpServer;
  void find_body();
  Task<Result<void>> read_length(std::size_t bytes_max, BodySink& sink);
  Task<Result<void>> read_chunked(std::size_t bytes_max, BodySink& sink);
  Task<Result<std::size_t>> read_more(std::span<char> room);
  Task<Result<void>> send_continue();
  Result<void> hold(std::size_t bytes, std::size_t bytes_max);

  HttpServer& server_;
  Connection& client_;
  std::string& ahead_;
  std::string_view bytes_;  // head and what came with it; in scratch, or in kept_
  std::size_t head_size_;
  std::string_view body_;
  http1::Body framing_in_;
  PooledBytes kept_;
  BodyBlock large_;  // a body that did not come with its head
  MemoryBudget::Share for_answer_;
  std::string_view trailers_;
  AnswerListener* listener_ = nullptr;
  std::uint64_t sent_body_bytes_ = 0;
  http1::Method method_;
  AnswerFraming framing_ = AnswerFraming::length;
  bool body_whole_ = false;
  bool expects_continue_ = false;
  bool http10_ = false;
  bool head_sent_ = false;
  bool finished_ = false;
  bool will_close_ = false;
  bool late_ = false;
  bool body_stopped_ = false;
  std::array<char, 20> chunk_head_;
  std::array<std::string_view, 16> pieces_;
};

}  // namespace recloser::net
