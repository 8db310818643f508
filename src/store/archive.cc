// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/unique_fd.h"
#include "store/system_error.h"
#include "wire/utf8.h"

namespace arcella::store {
namespace {

constexpr std::size_t kBlockBytes = 64U << 10;
constexpr std::string_view kHowToPack = "pack it anew: `tar czf NAME.tar.gz -C FOLDER .`";

struct FreeArchive {
  void operator()(archive* reader) const noexcept { ::archive_read_free(reader); }
};

// libarchive turns names into the thread's character set, and the "C" that a daemon starts with has
// no letters past ASCII.
class Utf8Locale {
 public:
  Utf8Locale() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_ != nullptr) before_ = ::uselocale(utf8_);
  }
  ~Utf8Locale() {
    if (utf8_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(utf8_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t utf8_;
  locale_t before_ = nullptr;
};

// What a file that is no tar may be instead, for the words that help.
std::string_view packing_of(int file) {
  struct Magic {
    std::string_view bytes;
    std::string_view name;
  };
  static constexpr std::array<Magic, 4> kKnown{{{"\xfd"
                                                 "7zXZ",
                                                 "packed with xz"},
                                                {"\x28\xb5\x2f\xfd", "packed with zstd"},
                                                {"BZh", "packed with bzip2"},
                                                {"PK\x03\x04", "a zip archive"}}};
  std::array<char, 8> start{};
  const ssize_t count = ::pread(file, start.data(), start.size(), 0);
  const std::string_view text(start.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  for (const Magic& magic : kKnown) {
    if (text.starts_with(magic.bytes)) return magic.name;
  }
  return {};
}

Result<UniqueFd> open_bounded(const std::string& path, std::size_t bytes_max) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return fail(system_error(errno, "reading '" + path + "'"));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail(system_error(errno, "reading '" + path + "'"));
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::InvalidParams, "reading '" + path + "': it is not a file");
  if (static_cast<std::size_t>(status.st_size) > bytes_max) {
    return fail(ErrorCode::LimitExceeded, "reading '" + path + "': larger than the limit of " +
                                              std::to_string(bytes_max) + " bytes");
  }
  return file;
}

// The name without `./` before and `/` behind it; nullopt for one that is not plain.
std::optional<std::string> plain_path(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  if (name.ends_with('/')) name.remove_suffix(1);
  std::string_view rest = name == "." ? std::string_view() : name;
  std::string path(rest);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    const bool cut = end + 1 == rest.size();  // `a//` has lost one slash above
    if (part.empty() || part == "." || part == ".." || cut) return std::nullopt;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return path;
}

std::string_view what_is(archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) return "a hard link";
  switch (::archive_entry_filetype(entry)) {
    case AE_IFLNK:
      return "a symbolic link";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    case AE_IFIFO:
      return "a pipe";
    case AE_IFSOCK:
      return "a socket";
    default:
      return "of an unknown kind";
  }
}

// One reading of one archive.
class Reading {
 public:
  Reading(const std::string& path, const ArchiveRoom& room, const ArchiveLimits& bounds)
      : path_(path), room_(room), bounds_(bounds), reader_(::archive_read_new()) {}

  Result<std::vector<ArchiveFile>> run() {
    ARCELLA_TRY(file_, open_bounded(path_, bounds_.file_bytes_max));
    ::archive_read_support_format_tar(reader_.get());
    ::archive_read_support_filter_gzip(reader_.get());
    if (::archive_read_open_fd(reader_.get(), file_.get(), kBlockBytes) != ARCHIVE_OK)
      return fail(unreadable());
    for (;;) {
      archive_entry* entry = nullptr;
      const int status = ::archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) break;
      // A warning is of a header that could be read in two ways.
      if (status != ARCHIVE_OK) return fail(unreadable());
      ARCELLA_TRY_VOID(take(entry));
    }
    if (seen_.empty()) return fail(refusal("the archive is empty"));
    return std::move(files_);
  }

 private:
  [[nodiscard]] Error refusal(const std::string& what) const {
    return {ErrorCode::InvalidComponent, path_ + ": " + what + ": " + std::string(kHowToPack)};
  }
  [[nodiscard]] Error refusal(const std::string& name, std::string_view what) const {
    return refusal("entry '" + inert(name) + "' " + std::string(what));
  }
  [[nodiscard]] Error too_much(const std::string& what) const {
    return {ErrorCode::LimitExceeded,
            path_ + ": " + what + ": put only the .wasm and its manifests into the archive"};
  }

  [[nodiscard]] Error unreadable() const {
    const std::string_view other = packing_of(file_.get());
    if (!other.empty())
      return refusal("is " + std::string(other) +
                     ", and only plain and gzip tar archives are read");
    if (seen_.empty() && last_.empty()) return refusal("is no tar archive, or is damaged");
    const char* why = ::archive_error_string(reader_.get());
    return refusal("is damaged after entry '" + inert(last_) + "' (" +
                   inert(why == nullptr ? "cut short" : why) + ")");
  }

