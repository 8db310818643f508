// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/code_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "base/testing/temporary_folder.h"
#include "store/folder.h"
#include "store/testing/file_size_limit.h"

namespace arcella::store {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kHeaderBytes = 64;

std::string bytes_of(const UniqueFd& fd) {
  struct stat status{};
  EXPECT_EQ(::fstat(fd.get(), &status), 0);
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  EXPECT_EQ(::pread(fd.get(), bytes.data(), bytes.size(), 0), status.st_size);
  return bytes;
}

class CodeCacheTest : public ::testing::Test {
 protected:
  CodeCacheTest() { (void)log::configure({.level = log::Level::Off}); }
  ~CodeCacheTest() override { (void)log::configure({}); }

  CodeCache open() { return CodeCache::open(home_.path()).value(); }
  UniqueFd artifact(const std::string& bytes) {
    std::string path = source_ / "artifact";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  std::vector<std::string> files() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(home_ / "cache")) paths.push_back(entry.path());
    return paths;
  }
  bool is_hit(const CodeCache& cache, std::string_view hash = "aa",
              std::string_view fingerprint = "engine 1") {
    auto found = cache.find(hash, fingerprint);
    EXPECT_TRUE(found.has_value());
    return found.has_value() && found.value().has_value();
  }
  void put(const CodeCache& cache, std::string_view hash = "aa",
           std::string_view fingerprint = "engine 1") {
    ASSERT_TRUE(cache.put(hash, fingerprint, artifact(bytes_)).has_value());
  }
  void flip(const std::string& path, std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
  }

