#include "codec/testing/encode.h"

#include "core/ascii.h"
#include "core/check.h"

#include <brotli/encode.h>
#include <utility>
#include <zlib.h>
#include <zstd.h>

namespace recloser::codec::testing {
namespace {

constexpr std::size_t room_bytes = 64u << 10;

class Zlib final : public Encoder {
 public:
  explicit Zlib(int window_bits) {
    int made = ::deflateInit2(&stream_, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
    CHECK(made == Z_OK);
  }
  ~Zlib() override { ::deflateEnd(&stream_); }
  std::string piece(std::string_view text, bool last) override {
    std::string out;
    std::string room(room_bytes, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = room_bytes;
      ::deflate(&stream_, last ? Z_FINISH : Z_SYNC_FLUSH);
      out.append(room, 0, room_bytes - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
};

class Brotli final : public Encoder {
 public:
  ~Brotli() override { ::BrotliEncoderDestroyInstance(state_); }
  std::string piece(std::string_view text, bool last) override {
    std::string out;
    std::string room(room_bytes, '\0');
    std::size_t left = text.size();
    const auto* in = reinterpret_cast<const std::uint8_t*>(text.data());
    do {
      std::size_t free = room_bytes;
      auto* to = reinterpret_cast<std::uint8_t*>(room.data());
      ::BrotliEncoderCompressStream(state_, last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH,
                                    &left, &in, &free, &to, nullptr);
      out.append(room, 0, room_bytes - free);
    } while (left != 0 || ::BrotliEncoderHasMoreOutput(state_) != 0);
    return out;
  }

 private:
  BrotliEncoderState* state_ = ::BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
};

class Zstd final : public Encoder {
 public:
  ~Zstd() override { ::ZSTD_freeCCtx(state_); }
  std::string piece(std::string_view text, bool last) override {
    std::string out;
    std::string room(room_bytes, '\0');
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (std::size_t left = 1; left != 0;) {
      ZSTD_outBuffer to{room.data(), room.size(), 0};
      left = ::ZSTD_compressStream2(state_, &to, &in, last ? ZSTD_e_end : ZSTD_e_flush);
      CHECK(!::ZSTD_isError(left));
      out.append(room, 0, to.pos);
    }
    return out;
  }

 private:
  ZSTD_CCtx* state_ = ::ZSTD_createCCtx();
};

}  // namespace

std::unique_ptr<Encoder> encoder_of(ContentCoding coding, bool raw) {
  switch (coding) {
    case ContentCoding::gzip:
      return std::make_unique<Zlib>(15 + 16);
    case ContentCoding::deflate:
      return std::make_unique<Zlib>(raw ? -15 : 15);
    case ContentCoding::br:
      return std::make_unique<Brotli>();
    case ContentCoding::zstd:
      return std::make_unique<Zstd>();
  }
  std::unreachable();
}

std::string encode(ContentCoding coding, std::string_view text, bool raw) {
  return encoder_of(coding, raw)->piece(text, true);
}

std::vector<std::string> encode_pieces(ContentCoding coding,
                                       const std::vector<std::string_view>& texts, bool raw) {
  std::unique_ptr<Encoder> encoder = encoder_of(coding, raw);
  std::vector<std::string> pieces;
  for (std::string_view text : texts) pieces.push_back(encoder->piece(text, false));
  pieces.push_back(encoder->piece("", true));
  return pieces;
}

ContentCodings codings(std::string_view list) {
  ContentCodings codings;
  while (!list.empty()) {
    std::size_t comma = list.find(',');
    bool known = codings.add(ascii::trim(list.substr(0, comma)));
    CHECK(known, "a test knows its codings");
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return codings;
}

}  // namespace recloser::codec::testing
