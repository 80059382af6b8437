// TLS over real sockets: who is trusted, what is offered, how it ends, what it holds.
#include "net/tls.h"

#include "net/dial.h"
#include "net/listener.h"
#include "net/test_loop.h"
#include "net/testing/certificates.h"

#include <fstream>
#include <malloc.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace recloser::net {
namespace {

using ContextPtr = std::shared_ptr<const TlsContext>;

class TlsTest : public testing::Test, public Accepter {
 public:
  TlsTest()
      : authority_(testing::TempDir() + "recloser-tls-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name()) {
    listener_ = std::move(
        *Listener::open(loop_.worker(), *parse_listen_address("127.0.0.1:0"), false, *this));
  }

  void TearDown() override { loop_.worker().tasks().clear(); }

  void serve(const CertificateFiles& files) {
    server_ = *TlsContext::for_clients(files.certificate, files.key);
  }
  ContextPtr trusting() { return *TlsContext::for_providers({.ca_file = authority_.file()}); }

  void accepted(std::unique_ptr<Connection> client) override {
    far_.push_back(std::move(client));
    if (server_) loop_.worker().tasks().spawn("secure", secure(*far_.back()));
  }
  Task<void> secure(Connection& client) {
    client.start_tls(server_->accept());
    Result<void> done = co_await client.handshake(loop_.worker().now() + 10s);
    (done ? secured_ : refused_) += 1;
    if (!done) far_error_ = done.error().message();
  }

  // Dials the listener as `name`; the error, or "" and near_.
  std::string dial_as(std::string name, ContextPtr context, Kind kind = Kind::tls) {
    DialTarget target{.host = "127.0.0.1",
                      .port = listener_->address().port,
                      .tls = std::move(context),
                      .tls_name = std::move(name)};
    std::string error;
    loop_.run(connect(std::move(target), kind, error));
    return error;
  }
  Task<void> connect(DialTarget target, Kind kind, std::string& error) {
    CancelPoint cancel;
    Result<std::unique_ptr<Connection>> made =
        co_await dial(loop_.worker(), loop_.resolver(), target, cancel);
    if (made) {
      near_.push_back(std::move(*made));
      co_return;
    }
    error = made.error().message();
    EXPECT_EQ(made.error().kind(), kind) << error;
  }
  void connect_well() {
    serve(authority_.issue("DNS:localhost"));
    ASSERT_EQ(dial_as("localhost", trusting()), "");
    loop_.worker().run_until([&] { return secured_ == 1; });
  }

  Task<void> send_text(Connection& to, std::string text) {
    std::array<std::string_view, 1> pieces{text};
    Result<void> sent = co_await to.write(pieces, BytesLive::until_sent, 1h);
    EXPECT_TRUE(sent) << sent.error().message();
  }
  // Reads to the end, `pause` before each read; "<error>" at the end if it is none.
  Task<void> read_all(Connection& from, Duration pause, std::string& out, bool& done) {
    for (;;) {
      if (pause > Duration{}) co_await loop_.worker().sleep_until(loop_.worker().now() + pause);
      std::span<char> scratch = loop_.worker().scratch();
      Result<std::size_t> got = co_await from.read(scratch, loop_.worker().now() + 10s);
      if (!got) out += "<" + got.error().message() + ">";
      if (!got || *got == 0) break;
      out.append(scratch.data(), *got);
    }
    done = true;
  }
  std::string all_of(Connection& from, Duration pause = {}) {
    std::string out;
    bool done = false;
    loop_.run(read_all(from, pause, out, done));
    return out;
  }

