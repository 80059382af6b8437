#include "codec/content_decoder.h"

#include "core/ascii.h"
#include "core/check.h"

#include <algorithm>
#include <brotli/decode.h>
#include <cstdlib>
#include <utility>
#include <zlib.h>
#include <zstd.h>

namespace recloser::codec {
namespace {

// Of the input in one call: empty blocks with tables of their own are the dearest there is, some
// 100 us for so many bytes.
constexpr std::size_t step_bytes = 2u << 10;
constexpr std::size_t between_bytes = 4u << 10;

constexpr std::string_view broken = "its encoded data is broken";
constexpr std::string_view torn = "its encoded data ends too early";
constexpr std::string_view too_much = "its encoded data becomes too many bytes";

}  // namespace

bool ContentCodings::add(std::string_view name) {
  struct Known {
    std::string_view name;
    ContentCoding coding;
  };
  constexpr Known known[] = {{"gzip", ContentCoding::gzip},
                             {"x-gzip", ContentCoding::gzip},
                             {"deflate", ContentCoding::deflate},
                             {"br", ContentCoding::br},
                             {"zstd", ContentCoding::zstd}};
  if (ascii::equal_ignoring_case(name, "identity")) return true;
  for (const Known& each : known) {
    if (!ascii::equal_ignoring_case(name, each.name)) continue;
    if (count_ == codings_.size()) return false;
    codings_[count_++] = each.coding;
    return true;
  }
  return false;
}

// One coding. The three libraries behind one face.
class ContentDecoder::Layer {
 public:
  virtual ~Layer() = default;

  // Moves both ends on; afterwards the input is read to its end, or the room is full, or the data
  // is broken.
  void run(std::string_view& in, std::span<char>& out) {
    if (in.empty() && !full_) return;
    if (!in.empty()) begun_ = true;
    step(in, out);
    full_ = out.empty();
  }
  bool full() const { return full_; }
  bool broken() const { return broken_; }
  // Whether the data may end here. Of nothing comes nothing: that is a whole answer too.
  bool may_end() const { return ended_ || !begun_; }
  virtual std::size_t memory_bytes() const = 0;

 protected:
  virtual void step(std::string_view& in, std::span<char>& out) = 0;

  bool broken_ = false;
  bool ended_ = false;

 private:
  bool begun_ = false;
  bool full_ = false;
};

class ContentDecoder::Zlib final : public Layer {
 public:
  explicit Zlib(bool gzip) : gzip_(gzip) {}
  ~Zlib() override {
    if (open_) ::inflateEnd(&stream_);
  }
  // The state and the window, as zlib's documentation has them.
  std::size_t memory_bytes() const override { return (7u << 10) + (32u << 10); }

 private:
  static constexpr int window_bits = 15;
  static constexpr int gzip_too = 16;

  void step(std::string_view& in, std::span<char>& out) override {
    while (!broken_ && !(in.empty() && out.empty())) {
      if (ended_ && !goes_on(in)) return;
      if (!open_ && !open(in)) return;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
      stream_.avail_in = static_cast<uInt>(in.size());
      stream_.next_out = reinterpret_cast<Bytef*>(out.data());
      stream_.avail_out = static_cast<uInt>(out.size());
      int result = ::inflate(&stream_, Z_SYNC_FLUSH);
      in.remove_prefix(in.size() - stream_.avail_in);
      out = out.last(stream_.avail_out);
      ended_ = result == Z_STREAM_END;
      if (ended_) continue;
      // A buffer error is no error: there is nothing to read, or no room.
      broken_ = result != Z_OK && result != Z_BUF_ERROR;
      return;
    }
  }

  // Behind its end gzip may go on with another member; everything else is dropped.
  bool goes_on(std::string_view& in) {
    constexpr char first_of_gzip = '\x1f';
    if (gzip_ && !dropping_ && !in.empty() && in.front() == first_of_gzip) {
      ended_ = false;
      broken_ = ::inflateReset(&stream_) != Z_OK;
      return !broken_;
    }
    if (!in.empty()) dropping_ = true;
    in = {};
    return false;
  }