  TemporaryFolder home_;
  TemporaryFolder source_;
  std::string bytes_ = std::string(200'000, 'c') + "end";
};

TEST_F(CodeCacheTest, FindsWhatWasPut) {
  CodeCache cache = open();
  EXPECT_FALSE(is_hit(cache));
  UniqueFd put = cache.put("aa", "engine 1", artifact(bytes_)).value();
  EXPECT_EQ(bytes_of(put), bytes_);
  EXPECT_EQ(bytes_of(cache.find("aa", "engine 1").value().value()), bytes_);
}

TEST_F(CodeCacheTest, GivesSealedDescriptors) {
  CodeCache cache = open();
  put(cache);
  UniqueFd found = cache.find("aa", "engine 1").value().value();
  EXPECT_EQ(::pwrite(found.get(), "x", 1, 0), -1);
  EXPECT_NE(::fcntl(found.get(), F_GET_SEALS) & F_SEAL_WRITE, 0);
}

TEST_F(CodeCacheTest, AnotherContentOrEngineIsAMiss) {
  CodeCache cache = open();
  put(cache);
  EXPECT_FALSE(is_hit(cache, "ab"));
  EXPECT_FALSE(is_hit(cache, "aa", "engine 2"));
}

TEST_F(CodeCacheTest, KeepsItsKeyAcrossARestart) {
  put(open());
  EXPECT_TRUE(is_hit(open()));
}

TEST_F(CodeCacheTest, AFlippedByteIsAMissWhereverItIs) {
  CodeCache cache = open();
  auto size = static_cast<std::streamoff>(kHeaderBytes + bytes_.size());
  for (std::streamoff at :
       {std::streamoff{0}, std::streamoff{8}, std::streamoff{16}, std::streamoff{47},
        std::streamoff{48}, std::streamoff{63}, std::streamoff{64}, size / 2, size - 1}) {
    put(cache);
    flip(files().at(0), at);
    EXPECT_FALSE(is_hit(cache)) << at;
    EXPECT_THAT(files(), IsEmpty()) << "it is reported once";
  }
}

TEST_F(CodeCacheTest, ATruncatedOrLongerFileIsAMiss) {
  CodeCache cache = open();
  for (std::uintmax_t size :
       {std::uintmax_t{0}, std::uintmax_t{20}, std::uintmax_t{64}, std::uintmax_t{1000},
        std::uintmax_t{64 + 200'003 - 1}, std::uintmax_t{64 + 200'003 + 1}}) {
    put(cache);
    fs::resize_file(files().at(0), size);
    EXPECT_FALSE(is_hit(cache)) << size;
  }
}

TEST_F(CodeCacheTest, AFileOfAnotherContentUnderThisNameIsAMiss) {
  CodeCache cache = open();
  put(cache, "aa");
  std::string path_a = files().at(0);
  fs::rename(path_a, source_ / "kept");
  bytes_ = "another";
  put(cache, "bb");
  std::string path_b = files().at(0);
  fs::rename(path_b, path_a);
  EXPECT_FALSE(is_hit(cache, "aa"));
}

TEST_F(CodeCacheTest, AFileOfAnotherEngineUnderThisNameIsAMiss) {
  CodeCache cache = open();
  put(cache, "aa", "engine 1");
  std::string path_1 = files().at(0);
  fs::rename(path_1, source_ / "kept");
  put(cache, "aa", "engine 2");
  fs::rename(source_ / "kept", files().at(0));
  EXPECT_FALSE(is_hit(cache, "aa", "engine 2"));
}

TEST_F(CodeCacheTest, AnArtifactOfAnotherKeyIsAMiss) {
  put(open());
  fs::remove(home_ / "state/cache.key");
  EXPECT_FALSE(is_hit(open()));
}

TEST_F(CodeCacheTest, AKeyThatOthersCouldReadIsReplaced) {
  put(open());
  std::string key = home_ / "state/cache.key";
  fs::permissions(key, fs::perms::owner_read | fs::perms::group_read);
  EXPECT_FALSE(is_hit(open()));
  EXPECT_EQ(fs::status(key).permissions() & fs::perms::all,
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::file_size(key), 32U);
}

TEST_F(CodeCacheTest, AKeyOfTheWrongLengthIsReplaced) {
  put(open());
  fs::resize_file(home_ / "state/cache.key", 31);
  EXPECT_FALSE(is_hit(open()));
}

TEST_F(CodeCacheTest, ALinkInThePlaceOfAnArtifactIsAMiss) {
  CodeCache cache = open();
  put(cache);
  std::string path = files().at(0);
  fs::rename(path, source_ / "elsewhere");
  fs::create_symlink(source_ / "elsewhere", path);
  EXPECT_FALSE(is_hit(cache));
}

TEST_F(CodeCacheTest, CopiesBeforeItChecksSoThatLateChangesDoNotMatter) {
  CodeCache cache = open();
  UniqueFd source = artifact(bytes_);
  UniqueFd kept = cache.put("aa", "engine 1", source).value();
  std::ofstream(source_ / "artifact", std::ios::binary | std::ios::trunc)
      << std::string(bytes_.size(), 'z');
  EXPECT_EQ(bytes_of(kept), bytes_);
  EXPECT_EQ(bytes_of(cache.find("aa", "engine 1").value().value()), bytes_);
}

TEST_F(CodeCacheTest, RemovesAContentOfAllEngines) {
  CodeCache cache = open();
  put(cache, "aa", "engine 1");
  put(cache, "aa", "engine 2");
  put(cache, "ab", "engine 1");
  ASSERT_TRUE(cache.remove("aa").has_value());
  EXPECT_THAT(files(), SizeIs(1));
  EXPECT_TRUE(is_hit(cache, "ab"));
}

TEST_F(CodeCacheTest, RemovesTheArtifactsOfUnknownContentsAndNothingElse) {
  CodeCache cache = open();
  put(cache, "aa");
  put(cache, "bb");
  const std::string notes = home_ / "cache/notes.txt";
  std::ofstream(notes) << "somebody else's";
  ASSERT_TRUE(cache.remove_unknown({"aa"}).has_value());
  EXPECT_TRUE(is_hit(cache, "aa"));
  EXPECT_FALSE(is_hit(cache, "bb"));
  EXPECT_TRUE(fs::exists(notes));
}

TEST_F(CodeCacheTest, RefusesNamesThatAreNoHash) {
  CodeCache cache = open();
  for (std::string_view hash : {"", "../x", "a/b", "XYZ", "a.b"}) {
    EXPECT_FALSE(cache.find(hash, "e").has_value()) << hash;
    EXPECT_FALSE(cache.put(hash, "e", artifact("x")).has_value()) << hash;
    EXPECT_FALSE(cache.remove(hash).has_value()) << hash;
  }
}

TEST_F(CodeCacheTest, RefusesAnEmptyArtifact) {
  auto put = open().put("aa", "e", artifact(""));
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code(), ErrorCode::InvalidParams);
}

TEST_F(CodeCacheTest, AFullDiskIsNoSpaceAndLeavesNothing) {
  CodeCache cache = open();
  UniqueFd source = artifact(std::string(100'000, 'x'));
  {
    // The memfd counts as a file, so the bound lies between its size and that of the file with its
    // header.
    testing::FileSizeLimit limit(100'010);
    auto put = cache.put("aa", "engine 1", source);
    ASSERT_FALSE(put.has_value());
    EXPECT_EQ(put.error().code(), ErrorCode::NoSpace);
  }
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(CodeCacheTest, ATemporaryFileOfACrashGoesAtTheNextStart) {
  open();
  std::ofstream(home_ / "cache/.tmp-aa-bb.artifact") << "half";
  open();
  EXPECT_THAT(files(), IsEmpty());
}

}  // namespace
}  // namespace arcella::store
