// SPDX-License-Identifier: Apache-2.0
#include "platform/gunzip.hpp"

#include <algorithm>
#include <limits>

#include <zlib.h>

#include "platform/heap_scope.hpp"

namespace depotlink::platform {

namespace {
constexpr int kGzipOnly = 15 + 16;  // a window of 32 KiB, and a gzip header is a must (zlib.h)
}

struct Gunzip::State {
  z_stream stream{};
  bool open = false;
  bool ended = false;  // at the end of a member
};

Gunzip::Gunzip() : state_(std::make_unique<State>()) {}

Gunzip::~Gunzip() {
  End();
}

bool Gunzip::Begin() {
  End();
  state_->stream = {};
  state_->ended = false;
  const HeapScope scope(HeapPart::kHttp);
  state_->open = inflateInit2(&state_->stream, kGzipOnly) == Z_OK;
  return state_->open;
}

std::ptrdiff_t Gunzip::Read(std::string_view& input, char* out, std::size_t room) {
  if (!state_->open) return -1;
  z_stream& stream = state_->stream;
  if (state_->ended) {
    if (input.empty()) return 0;
    // A gzip file may be several members, one after the other (RFC 1952, 2.2).
    if (inflateReset(&stream) != Z_OK) return -1;
    state_->ended = false;
  }
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  const auto given = static_cast<uInt>(std::min(input.size(), kMost));
  // zlib reads only, although its interface lacks the const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = given;
  stream.next_out = reinterpret_cast<Bytef*>(out);
  stream.avail_out = static_cast<uInt>(std::min(room, kMost));
  const uInt space = stream.avail_out;
  const HeapScope scope(HeapPart::kHttp);  // the window is taken late
  const int outcome = inflate(&stream, Z_NO_FLUSH);
  input.remove_prefix(given - stream.avail_in);
  // Z_BUF_ERROR: no progress was possible, which is no fault of the stream.
  if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR) return -1;
  state_->ended = outcome == Z_STREAM_END;
  return static_cast<std::ptrdiff_t>(space - stream.avail_out);
}

bool Gunzip::complete() const {
  return state_->open && state_->ended;
}

void Gunzip::End() {
  const HeapScope scope(HeapPart::kHttp);
  if (state_->open) inflateEnd(&state_->stream);
  state_->open = false;
}

}  // namespace depotlink::platform