  TestLoop loop_;
  TestAuthority authority_;
  ContextPtr server_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Connection>> near_;
  std::vector<std::unique_ptr<Connection>> far_;
  int secured_ = 0;
  int refused_ = 0;
  std::string far_error_;
};

TEST_F(TlsTest, ACertificateOfOurOwnAuthorityIsTrustedAndBytesArrive) {
  connect_well();
  loop_.run(send_text(*near_[0], "to the server"));
  near_[0]->shut_down_sending();
  EXPECT_EQ(all_of(*far_[0]), "to the server");
  loop_.run(send_text(*far_[0], "to the client"));
  far_[0]->shut_down_sending();
  EXPECT_EQ(all_of(*near_[0]), "to the client");
}

// Both ends say something, so that the provider's ticket has been read.
TEST_F(TlsTest, TheNextConnectionResumesTheSession) {
  serve(authority_.issue("DNS:localhost"));
  ContextPtr context = trusting();
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(dial_as("localhost", context), "");
    EXPECT_EQ(near_[i]->tls()->resumed(), i > 0) << i;
    loop_.worker().run_until([&] { return secured_ == static_cast<int>(i) + 1; });
    loop_.run(send_text(*far_[i], "hello"));
    far_[i]->shut_down_sending();
    EXPECT_EQ(all_of(*near_[i]), "hello");
  }
  EXPECT_EQ(dial_as("localhost", trusting()), "");
  EXPECT_FALSE(near_.back()->tls()->resumed()) << "another context has nothing to resume";
}

// What was verified for one name is nothing for another.
TEST_F(TlsTest, ASessionIsNotResumedUnderAnotherName) {
  serve(authority_.issue("DNS:localhost"));
  ContextPtr context = trusting();
  ASSERT_EQ(dial_as("localhost", context), "");
  loop_.worker().run_until([&] { return secured_ == 1; });
  loop_.run(send_text(*far_[0], "hello"));
  far_[0]->shut_down_sending();
  ASSERT_EQ(all_of(*near_[0]), "hello");
  std::string error = dial_as("other.example", context);
  EXPECT_NE(error.find("hostname mismatch (for other.example)"), std::string::npos) << error;
}

TEST_F(TlsTest, AfterARefusedHandshakeNothingIsResumed) {
  serve(authority_.issue("DNS:localhost"));
  ContextPtr good = server_;
  ContextPtr context = trusting();
  ASSERT_EQ(dial_as("localhost", context), "");
  loop_.worker().run_until([&] { return secured_ == 1; });
  loop_.run(send_text(*far_[0], "hello"));
  far_[0]->shut_down_sending();
  ASSERT_EQ(all_of(*near_[0]), "hello");
  serve(authority_.self_signed("DNS:localhost"));
  EXPECT_NE(dial_as("localhost", context), "");
  server_ = good;
  ASSERT_EQ(dial_as("localhost", context), "");
  EXPECT_FALSE(near_.back()->tls()->resumed());
}

TEST_F(TlsTest, AnotherNameIsRefused) {
  serve(authority_.issue("DNS:other.example"));
  EXPECT_EQ(dial_as("localhost", trusting()),
            "TLS with the provider failed: the certificate was refused: hostname mismatch (for "
            "localhost)");
}

TEST_F(TlsTest, AnAddressMustStandInTheCertificate) {
  serve(authority_.issue("DNS:localhost"));
  std::string error = dial_as("127.0.0.1", trusting());
  EXPECT_NE(error.find("IP address mismatch"), std::string::npos) << error;
  serve(authority_.issue("IP:127.0.0.1"));
  EXPECT_EQ(dial_as("127.0.0.1", trusting()), "");
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  serve(authority_.issue_expired("DNS:localhost"));
  std::string error = dial_as("localhost", trusting());
  EXPECT_NE(error.find("certificate has expired"), std::string::npos) << error;
}

TEST_F(TlsTest, ASelfSignedCertificateIsRefusedUnlessInsecure) {
  serve(authority_.self_signed("DNS:localhost"));
  std::string error = dial_as("localhost", trusting());
  EXPECT_NE(error.find("self-signed certificate"), std::string::npos) << error;
  error = dial_as("localhost", *TlsContext::for_providers({.ca_file = {}}));
  EXPECT_NE(error.find("self-signed certificate"), std::string::npos) << error;
  EXPECT_EQ(dial_as("localhost", *TlsContext::for_providers({.ca_file = {}, .insecure = true})),
            "");
}

