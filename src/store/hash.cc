// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/hash.h"

#include <sodium.h>

#include <algorithm>

#include "base/check.h"

namespace arcella::store {
namespace {

static_assert(kHashBytes == crypto_generichash_BYTES && kKeyBytes == crypto_generichash_KEYBYTES);
static_assert(kKeyBytes == crypto_onetimeauth_KEYBYTES && kTagBytes == crypto_onetimeauth_BYTES);

const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

// Chooses the fastest version for this processor; may be called from anywhere, any number of times.
void ensure_ready() {
  ARCELLA_CHECK(::sodium_init() >= 0, "the system has random bytes");
}

}  // namespace

struct Hasher::State {
  crypto_generichash_state sodium;
};

Key Key::random() {
  ensure_ready();
  Key key;
  ::randombytes_buf(key.bytes_.data(), key.bytes_.size());
  return key;
}

Key Key::from_bytes(std::string_view bytes) {
  ARCELLA_CHECK(bytes.size() == kKeyBytes, "a key has a fixed length");
  Key key;
  std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), kKeyBytes, key.bytes_.begin());
  return key;
}

Key Key::from_hash(const Hash& hash) {
  static_assert(kHashBytes == kKeyBytes);
  Key key;
  key.bytes_ = hash;
  return key;
}

Key::Key(Key&& other) noexcept : bytes_(other.bytes_) {
  ::sodium_memzero(other.bytes_.data(), other.bytes_.size());
}

Key::~Key() {
  ::sodium_memzero(bytes_.data(), bytes_.size());
}

Hasher::Hasher() : state_(std::make_unique<State>()) {
  ensure_ready();
  ::crypto_generichash_init(&state_->sodium, nullptr, 0, kHashBytes);
}

Hasher::Hasher(const Key& key) : state_(std::make_unique<State>()) {
  ensure_ready();
  ::crypto_generichash_init(&state_->sodium,
                            reinterpret_cast<const unsigned char*>(key.bytes().data()), kKeyBytes,
                            kHashBytes);
}

Hasher::~Hasher() {
  ::sodium_memzero(state_.get(), sizeof(State));
}

void Hasher::update(std::span<const std::byte> bytes) {
  ::crypto_generichash_update(&state_->sodium, raw(bytes.data()), bytes.size());
}

void Hasher::update(std::uint64_t number) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(number >> (8 * i) & 0xffU);
  update(bytes);
}

void Hasher::update_field(std::string_view text) {
  update(std::uint64_t{text.size()});
  update(text);
}

Hash Hasher::finish() {
  Hash hash{};
  ::crypto_generichash_final(&state_->sodium, reinterpret_cast<unsigned char*>(hash.data()),
                             hash.size());
  return hash;
}

std::string to_hex(std::span<const std::byte> bytes) {
  std::string hex(bytes.size() * 2 + 1, '\0');
  ::sodium_bin2hex(hex.data(), hex.size(), raw(bytes.data()), bytes.size());
  hex.pop_back();
  return hex;
}

Tag one_time_tag(const Key& key, std::span<const std::byte> bytes) {
  ensure_ready();
  Tag tag{};
  ::crypto_onetimeauth(reinterpret_cast<unsigned char*>(tag.data()), raw(bytes.data()),
                       bytes.size(), reinterpret_cast<const unsigned char*>(key.bytes().data()));
  return tag;
}

bool equal(const Tag& a, const Tag& b) noexcept {
  return ::sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace arcella::store
