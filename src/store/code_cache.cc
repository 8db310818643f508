// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/code_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "store/folder.h"
#include "store/hash.h"
#include "store/sealed_memfd.h"
#include "store/system_error.h"

namespace arcella::store {
namespace {

// A file of the cache: this header, then the artifact.
//   0  "ARCELLA1"
//   8  u64 LE length of the artifact
//   16 nonce, 32 random bytes
//   48 tag
// The tag is Poly1305 over the artifact under a key of its own, which keyed BLAKE2b derives from
// all that the artifact must not be passed off as: kind of file, content hash, fingerprint, length;
// and from the nonce, so that no key is used twice.
constexpr std::string_view kMagic = "ARCELLA1";
constexpr std::size_t kLengthAt = kMagic.size();
constexpr std::size_t kNonceAt = kLengthAt + 8;
constexpr std::size_t kNonceBytes = kKeyBytes;
constexpr std::size_t kTagAt = kNonceAt + kNonceBytes;
constexpr std::size_t kHeaderBytes = kTagAt + kTagBytes;
using Header = std::array<char, kHeaderBytes>;

constexpr std::string_view kTemporary = ".tmp-";
constexpr std::string_view kSuffix = ".artifact";
constexpr std::size_t kHexLengthMax = 128;

bool is_hex(std::string_view text) {
  return !text.empty() && text.size() <= kHexLengthMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<void> check_content_hash(std::string_view content_hash) {
  if (is_hex(content_hash)) return {};
  return fail(ErrorCode::InvalidParams, "'" + inert(content_hash) + "' is no content hash");
}

// A fingerprint is any text; 128 bits of its hash make a file name that no other has.
std::string file_name(std::string_view content_hash, std::string_view fingerprint) {
  Hasher hasher;
  hasher.update_field(fingerprint);
  return std::string(content_hash) + "-" + to_hex(hasher.finish()).substr(0, 32) +
         std::string(kSuffix);
}

Header make_header(std::uint64_t length, std::string_view nonce, const Tag& tag) {
  Header header{};
  std::copy(kMagic.begin(), kMagic.end(), header.begin());
  for (std::size_t i = 0; i < 8; ++i)
    header[kLengthAt + i] = static_cast<char>(length >> (8 * i) & 0xffU);
  std::copy(nonce.begin(), nonce.end(), header.begin() + kNonceAt);
  std::memcpy(header.data() + kTagAt, tag.data(), tag.size());
  return header;
}

struct Stated {
  std::uint64_t length = 0;
  std::string nonce;
  Tag tag{};
};

// nullopt: no header of ours, or one that contradicts the size of the file.
Result<std::optional<Stated>> read_header(const UniqueFd& file) {
  Header header{};
  ssize_t got = ::pread(file.get(), header.data(), header.size(), 0);
  struct stat status{};
  if (got < 0 || ::fstat(file.get(), &status) != 0) {
    return fail(system_error(errno, "reading the code cache"));
  }
  if (got != static_cast<ssize_t>(header.size())) return std::nullopt;
  if (std::string_view(header.data(), kMagic.size()) != kMagic) return std::nullopt;
  Stated stated;
  for (std::size_t i = 8; i-- > 0;) {
    stated.length = stated.length << 8U | static_cast<unsigned char>(header[kLengthAt + i]);
  }
  stated.nonce.assign(header.data() + kNonceAt, kNonceBytes);
  std::memcpy(stated.tag.data(), header.data() + kTagAt, stated.tag.size());
  auto size = static_cast<std::uint64_t>(status.st_size);
  if (stated.length > limits::kArtifactBytesMax || size != stated.length + kHeaderBytes) {
    return std::nullopt;
  }
  return stated;
}

Result<Key> make_key(const std::string& path) {
  Key key = Key::random();
  ARCELLA_TRY_VOID(atomic_write(path, key.bytes(), 0600));
  return key;
}

// The key that is there, if nobody else could have read or written it; else a new one, which makes
// misses of all artifacts.
Result<Key> load_key(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return make_key(path);
    return fail(system_error(errno, "reading '" + path + "'"));
  }
  bool ours =
      S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 077U) == 0;
  if (ours && status.st_size == kKeyBytes) {
    ARCELLA_TRY(std::string bytes, read_file(path, kKeyBytes));
    if (bytes.size() == kKeyBytes) return Key::from_bytes(bytes);
  }
  log::warn("store", "the key of the code cache is not a private file of ours: making a new one",
            {{"path", path}});
  return make_key(path);
}

}  // namespace

struct CodeCache::Impl {
  Folder folder;
  Key key;

  Result<Tag> tag_of(std::string_view content_hash, std::string_view fingerprint,
                     std::string_view nonce, const UniqueFd& memfd, std::uint64_t length) const {
    ARCELLA_TRY(Mapping mapping, Mapping::map(memfd, static_cast<std::size_t>(length)));
    Hasher hasher(key);
    hasher.update_field(kMagic);
    hasher.update_field(content_hash);
    hasher.update_field(fingerprint);
    hasher.update(length);
    hasher.update_field(nonce);
    return one_time_tag(Key::from_hash(hasher.finish()), mapping.bytes());
  }

  // nullopt: not to be trusted.
  Result<std::optional<UniqueFd>> verified(const UniqueFd& file, std::string_view content_hash,
                                           std::string_view fingerprint) const {
    ARCELLA_TRY(std::optional<Stated> stated, read_header(file));
    if (!stated) return std::nullopt;
    ARCELLA_TRY(UniqueFd memfd, copy_to_sealed_memfd(file, kHeaderBytes, stated->length));
    ARCELLA_TRY(Tag tag, tag_of(content_hash, fingerprint, stated->nonce, memfd, stated->length));
    if (!equal(tag, stated->tag)) return std::nullopt;
    return memfd;
  }