// The server of this test speaks no TLS: it looks at the first message.
TEST_F(TlsTest, TheHelloNamesTheServerAndOffersHttp11) {
  auto hello_for = [&](std::string name) {
    std::size_t before = far_.size();
    std::string hello;
    auto answer = [](TlsTest& t, std::size_t index, std::string& out) -> Task<void> {
      co_await t.loop_.worker().sleep_until(t.loop_.worker().now() + 100ms);
      std::array<char, 2000> own;
      Result<std::size_t> got = co_await t.far_[index]->read(own, t.loop_.worker().now() + 1s);
      if (got) out.assign(own.data(), *got);
      t.far_[index]->close();
    };
    loop_.worker().tasks().spawn("answer", answer(*this, before, hello));
    dial_as(std::move(name), trusting(), Kind::tls);
    return hello;
  };
  std::string named = hello_for("api.example.com");
  EXPECT_NE(named.find("api.example.com"), std::string::npos);
  EXPECT_NE(named.find("\x08http/1.1"), std::string::npos);
  EXPECT_EQ(named.find("\x02h2"), std::string::npos);
  EXPECT_EQ(hello_for("127.0.0.1").find("127.0.0.1"), std::string::npos);
}

// A blocking client of OpenSSL's own, on a thread, that offers `alpn`.
std::string handshake_offering(TestLoop& loop, std::uint16_t port, std::string alpn) {
  std::string chosen;
  bool done = false;
  loop.worker().expect_mail();
  std::thread client([&] {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
    BIO* bio = BIO_new_ssl_connect(context);
    BIO_set_conn_hostname(bio, ("127.0.0.1:" + std::to_string(port)).c_str());
    std::string result = "refused";
    if (BIO_do_connect(bio) == 1) {
      SSL* ssl = nullptr;
      BIO_get_ssl(bio, &ssl);
      const unsigned char* name = nullptr;
      unsigned bytes = 0;
      SSL_get0_alpn_selected(ssl, &name, &bytes);
      result.assign(reinterpret_cast<const char*>(name), bytes);
    }
    BIO_free_all(bio);
    SSL_CTX_free(context);
    loop.worker().post([&, result] {
      loop.worker().mail_arrived();
      chosen = result;
      done = true;
    });
  });
  loop.worker().run_until([&] { return done; });
  client.join();
  return chosen;
}

TEST_F(TlsTest, Http11IsChosenAndNothingElseIsSpoken) {
  serve(authority_.issue("DNS:localhost"));
  std::uint16_t port = listener_->address().port;
  EXPECT_EQ(handshake_offering(loop_, port, "\x02h2\x08http/1.1"), "http/1.1");
  EXPECT_EQ(handshake_offering(loop_, port, "\x02h2"), "refused");
  EXPECT_EQ(handshake_offering(loop_, port, ""), "") << "none offered, none chosen";
}

TEST_F(TlsTest, PlainBytesOnATlsPortAreRefused) {
  serve(authority_.issue("DNS:localhost"));
  ASSERT_EQ(dial_as("", nullptr), "");
  loop_.run(send_text(*near_[0], "GET / HTTP/1.1\r\nhost: t\r\n\r\n"));
  loop_.worker().run_until([&] { return refused_ == 1; });
  EXPECT_NE(far_error_.find("http request"), std::string::npos) << far_error_;
}

TEST_F(TlsTest, TlsToAPlainPortSaysWhatIsThere) {
  auto answer = [](TlsTest& t) -> Task<void> {
    co_await t.loop_.worker().sleep_until(t.loop_.worker().now() + 100ms);
    std::array<std::string_view, 1> pieces{"HTTP/1.1 400 Bad Request\r\n\r\n"};
    co_await t.far_[0]->write(pieces, BytesLive::until_sent, 1s);
  };
  loop_.worker().tasks().spawn("answer", answer(*this));
  std::string error = dial_as("localhost", trusting());
  EXPECT_NE(error.find("wrong version number (for localhost)"), std::string::npos) << error;
}

TEST_F(TlsTest, AHandshakeThatStandsStillTimesOut) {
  std::string error = dial_as("localhost", trusting(), Kind::timed_out);
  EXPECT_NE(error.find("did not finish the TLS handshake in time"), std::string::npos) << error;
}