  // `deflate` is zlib's format by the standard and bare by the habit of some; its first byte tells.
  bool open(std::string_view in) {
    if (in.empty()) return false;
    constexpr int method_mask = 0x0f;
    bool zlib = (in.front() & method_mask) == Z_DEFLATED && (in.front() & 0x80) == 0;
    int bits = gzip_ ? window_bits + gzip_too : zlib ? window_bits : -window_bits;
    open_ = ::inflateInit2(&stream_, bits) == Z_OK;
    broken_ = !open_;
    return open_;
  }

  z_stream stream_{};
  bool gzip_;
  bool open_ = false;
  bool dropping_ = false;
};

class ContentDecoder::Brotli final : public Layer {
 public:
  Brotli() : state_(::BrotliDecoderCreateInstance(&Brotli::allocate, &Brotli::free, this)) {}
  ~Brotli() override { ::BrotliDecoderDestroyInstance(state_); }
  std::size_t memory_bytes() const override { return allocated_; }

 private:
  // Each allocation has its size in front of it, so that the sum is known. The window grows with
  // what has been decoded, up to the 16 MiB of the format.
  static constexpr std::size_t size_room = alignof(std::max_align_t);

  static void* allocate(void* self, std::size_t bytes) {
    Brotli& brotli = *static_cast<Brotli*>(self);
    if (bytes > limits::decoder_bytes_max - brotli.allocated_) return nullptr;
    // tidy: allow banned - brotli wants a C allocator; free() below gives it back
    auto* memory = static_cast<char*>(std::malloc(bytes + size_room));
    if (memory == nullptr) return nullptr;
    brotli.allocated_ += bytes;
    *reinterpret_cast<std::size_t*>(memory) = bytes;
    return memory + size_room;
  }
  static void free(void* self, void* memory) {
    if (memory == nullptr) return;
    char* begin = static_cast<char*>(memory) - size_room;
    static_cast<Brotli*>(self)->allocated_ -= *reinterpret_cast<std::size_t*>(begin);
    std::free(begin);
  }

  void step(std::string_view& in, std::span<char>& out) override {
    if (ended_) in = {};
    if (ended_ || state_ == nullptr) {
      broken_ = broken_ || state_ == nullptr;
      return;
    }
    std::size_t left = in.size();
    const auto* next = reinterpret_cast<const std::uint8_t*>(in.data());
    std::size_t room = out.size();
    auto* to = reinterpret_cast<std::uint8_t*>(out.data());
    BrotliDecoderResult result =
        ::BrotliDecoderDecompressStream(state_, &left, &next, &room, &to, nullptr);
    in.remove_prefix(in.size() - left);
    out = out.last(room);
    broken_ = result == BROTLI_DECODER_RESULT_ERROR;
    ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
    if (ended_) in = {};
  }

  std::size_t allocated_ = 0;
  BrotliDecoderState* state_;
};

class ContentDecoder::Zstd final : public Layer {
 public:
  Zstd() : state_(::ZSTD_createDCtx()) {
    if (state_ == nullptr) return;
    ::ZSTD_DCtx_setParameter(state_, ZSTD_d_windowLogMax, limits::zstd_window_log_max);
  }
  ~Zstd() override { ::ZSTD_freeDCtx(state_); }
  std::size_t memory_bytes() const override {
    return state_ == nullptr ? 0 : ::ZSTD_sizeof_DCtx(state_);
  }

 private:
  void step(std::string_view& in, std::span<char>& out) override {
    broken_ = broken_ || state_ == nullptr;
    while (!broken_ && !out.empty()) {
      if (ended_ && !goes_on(in)) return;
      ended_ = false;
      ZSTD_inBuffer from{in.data(), in.size(), 0};
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      std::size_t result = ::ZSTD_decompressStream(state_, &to, &from);
      in.remove_prefix(from.pos);
      out = out.subspan(to.pos);
      broken_ = ::ZSTD_isError(result) != 0;
      ended_ = result == 0;
      if (in.empty() && !ended_) return;
    }
  }

