// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/sealed_memfd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/testing/temporary_folder.h"
#include "store/folder.h"

namespace arcella::store {
namespace {

class SealedMemfd : public ::testing::Test {
 protected:
  UniqueFd file(const std::string& bytes) {
    Folder folder = Folder::open(folder_.path()).value();
    EXPECT_TRUE(folder.write_file("f", bytes).has_value());
    return folder.open_file("f").value();
  }
  TemporaryFolder folder_;
};

TEST_F(SealedMemfd, HoldsTheBytesFromTheOffsetOn) {
  std::string bytes = "header" + std::string(3'000'000, 'x') + "end";
  UniqueFd memfd = copy_to_sealed_memfd(file(bytes), 6, bytes.size() - 6).value();
  Mapping mapping = Mapping::map(memfd, bytes.size() - 6).value();
  std::string_view copied(reinterpret_cast<const char*>(mapping.bytes().data()),
                          mapping.bytes().size());
  EXPECT_EQ(copied, std::string_view(bytes).substr(6));
  EXPECT_EQ(::lseek(memfd.get(), 0, SEEK_CUR), 0);
}

TEST_F(SealedMemfd, CannotBeChangedByAnyone) {
  UniqueFd memfd = copy_to_sealed_memfd(file("bytes"), 0, 5).value();
  EXPECT_EQ(::pwrite(memfd.get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(memfd.get(), 1), -1);
  EXPECT_EQ(::ftruncate(memfd.get(), 100), -1);
  EXPECT_EQ(::mmap(nullptr, 5, PROT_READ | PROT_WRITE, MAP_SHARED, memfd.get(), 0), MAP_FAILED);
  EXPECT_EQ(::fcntl(memfd.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
  int seals = ::fcntl(memfd.get(), F_GET_SEALS);
  int wanted = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  EXPECT_EQ(seals & wanted, wanted);
}

#if defined(__x86_64__)
TEST_F(SealedMemfd, CanStillBeMappedToRunCode) {
  // What the engine does with an artifact: a private mapping, parts of it made executable. The
  // file's own execute bit is off (MFD_NOEXEC_SEAL) and does not matter for that.
  UniqueFd memfd =
      copy_to_sealed_memfd(file(std::string("\xb8\x2a\x00\x00\x00\xc3", 6)), 0, 6).value();
  void* address = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd.get(), 0);
  ASSERT_NE(address, MAP_FAILED);  // mov eax, 42; ret
  ASSERT_EQ(::mprotect(address, 4096, PROT_READ | PROT_EXEC), 0);
  EXPECT_EQ(reinterpret_cast<int (*)()>(address)(), 42);
  ::munmap(address, 4096);
}
#endif

TEST_F(SealedMemfd, AShorterFileIsAnError) {
  auto memfd = copy_to_sealed_memfd(file("bytes"), 2, 4);
  ASSERT_FALSE(memfd.has_value());
  EXPECT_EQ(memfd.error().code(), ErrorCode::Io);
}

TEST_F(SealedMemfd, TakesAMemfdAndAnEmptyFile) {
  UniqueFd first = copy_to_sealed_memfd(file("bytes"), 0, 5).value();
  EXPECT_TRUE(copy_to_sealed_memfd(first, 0, 5).has_value());
  EXPECT_TRUE(copy_to_sealed_memfd(first, 5, 0).has_value());
}

}  // namespace
}  // namespace arcella::store