TEST_F(TlsTest, LargeBodiesBothWaysWithSlowReaders) {
  connect_well();
  std::string big(6u << 20, 'x');
  for (std::size_t i = 0; i < big.size(); i += 777) big[i] = static_cast<char>('a' + i / 777 % 26);
  for (auto [from, to] : {std::pair(&near_, &far_), std::pair(&far_, &near_)}) {
    std::string got;
    bool done = false;
    loop_.worker().tasks().spawn("read", read_all(*(*to)[0], 1ms, got, done));
    loop_.run(send_text(*(*from)[0], big));
    (*from)[0]->shut_down_sending();
    loop_.worker().run_until([&] { return done; });
    EXPECT_TRUE(got == big) << got.size();
  }
}

// Written in many small pieces out of memory that does not last, to a peer that reads late.
TEST_F(TlsTest, ShortLivedPiecesAreCopiedWhenTheyMustWait) {
  connect_well();
  std::string expected;
  bool sent_all = false;
  auto writer = [](Connection& to, std::string& sent, bool& done) -> Task<void> {
    for (int i = 0; i < 3000; ++i) {
      std::string head = std::to_string(i) + ":";
      std::string body(static_cast<std::size_t>(i % 5000), static_cast<char>('a' + i % 26));
      sent += head + body;
      std::array<std::string_view, 2> pieces{head, body};
      Result<void> written = co_await to.write(pieces, BytesLive::only_now, 1h);
      EXPECT_TRUE(written);
    }
    done = true;
  };
  loop_.worker().tasks().spawn("writer", writer(*near_[0], expected, sent_all));
  loop_.run_for(10ms);
  EXPECT_FALSE(sent_all);
  std::string got;
  bool done = false;
  loop_.worker().tasks().spawn("read", read_all(*far_[0], {}, got, done));
  loop_.worker().run_until([&] { return sent_all; });
  near_[0]->shut_down_sending();
  loop_.worker().run_until([&] { return done; });
  EXPECT_TRUE(got == expected);
}

TEST_F(TlsTest, AnEndWithoutGoodbyeIsNoEnd) {
  connect_well();
  loop_.run(send_text(*far_[0], "half of"));
  far_[0]->close();
  EXPECT_EQ(all_of(*near_[0]), "half of<the provider ended the connection in the middle of TLS>");
}