  Result<void> write(const std::string& name, const Header& header, const UniqueFd& memfd,
                     std::size_t length) const {
    std::string temporary = std::string(kTemporary) + name;
    ARCELLA_TRY_VOID(folder.remove(temporary));
    auto written = fill(temporary, header, memfd, length).and_then([&] {
      return folder.rename_over(temporary, name);
    });
    if (!written.has_value()) {
      (void)folder.remove(temporary);
      return written;
    }
    crash_point("cache.renamed");
    return folder.sync();
  }

  Result<void> fill(const std::string& name, const Header& header, const UniqueFd& memfd,
                    std::size_t length) const {
    ARCELLA_TRY(UniqueFd file, folder.create_file(name));
    ARCELLA_TRY(Mapping mapping, Mapping::map(memfd, length));
    std::string what = "writing '" + folder.path_of(name) + "'";
    ARCELLA_TRY_VOID(write_all(file, std::string_view(header.data(), header.size()), what));
    std::string_view bytes(reinterpret_cast<const char*>(mapping.bytes().data()), length);
    ARCELLA_TRY_VOID(write_all(file, bytes, what));
    if (::fsync(file.get()) != 0) return fail(system_error(errno, what));
    crash_point("cache.written");
    return {};
  }
};

CodeCache::CodeCache(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CodeCache::~CodeCache() = default;
CodeCache::CodeCache(CodeCache&&) noexcept = default;
CodeCache& CodeCache::operator=(CodeCache&&) noexcept = default;

Result<CodeCache> CodeCache::open(const std::string& home) {
  ARCELLA_TRY(Folder folder, Folder::open(home + "/cache"));
  ARCELLA_TRY(std::vector<std::string> names, folder.names());
  for (const std::string& name : names) {
    if (name.compare(0, kTemporary.size(), kTemporary) != 0) continue;
    ARCELLA_TRY_VOID(folder.remove(name));
  }
  ARCELLA_TRY_VOID(make_dir_0700(home + "/state"));
  ARCELLA_TRY_VOID(remove_unfinished(home + "/state/cache.key"));
  ARCELLA_TRY(Key key, load_key(home + "/state/cache.key"));
  return CodeCache(std::make_unique<Impl>(Impl{std::move(folder), std::move(key)}));
}

Result<std::optional<UniqueFd>> CodeCache::find(std::string_view content_hash,
                                                std::string_view fingerprint) const {
  ARCELLA_TRY_VOID(check_content_hash(content_hash));
  std::string name = file_name(content_hash, fingerprint);
  if (!impl_->folder.has(name)) return std::nullopt;
  auto file = impl_->folder.open_file(name);
  if (!file.has_value() && file.error().code() != ErrorCode::InvalidParams)
    return fail(file.error());
  if (file.has_value()) {
    ARCELLA_TRY(std::optional<UniqueFd> memfd,
                impl_->verified(file.value(), content_hash, fingerprint));
    if (memfd) return memfd;
  }
  log::warn("store", "an artifact of the code cache is damaged or was altered: it is made again",
            {{"path", impl_->folder.path_of(name)}});
  // Gone, so that it is reported once.
  ARCELLA_TRY_VOID(impl_->folder.remove(name));
  return std::nullopt;
}

Result<UniqueFd> CodeCache::put(std::string_view content_hash, std::string_view fingerprint,
                                const UniqueFd& artifact) const {
  ARCELLA_TRY_VOID(check_content_hash(content_hash));
  struct stat status{};
  if (::fstat(artifact.get(), &status) != 0)
    return fail(system_error(errno, "reading an artifact"));
  auto length = static_cast<std::uint64_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || length == 0) {
    return fail(ErrorCode::InvalidParams, "an artifact is a file that is not empty");
  }
  if (length > limits::kArtifactBytesMax) {
    return fail(ErrorCode::LimitExceeded, "the artifact is larger than the limit of " +
                                              std::to_string(limits::kArtifactBytesMax) + " bytes");
  }
  // Copied first: whoever made it may still hold it and change it.
  ARCELLA_TRY(UniqueFd memfd, copy_to_sealed_memfd(artifact, 0, length));
  Key random = Key::random();
  std::string_view nonce = random.bytes();
  ARCELLA_TRY(Tag tag, impl_->tag_of(content_hash, fingerprint, nonce, memfd, length));
  ARCELLA_TRY_VOID(impl_->write(file_name(content_hash, fingerprint),
                                make_header(length, nonce, tag), memfd,
                                static_cast<std::size_t>(length)));
  return memfd;
}

Result<void> CodeCache::remove_unknown(const std::vector<std::string>& content_hashes) const {
  ARCELLA_TRY(std::vector<std::string> names, impl_->folder.names());
  for (const std::string& name : names) {
    // What is not named as we name things was put there by somebody else, and stays.
    std::string hash = name.substr(0, name.find('-'));
    if (!name.ends_with(kSuffix) || !is_hex(hash)) continue;
    bool known =
        std::find(content_hashes.begin(), content_hashes.end(), hash) != content_hashes.end();
    if (known) continue;
    ARCELLA_TRY_VOID(impl_->folder.remove(name));
  }
  return impl_->folder.sync();
}

Result<void> CodeCache::remove(std::string_view content_hash) const {
  ARCELLA_TRY_VOID(check_content_hash(content_hash));
  std::string prefix = std::string(content_hash) + "-";
  ARCELLA_TRY(std::vector<std::string> names, impl_->folder.names());
  for (const std::string& name : names) {
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    ARCELLA_TRY_VOID(impl_->folder.remove(name));
    crash_point("cache.deleted");
  }
  return impl_->folder.sync();
}

}  // namespace arcella::store
