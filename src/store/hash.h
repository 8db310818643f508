// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What libsodium does for us: BLAKE2b for content hashes and for deriving keys (keyed, it is a
// pseudo-random function as it is), Poly1305 for the MAC over an artifact. Measured here: BLAKE2b
// 0.66 GB/s, SHA-256 0.42, Poly1305 4.4; a start from the cache reads the whole artifact, so that
// is what it takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace arcella::store {

inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kKeyBytes = 32;
using Hash = std::array<std::byte, kHashBytes>;

// A secret; wiped when it goes.
class Key {
 public:
  static Key random();
  // `bytes` has kKeyBytes; anything else is a bug.
  static Key from_bytes(std::string_view bytes);
  static Key from_hash(const Hash& hash);
  Key(Key&& other) noexcept;
  Key& operator=(Key&&) = delete;
  ~Key();
  [[nodiscard]] std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  Key() = default;
  std::array<std::byte, kKeyBytes> bytes_{};
};

// Incremental. Thread: one at a time.
class Hasher {
 public:
  Hasher();  // without key
  explicit Hasher(const Key& key);
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  void update(std::uint64_t number);  // 8 bytes, little-endian
  // Its length first, so that two fields never run into each other.
  void update_field(std::string_view text);
  [[nodiscard]] Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);

// Poly1305. A key must be used for one message only: two under one key give the key away.
inline constexpr std::size_t kTagBytes = 16;
using Tag = std::array<std::byte, kTagBytes>;
[[nodiscard]] Tag one_time_tag(const Key& key, std::span<const std::byte> bytes);
// In constant time.
[[nodiscard]] bool equal(const Tag& a, const Tag& b) noexcept;

}  // namespace arcella::store