TEST_F(TlsTest, WritingToAPeerThatIsGoneFailsAndNothingMore) {
  connect_well();
  loop_.run(send_text(*far_[0], "unread"));
  loop_.run_for(1ms);
  near_[0]->abort();
  loop_.run_for(1ms);
  auto write = [](Connection& to, Result<void>& out) -> Task<void> {
    std::array<std::string_view, 1> pieces{"x"};
    out = co_await to.write(pieces, BytesLive::until_sent, 1s);
    out = co_await to.write(pieces, BytesLive::until_sent, 1s);
  };
  Result<void> written;
  loop_.run(write(*far_[0], written));
  EXPECT_FALSE(written);
  EXPECT_FALSE(far_[0]->writable());
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  CertificateFiles one = authority_.issue("DNS:localhost");
  CertificateFiles other = authority_.issue("DNS:localhost");
  auto message = [](const Result<ContextPtr>& made) {
    return made ? std::string("no error") : made.error().message();
  };
  EXPECT_EQ(message(TlsContext::for_clients("/nowhere/c.pem", one.key)),
            "the certificate /nowhere/c.pem could not be read: No such file or directory; it must "
            "be a PEM file");
  EXPECT_EQ(message(TlsContext::for_clients(one.certificate, "/nowhere/k.pem")),
            "the private key /nowhere/k.pem could not be read: No such file or directory; it must "
            "be a PEM file");
  EXPECT_EQ(
      message(TlsContext::for_clients(one.certificate, other.key)),
      "the private key " + other.key + " does not belong to the certificate " + one.certificate);
  std::string text = other.key + ".txt";
  std::ofstream(text) << "no PEM\n";
  EXPECT_EQ(message(TlsContext::for_clients(text, one.key)),
            "the certificate " + text + " could not be read: no start line; it must be a PEM file");
  EXPECT_EQ(message(TlsContext::for_clients(one.certificate, text)),
            "the private key " + text + " could not be read: unsupported; it must be a PEM file");
  EXPECT_EQ(message(TlsContext::for_providers({.ca_file = "/nowhere/ca.pem"})),
            "the CA file /nowhere/ca.pem could not be read: No such file or directory; it must be "
            "a PEM file");
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RECLOSER_OWN_ALLOCATOR 1
#endif
#endif

// Of what one end holds, 13.7 KiB are OpenSSL 3.0's own when it holds no buffer: 7.5 of them are
// its SSL object, 2.4 the two ciphers, 0.9 the session, 0.9 the handshake's keys, which it keeps. A
// buffer for a record that comes adds the largest record there may be. These limits are what was
// measured, and some room.
constexpr std::size_t client_bytes_max = 15'900;
constexpr std::size_t provider_bytes_max = 15'900;
constexpr std::size_t incoming_record_bytes_max = 17'000;
constexpr std::size_t stuck_record_bytes_max = 9'000;

class TlsMemoryTest : public TlsTest {
 public:
  static constexpr std::size_t pairs = 50;
  static std::size_t used() { return mallinfo2().uordblks; }

  // Answers each other once, so that tickets and what else follows a handshake has come.
  void connect_pair(const ContextPtr& context) {
    ASSERT_EQ(dial_as("localhost", context), "");
    loop_.worker().run_until([&] { return secured_ == static_cast<int>(near_.size()); });
    std::string text(4000, 'x');
    for (auto [from, to] : {std::pair(&far_, &near_), std::pair(&near_, &far_)}) {
      loop_.run(send_text(*from->back(), text));
      loop_.run_for(1ms);
      std::array<char, 5000> own;
      while (to->back()->read_now(own).bytes > 0) continue;
    }
  }
};

TEST_F(TlsMemoryTest, ConnectionsHoldLittle) {
#if defined(RECLOSER_OWN_ALLOCATOR)
  GTEST_SKIP() << "the sanitizers' allocators are not measured";
#endif
  serve(authority_.issue("DNS:localhost"));
  ContextPtr context = trusting();
  near_.reserve(pairs + 1);
  far_.reserve(pairs + 1);
  connect_pair(context);  // what is allocated once, and the session that the others resume
  std::size_t before = used();
  for (std::size_t i = 1; i <= pairs; ++i) connect_pair(context);
  std::size_t both = used();
  // A record of which only the first byte was taken: its buffer is held.
  for (std::size_t i = 1; i <= pairs; ++i) {
    char byte = 0;
    loop_.run(send_text(*far_[i], std::string(8000, 'y')));
    loop_.run_for(1ms);
    ASSERT_EQ(near_[i]->read_now({&byte, 1}).bytes, 1u);
  }
  std::size_t with_records = used();
  near_.resize(1);
  std::size_t far_only = used();
  std::size_t record = (with_records - both) / pairs;
  std::size_t client_side = (far_only - before) / pairs;
  std::size_t provider_side = (with_records - far_only) / pairs - record;
  std::printf(
      "TLS, idle: %zu bytes for a client's connection, %zu for a provider's; a record that comes "
      "holds %zu more\n",
      client_side, provider_side, record);
  EXPECT_LE(client_side, client_bytes_max);
  EXPECT_LE(provider_side, provider_bytes_max);
  EXPECT_LE(record, incoming_record_bytes_max);
}

TEST_F(TlsMemoryTest, ARecordThatThePeerDoesNotTakeIsSmall) {
#if defined(RECLOSER_OWN_ALLOCATOR)
  GTEST_SKIP() << "the sanitizers' allocators are not measured";
#endif
  serve(authority_.issue("DNS:localhost"));
  connect_pair(trusting());
  constexpr std::size_t size = 16u << 20;
  std::string big(size, 'x');
  std::size_t before = used();
  loop_.worker().tasks().spawn("write", send_text(*far_[0], std::move(big)));
  loop_.run_for(1s);
  std::size_t held = used() - before;
  std::printf("TLS: a record that is not taken holds %zu bytes\n", held);
  EXPECT_LE(held, stuck_record_bytes_max);
  std::string got;
  bool done = false;
  loop_.worker().tasks().spawn("read", read_all(*near_[0], {}, got, done));
  loop_.worker().run_until([&] { return got.size() == size; });
  far_[0]->shut_down_sending();
  loop_.worker().run_until([&] { return done; });
}

}  // namespace
}  // namespace recloser::net
