// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/process_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace arcella::runtime {

std::uint64_t resident_bytes(std::int64_t pid) {
  if (pid <= 0) return 0;
  std::string path = "/proc/" + std::to_string(pid) + "/statm";
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  std::array<char, 128> buffer{};
  ssize_t length = ::read(file.get(), buffer.data(), buffer.size());
  if (length <= 0) return 0;
  // "total resident shared ...", in pages.
  std::string_view text(buffer.data(), static_cast<std::size_t>(length));
  std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return 0;
  text.remove_prefix(space + 1);
  std::uint64_t pages = 0;
  std::from_chars(text.data(), text.data() + text.size(), pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace arcella::runtime
