#include "models/weights/sha256.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>

#include "core/error.h"

namespace samsr {
namespace {

/// FIPS 180-4, 4.2.2: fractional parts of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
constexpr std::size_t kBlock = 64;

using State = std::array<std::uint32_t, 8>;

/// FIPS 180-4, 6.2.2.
void add_block(State& state, const unsigned char* block) {
  std::array<std::uint32_t, 64> w;
  for (std::size_t t = 0; t < 16; ++t) {
    w[t] = static_cast<std::uint32_t>(block[4 * t]) << 24 | static_cast<std::uint32_t>(block[4 * t + 1]) << 16 |
           static_cast<std::uint32_t>(block[4 * t + 2]) << 8 | block[4 * t + 3];
  }
  for (std::size_t t = 16; t < 64; ++t) {
    const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
    const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t t = 0; t < 64; ++t) {
    const std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kRound[t] + w[t];
    const std::uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const State added = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state.size(); ++i) {
    state[i] += added[i];
  }
}

constexpr State kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

void add_blocks(State& state, std::string_view blocks) {
  for (std::size_t at = 0; at + kBlock <= blocks.size(); at += kBlock) {
    add_block(state, bytes_of(blocks) + at);
  }
}

/// The digest of `length` bytes, of which all but the `rest`, less than a block, are in `state`.
std::string digits_of(State state, std::string_view rest, std::uint64_t length) {
  // The rest, a bit 1, zeros up to a whole block, the length in bits.
  std::string last(rest);
  last.push_back('\x80');
  last.resize(rest.size() + 9 <= kBlock ? kBlock : 2 * kBlock);
  for (std::size_t i = 0; i < 8; ++i) {
    last[last.size() - 1 - i] = static_cast<char>(8 * length >> (8 * i) & 0xff);
  }
  add_blocks(state, last);
  std::string digits;
  for (const std::uint32_t word : state) {
    digits += fmt::format("{:08x}", word);
  }
  return digits;
}

}  // namespace

std::string sha256_of(std::string_view bytes) {
  State state = kStart;
  add_blocks(state, bytes);
  return digits_of(state, bytes.substr(bytes.size() / kBlock * kBlock), bytes.size());
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw UserError("{}: cannot be read: {}", path.string(), std::strerror(errno));
  }
  State state = kStart;
  std::string buffer(1 << 20, '\0');
  std::string_view got = buffer;
  std::uint64_t length = 0;
  while (got.size() == buffer.size()) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    got = std::string_view(buffer).substr(0, static_cast<std::size_t>(in.gcount()));
    length += got.size();
    add_blocks(state, got);
  }
  if (in.bad()) {
    throw UserError("{}: cannot be read to its end: {}", path.string(), std::strerror(errno));
  }
  return digits_of(state, got.substr(got.size() / kBlock * kBlock), length);
}

}  // namespace samsr