  Result<void> take(archive_entry* entry) {
    if (++entries_ > bounds_.entries_max)
      return fail(too_much("more than " + std::to_string(bounds_.entries_max) + " entries"));
    const char* raw = ::archive_entry_pathname(entry);
    const std::string name = raw == nullptr ? std::string() : raw;
    last_ = name;
    ARCELLA_TRY(std::string path, checked_path(name));
    const auto kind = ::archive_entry_filetype(entry);
    const bool is_link = ::archive_entry_hardlink(entry) != nullptr;
    if (is_link || (kind != AE_IFREG && kind != AE_IFDIR)) {
      return fail(refusal(
          name, "is " + std::string(what_is(entry)) + ", and only files and folders are taken"));
    }
    if (::archive_entry_sparse_count(entry) > 0) return fail(refusal(name, "is a sparse file"));
    if (path.empty()) return {};  // the archive's own folder
    ARCELLA_TRY_VOID(note(name, path, kind == AE_IFDIR));
    if (kind == AE_IFDIR) return check_totals();
    return read_data(entry, std::move(path));
  }

  [[nodiscard]] Result<std::string> checked_path(const std::string& name) const {
    if (name.empty()) return fail(refusal(name, "has no name that can be read"));
    if (!wire::is_utf8(name) || inert(name) != name)
      return fail(refusal(wire::to_utf8(name), "has control characters or no UTF-8 in its name"));
    if (name.size() > limits::kArchivePathBytesMax) {
      return fail(too_much("entry '" + name.substr(0, 40) + "...' has a name of more than " +
                           std::to_string(limits::kArchivePathBytesMax) + " bytes"));
    }
    if (name.front() == '/') return fail(refusal(name, "has an absolute name"));
    auto path = plain_path(name);
    if (!path)
      return fail(refusal(name, "has '..', '.' or nothing between the slashes of its name"));
    if (std::count(path->begin(), path->end(), '/') >= limits::kArchiveDepthMax) {
      return fail(too_much("entry '" + name + "' lies deeper than " +
                           std::to_string(limits::kArchiveDepthMax) + " folders"));
    }
    return *path;
  }

  // A folder may be said twice, as tar does when it is given both it and what is in it; a file may
  // not, nor may it be somebody's folder.
  Result<void> note(const std::string& name, const std::string& path, bool is_folder) {
    auto [there, is_new] = seen_.emplace(path, is_folder);
    if (!is_new && (!is_folder || !there->second))
      return fail(refusal(name, "is in the archive twice"));
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      auto [folder, made] = seen_.emplace(path.substr(0, slash), true);
      if (!folder->second) return fail(refusal(name, "lies in a file"));
    }
    return {};
  }

  Result<void> read_data(archive_entry* entry, std::string path) {
    const std::size_t room = room_(path);
    const auto said =
        static_cast<std::uint64_t>(std::max<la_int64_t>(0, ::archive_entry_size(entry)));
    ARCELLA_TRY_VOID(check_size(path, said, room));
    ArchiveFile file{std::move(path), {}};
    std::size_t total = 0;
    for (;;) {
      const void* block = nullptr;
      std::size_t count = 0;
      la_int64_t offset = 0;
      const int status = ::archive_read_data_block(reader_.get(), &block, &count, &offset);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK) return fail(unreadable());
      if (static_cast<std::size_t>(offset) != total)
        return fail(refusal(file.path, "is a sparse file"));
      total += count;
      ARCELLA_TRY_VOID(check_size(file.path, total, room));
      ARCELLA_TRY_VOID(check_totals());
      if (room > 0) file.bytes.append(static_cast<const char*>(block), count);
    }
    if (total != said) return fail(refusal(file.path, "is cut short"));
    if (room > 0) files_.push_back(std::move(file));
    return {};
  }

  [[nodiscard]] Result<void> check_size(const std::string& path, std::uint64_t bytes,
                                        std::size_t room) const {
    const std::size_t most = room > 0 ? std::min(room, bounds_.bytes_max) : bounds_.bytes_max;
    if (bytes <= most) return {};
    return fail(too_much("entry '" + path + "' is larger than the limit of " +
                         std::to_string(most) + " bytes"));
  }

  // What came out so far, with headers and padding, against what went in.
  [[nodiscard]] Result<void> check_totals() const {
    const auto out = static_cast<std::size_t>(::archive_filter_bytes(reader_.get(), 0));
    const auto in = static_cast<std::size_t>(::archive_filter_bytes(reader_.get(), -1));
    if (out > bounds_.bytes_max) {
      return fail(too_much("more than " + std::to_string(bounds_.bytes_max) +
                           " bytes when it is unpacked"));
    }
    if (out > limits::kArchiveRatioFreeBytes && out / limits::kArchiveRatioMax > in) {
      return fail(too_much("unpacks to more than " + std::to_string(limits::kArchiveRatioMax) +
                           " times its size, as only a bomb does"));
    }
    return {};
  }

  const std::string& path_;
  const ArchiveRoom& room_;
  const ArchiveLimits& bounds_;
  UniqueFd file_;
  std::unique_ptr<archive, FreeArchive> reader_;
  std::map<std::string, bool> seen_;  // path -> is a folder
  std::vector<ArchiveFile> files_;
  std::string last_;  // name of the last entry
  int entries_ = 0;
};

}  // namespace

Result<std::vector<ArchiveFile>> read_archive(const std::string& path, const ArchiveRoom& room,
                                              const ArchiveLimits& bounds) {
  const Utf8Locale names;
  return Reading(path, room, bounds).run();
}

bool is_archive_name(std::string_view name) {
  return name.ends_with(".tar.gz") || name.ends_with(".tgz") || name.ends_with(".tar");
}

}  // namespace arcella::store
