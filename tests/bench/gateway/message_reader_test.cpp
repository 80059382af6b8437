#include "message_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace recloser::bench {
namespace {

using State = MessageReader::State;

// Feeds `bytes` in pieces cut at `cut`; gives the body, and the bytes left after the message.
struct Outcome {
  std::string body;
  std::string rest;
  State state;
  int status;
};

Outcome read_in_two(std::string_view bytes, std::size_t cut, MessageReader::Kind kind) {
  MessageReader reader(kind);
  Outcome outcome{};
  for (std::string_view piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
    while (!piece.empty() && reader.state() != State::done && reader.state() != State::broken) {
      MessageReader::Step step = reader.step(piece);
      outcome.body += step.body;
      piece.remove_prefix(step.used);
    }
    outcome.rest += piece;
  }
  outcome.state = reader.state();
  outcome.status = reader.status();
  return outcome;
}

TEST(MessageReader, ReadsALengthBodyAtEverySplit) {
  std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhelloNEXT";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Outcome outcome = read_in_two(bytes, cut, MessageReader::Kind::response);
    EXPECT_EQ(outcome.body, "hello") << cut;
    EXPECT_EQ(outcome.rest, "NEXT") << cut;
    EXPECT_EQ(outcome.state, State::done) << cut;
    EXPECT_EQ(outcome.status, 200) << cut;
  }
}

TEST(MessageReader, ReadsChunksWithExtensionsAndTrailersAtEverySplit) {
  std::string bytes =
      "HTTP/1.1 429 Too Many\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nNEXT";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Outcome outcome = read_in_two(bytes, cut, MessageReader::Kind::response);
    EXPECT_EQ(outcome.body, "abc0123456789") << cut;
    EXPECT_EQ(outcome.rest, "NEXT") << cut;
    EXPECT_EQ(outcome.state, State::done) << cut;
    EXPECT_EQ(outcome.status, 429) << cut;
  }
}

TEST(MessageReader, ReadsARequestWithoutABody) {
  Outcome outcome =
      read_in_two("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 7, MessageReader::Kind::request);
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_EQ(outcome.body, "");
}

TEST(MessageReader, IsReadyForTheNextMessage) {
  MessageReader reader(MessageReader::Kind::response);
  std::string_view closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  reader.step(closing);
  EXPECT_EQ(reader.state(), State::done);
  EXPECT_FALSE(reader.keeps_alive());
  reader.restart();
  reader.step("HTTP/1.1 204 No\r\n\r\n");
  EXPECT_EQ(reader.state(), State::done);
  EXPECT_TRUE(reader.keeps_alive());
  EXPECT_EQ(reader.status(), 204);
}

TEST(MessageReader, BreaksOnWhatItCannotRead) {
  for (std::string_view bytes :
       {"HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1234567890123456\r\n"}) {
    EXPECT_EQ(read_in_two(bytes, 3, MessageReader::Kind::response).state, State::broken) << bytes;
  }
}

TEST(MessageReader, GivesUpOnAnEndlessHead) {
  MessageReader reader(MessageReader::Kind::request);
  reader.step(std::string(32 * 1024, 'a'));
  EXPECT_EQ(reader.state(), State::head);
  reader.step("a");
  EXPECT_EQ(reader.state(), State::broken);
}

}  // namespace
}  // namespace recloser::bench
