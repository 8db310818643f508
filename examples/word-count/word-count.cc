// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The `word-count` example: counts lines, words and bytes of the files and folders given, or of all
// files under the mounted folder /data, and prints one row per file in the order of their paths and
// a total, like wc(1). It uses POSIX folders instead of std::filesystem, which libc++ for
// wasm32-wasi does not carry.
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

struct Counts {
  std::uint64_t lines = 0;
  std::uint64_t words = 0;
  std::uint64_t bytes = 0;

  Counts& operator+=(const Counts& other) {
    lines += other.lines;
    words += other.words;
    bytes += other.bytes;
    return *this;
  }
};

bool complain(const std::string& path) {
  std::fprintf(stderr, "word-count: %s: %s\n", path.c_str(), std::strerror(errno));
  return false;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool count(const std::string& path, Counts& counts) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) return complain(path);
  std::vector<char> buffer(64U << 10);
  bool in_word = false;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    counts.bytes += size;
    for (std::size_t i = 0; i < size; ++i) {
      if (buffer[i] == '\n') ++counts.lines;
      if (!in_word && !is_space(buffer[i])) ++counts.words;
      in_word = !is_space(buffer[i]);
    }
  }
  return std::ferror(file.get()) == 0 || complain(path);
}

// Adds the files at or under `path`. A folder is read to its end before its children are opened.
bool collect(const std::string& path, std::vector<std::string>& files) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return complain(path);
  if (!S_ISDIR(status.st_mode)) {
    files.push_back(path);
    return true;
  }
  std::vector<std::string> children;
  {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), &closedir);
    if (!folder) return complain(path);
    while (const dirent* entry = readdir(folder.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..")
        children.push_back(path + (path.ends_with('/') ? "" : "/") + name);
    }
  }
  bool good = true;
  for (const std::string& child : children) good = collect(child, files) && good;
  return good;
}

void print(const Counts& counts, const char* name) {
  std::printf("%8llu %8llu %10llu  %s\n", static_cast<unsigned long long>(counts.lines),
              static_cast<unsigned long long>(counts.words),
              static_cast<unsigned long long>(counts.bytes), name);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> roots(argv + 1, argv + argc);
  if (roots.empty()) roots.emplace_back("/data");

  bool good = true;
  std::vector<std::string> files;
  for (const std::string& root : roots) good = collect(root, files) && good;
  std::sort(files.begin(), files.end());

  Counts total;
  std::printf("%8s %8s %10s  %s\n", "lines", "words", "bytes", "file");
  for (const std::string& file : files) {
    Counts counts;
    good = count(file, counts) && good;
    print(counts, file.c_str());
    total += counts;
  }
  print(total, "total");
  return good ? 0 : 1;
}
