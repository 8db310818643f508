// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Hostile archives, each made here: by libarchive's writer, and where that is too honest, by hand.
#include "store/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/testing/temporary_folder.h"

namespace arcella::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::size_t room_for_all(std::string_view) {
  return limits::kArchiveBytesMax;
}
std::size_t room_for_none(std::string_view) {
  return 0;
}

class ArchiveTest : public ::testing::Test {
 protected:
  enum class Packing { Gzip, None };

  // Begins an archive; entries are added by the functions below.
  archive* begin(Packing packing = Packing::Gzip, int format = ARCHIVE_FORMAT_TAR_PAX_RESTRICTED) {
    writer_ = ::archive_write_new();
    ::archive_write_set_format(writer_, format);
    if (packing == Packing::Gzip) ::archive_write_add_filter_gzip(writer_);
    EXPECT_EQ(::archive_write_open_filename(writer_, path_.c_str()), ARCHIVE_OK);
    return writer_;
  }
  void add(const std::string& name, std::string_view bytes = "x",
           const std::function<void(archive_entry*)>& change = {}) {
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    if (change) change(entry);
    EXPECT_GE(::archive_write_header(writer_, entry), ARCHIVE_WARN)
        << ::archive_error_string(writer_);
    if (::archive_entry_size(entry) > 0) ::archive_write_data(writer_, bytes.data(), bytes.size());
    ::archive_entry_free(entry);
  }
  void end() {
    EXPECT_EQ(::archive_write_close(writer_), ARCHIVE_OK);
    ::archive_write_free(writer_);
  }
  // An archive of one such entry.
  void only(const std::string& name, const std::function<void(archive_entry*)>& change = {}) {
    begin();
    add(name, "x", change);
    end();
  }
  void raw(std::string_view bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

  void expect_refused(const std::string& words, ErrorCode code = ErrorCode::InvalidComponent,
                      const ArchiveLimits& bounds = {}) const {
    auto files = read_archive(path_, room_for_all, bounds);
    ASSERT_FALSE(files.has_value());
    EXPECT_EQ(files.error().code(), code) << files.error().message();
    EXPECT_THAT(files.error().message(), AllOf(HasSubstr(words), HasSubstr(path_)));
  }

  // A header of plain tar, with its check sum, padded contents behind it.
  static std::string tar_entry(std::string_view name, std::string_view bytes, char type = '0',
                               std::string_view size = {}) {
    std::array<char, 512> header{};
    std::copy_n(name.data(), std::min<std::size_t>(name.size(), 100), header.begin());
    std::memcpy(&header[100], "0000644", 8);
    std::snprintf(&header[124], 12, "%011zo", bytes.size());
    if (!size.empty()) std::copy(size.begin(), size.end(), &header[124]);
    header[156] = type;
    std::memcpy(&header[257], "ustar\00000", 8);
    std::fill_n(&header[148], 8, ' ');
    unsigned sum = 0;
    for (char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(&header[148], 8, "%06o", sum);
    std::string entry(header.data(), header.size());
    entry += bytes;
    entry.append((512 - bytes.size() % 512) % 512, '\0');
    return entry;
  }

  // One member of a gzip file; members may follow one another.
  static std::string gzip(std::string_view bytes) {
    std::string packed(bytes.size() / 100 + 4096, '\0');
    std::size_t used = 0;
    archive* writer = ::archive_write_new();
    ::archive_write_set_format_raw(writer);
    ::archive_write_add_filter_gzip(writer);
    ::archive_write_set_bytes_in_last_block(writer, 1);
    ::archive_write_open_memory(writer, packed.data(), packed.size(), &used);
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_filetype(entry, AE_IFREG);
    EXPECT_EQ(::archive_write_header(writer, entry), ARCHIVE_OK);
    ::archive_write_data(writer, bytes.data(), bytes.size());
    ::archive_entry_free(entry);
    EXPECT_EQ(::archive_write_close(writer), ARCHIVE_OK) << ::archive_error_string(writer);
    ::archive_write_free(writer);
    packed.resize(used);
    return packed;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "x.tar.gz";
  archive* writer_ = nullptr;
};

TEST_F(ArchiveTest, GivesTheFilesThatAreOfUse) {
  for (const Packing packing : {Packing::Gzip, Packing::None}) {
    begin(packing);
    add("./", "", [](archive_entry* entry) { ::archive_entry_set_filetype(entry, AE_IFDIR); });
    add("./calc/", "", [](archive_entry* entry) { ::archive_entry_set_filetype(entry, AE_IFDIR); });
    add("./calc/calc.wasm", std::string(100'000, 'w'));
    add("calc/README", "text");
    add("calc/\xc3\xbc.toml", "toml");
    end();
    auto files = read_archive(
        path_, [](std::string_view path) { return path.ends_with("README") ? 0U : 1'000'000U; });
    ASSERT_TRUE(files.has_value()) << files.error().message();
    ASSERT_EQ(files->size(), 2U);
    EXPECT_EQ((*files)[0].path, "calc/calc.wasm");
    EXPECT_EQ((*files)[0].bytes, std::string(100'000, 'w'));
    EXPECT_EQ((*files)[1].path, "calc/\xc3\xbc.toml");
  }
}

TEST_F(ArchiveTest, NamesThatLeadElsewhereAreRefused) {
  for (const char* name : {"../x", "a/../../x", "a/..", "..", "a//b", "a/./b", ".//x"}) {
    only(name);
    expect_refused(std::string("entry '") + name + "' has '..'");
  }
  only("/etc/passwd");
  expect_refused("entry '/etc/passwd' has an absolute name");
}

TEST_F(ArchiveTest, NamesThatCannotBeShownAreRefused) {
  only("a\nb");
  expect_refused("entry 'a\\nb' has control characters");
  only("a\x1b[2Jb");
  expect_refused("has control characters");
  raw(tar_entry("bad\xff\xfename", "x") + std::string(1024, '\0'));
  expect_refused("no UTF-8");
}

TEST_F(ArchiveTest, OnlyFilesAndFoldersAreTaken) {
  only("link", [](archive_entry* entry) {
    ::archive_entry_set_filetype(entry, AE_IFLNK);
    ::archive_entry_set_symlink(entry, "/etc/passwd");
    ::archive_entry_set_size(entry, 0);
  });
  expect_refused("entry 'link' is a symbolic link");
  begin();
  add("a");
  add("b", "", [](archive_entry* entry) { ::archive_entry_set_hardlink(entry, "a"); });
  end();
  expect_refused("entry 'b' is a hard link");
  const std::vector<std::pair<unsigned, std::string>> kinds{
      {AE_IFCHR, "a device"}, {AE_IFBLK, "a device"}, {AE_IFIFO, "a pipe"}};
  for (const auto& [kind, words] : kinds) {
    only("special", [of = kind](archive_entry* entry) {
      ::archive_entry_set_filetype(entry, of);
      ::archive_entry_set_size(entry, 0);
    });
    expect_refused("entry 'special' is " + words);
  }
}

TEST_F(ArchiveTest, ANameTwiceIsRefused) {
  begin();
  add("a.wasm", "one");
  add("./a.wasm", "two");
  end();
  expect_refused("is in the archive twice");
  begin();
  add("a", "file");
  add("a/b", "in it");
  end();
  expect_refused("lies in a file");
}

TEST_F(ArchiveTest, SparseFilesAreRefused) {
  begin(Packing::Gzip, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
  add("hole", std::string(1 << 20, '\0'), [](archive_entry* entry) {
    ::archive_entry_sparse_add_entry(entry, 0, 512);
    ::archive_entry_sparse_add_entry(entry, (1 << 20) - 512, 512);
  });
  end();
  expect_refused("is a sparse file");
}

TEST_F(ArchiveTest, BoundsAreKept) {
  ArchiveLimits tight;
  tight.entries_max = 3;
  begin();
  for (const char* name : {"a", "b", "c", "d"}) add(name);
  end();
  expect_refused("more than 3 entries", ErrorCode::LimitExceeded, tight);
  tight = {};
  tight.bytes_max = 2000;
  begin();
  add("a", std::string(1000, 'a'));
  add("b", std::string(1000, 'b'));
  end();
  expect_refused("more than 2000 bytes", ErrorCode::LimitExceeded, tight);
  tight = {};
  tight.file_bytes_max = 10;
  expect_refused("larger than the limit of 10 bytes", ErrorCode::LimitExceeded, tight);
  only(std::string(600, 'n'));
  expect_refused("a name of more than 512 bytes", ErrorCode::LimitExceeded);
  only("1/2/3/4/5/6/7/8/9");
  expect_refused("deeper than 8 folders", ErrorCode::LimitExceeded);
}

TEST_F(ArchiveTest, AFileIsBoundedByItsUseBeforeItIsRead) {
  begin();
  add("component.toml", std::string(5000, ' '));
  end();
  auto files = read_archive(path_, [](std::string_view) { return 4096U; });
  ASSERT_FALSE(files.has_value());
  EXPECT_EQ(files.error().code(), ErrorCode::LimitExceeded);
  EXPECT_THAT(files.error().message(), HasSubstr("'component.toml' is larger than the limit"));
}

TEST_F(ArchiveTest, ASizeThatIsALieIsRefusedAtItsHeader) {
  raw(tar_entry("huge.wasm", "x", '0', "77777777777") + std::string(1024, '\0'));
  expect_refused("'huge.wasm' is larger than the limit", ErrorCode::LimitExceeded);
}

// 10 GB of zeros, 10 MB packed, in entries that are each within their bounds. They are not read to
// the end: some MB of output tell.
TEST_F(ArchiveTest, ABombOfZerosIsRefusedEarly) {
  constexpr std::size_t kEntryBytes = 100U << 20;
  const std::string zeros(kEntryBytes, '\0');
  const std::string packed = gzip(zeros);
  std::string bomb;
  for (int i = 0; i < 100; ++i) {
    bomb += gzip(tar_entry("zeros" + std::to_string(i), {}, '0', "00620000000"));
    bomb += packed;
  }
  raw(bomb);
  for (const ArchiveRoom& room : {ArchiveRoom(room_for_none), ArchiveRoom(room_for_all)}) {
    auto files = read_archive(path_, room);
    ASSERT_FALSE(files.has_value());
    EXPECT_EQ(files.error().code(), ErrorCode::LimitExceeded) << files.error().message();
    EXPECT_THAT(files.error().message(), HasSubstr("as only a bomb does"));
  }
}

TEST_F(ArchiveTest, DamageIsToldByTheEntryBeforeIt) {
  begin();
  add("first", "x");
  std::string noise;
  std::minstd_rand random(7);
  for (int i = 0; i < 400'000; ++i) noise += static_cast<char>(random() >> 7U);
  add("second", noise);
  end();
  std::ifstream file(path_, std::ios::binary);
  std::string whole{std::istreambuf_iterator<char>(file), {}};
  raw(std::string_view(whole).substr(0, whole.size() / 2));
  expect_refused("is damaged after entry 'second'");
  raw(std::string_view(whole).substr(0, 15));
  expect_refused("is no tar archive, or is damaged");
}

TEST_F(ArchiveTest, WhatIsNoTarIsSaidToBeNone) {
  raw("just a text");
  expect_refused("is no tar archive");
  raw("");
  expect_refused("is no tar archive");
  raw(std::string("\xfd") + "7zXZ" + std::string(600, '\0'));
  expect_refused("is packed with xz");
  raw("PK\x03\x04 and so on");
  expect_refused("is a zip archive");
  EXPECT_EQ(read_archive(folder_ / "none.tar", room_for_all).error().code(), ErrorCode::NotFound);
  EXPECT_EQ(read_archive(folder_.path(), room_for_all).error().code(), ErrorCode::InvalidParams);
}

TEST_F(ArchiveTest, AnEmptyArchiveIsNoPackage) {
  begin();
  end();
  expect_refused("the archive is empty");
  raw(std::string(10240, '\0'));
  expect_refused("the archive is empty");
}

TEST_F(ArchiveTest, AnArchivesNameSaysSo) {
  EXPECT_TRUE(is_archive_name("a.tar.gz"));
  EXPECT_TRUE(is_archive_name("a.tgz"));
  EXPECT_TRUE(is_archive_name("a.tar"));
  EXPECT_FALSE(is_archive_name("a.zip"));
  EXPECT_FALSE(is_archive_name("a.gz"));
}

}  // namespace
}  // namespace arcella::store