  // Behind a frame another one may follow, or one to be skipped; everything else is dropped.
  bool goes_on(std::string_view& in) {
    if (in.empty()) return false;
    auto first = static_cast<unsigned char>(in.front());
    constexpr unsigned char first_of_frame = 0x28;
    constexpr unsigned char first_of_skippable = 0x50;  // and the fifteen behind it
    bool frame = first == first_of_frame || (first & 0xf0) == first_of_skippable;
    if (frame && !dropping_) return true;
    dropping_ = true;
    in = {};
    return false;
  }

  ZSTD_DCtx* state_;
  bool dropping_ = false;
};

std::unique_ptr<ContentDecoder::Layer> ContentDecoder::layer_of(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::gzip:
      return std::make_unique<Zlib>(true);
    case ContentCoding::deflate:
      return std::make_unique<Zlib>(false);
    case ContentCoding::br:
      return std::make_unique<Brotli>();
    case ContentCoding::zstd:
      return std::make_unique<Zstd>();
  }
  std::unreachable();
}

ContentDecoder::ContentDecoder(const ContentCodings& codings, DecodingLimits limits)
    : limits_(limits) {
  std::span<const ContentCoding> list = codings.list();
  CHECK(!list.empty(), "nothing to decode");
  for (std::size_t i = 0; i < list.size(); ++i) layers_[i] = layer_of(list[list.size() - 1 - i]);
}

ContentDecoder::~ContentDecoder() = default;

std::string_view ContentDecoder::next(std::string_view piece, bool last, std::span<char> room) {
  if (!fault_.empty()) return {};
  CHECK(piece.empty() || !more(), "a piece in front of one that is not read");
  bool from_held = piece.empty();
  std::string_view all = from_held ? std::string_view(held_).substr(held_at_) : piece;
  std::string_view in = all.substr(0, step_bytes);
  std::size_t given = in.size();
  std::span<char> left = room;
  run(in, left);
  std::size_t read = given - in.size();
  if (!from_held) {
    held_.assign(all.substr(read));
    held_at_ = 0;
  } else {
    held_at_ += read;
  }
  if (rest() == 0) {
    std::string().swap(held_);  // with its memory
    held_at_ = 0;
  }
  std::string_view out(room.data(), room.size() - left.size());
  bytes_in_ += read;
  bytes_out_ += out.size();
  judge(last);
  return out;
}

// At most one filling of each room: how much work it is does not depend on what the bytes become.
void ContentDecoder::run(std::string_view& in, std::span<char>& room) {
  Layer& first = *layers_[0];
  if (layers_[1] == nullptr) {
    first.run(in, room);
    full_ = first.full();
    return;
  }
  Layer& second = *layers_[1];
  if (between_at_ == between_.size()) {
    between_.resize(between_bytes);
    std::span<char> between(between_);
    first.run(in, between);
    between_.resize(between_.size() - between.size());
    between_at_ = 0;
  }
  std::string_view rest = std::string_view(between_).substr(between_at_);
  second.run(rest, room);
  between_at_ = between_.size() - rest.size();
  full_ = first.full() || second.full() || !rest.empty();
}

void ContentDecoder::judge(bool last) {
  bool over = bytes_out_ > limits_.free_bytes && bytes_out_ / limits_.ratio_max > bytes_in_;
  if (over || bytes_out_ > limits_.bytes_max) fault_ = too_much;
  for (const std::unique_ptr<Layer>& layer : layers_) {
    if (layer != nullptr && layer->broken()) fault_ = broken;
  }
  if (!last || more()) return;
  for (const std::unique_ptr<Layer>& layer : layers_) {
    if (layer != nullptr && !layer->may_end()) fault_ = torn;
  }
}

std::size_t ContentDecoder::memory_bytes() const {
  std::size_t sum = between_.capacity() + held_.capacity();
  for (const std::unique_ptr<Layer>& layer : layers_) {
    if (layer != nullptr) sum += layer->memory_bytes();
  }
  return sum;
}

}  // namespace recloser::codec
