// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "store/module_repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/testing/temporary_folder.h"
#include "store/testing/file_size_limit.h"

namespace arcella::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ModuleRepositoryTest : public ::testing::Test {
 protected:
  ModuleRepository open() { return ModuleRepository::open(home_.path()).value(); }
  static model::ComponentId id(std::string_view text) {
    return model::ComponentId::parse(text).value();
  }
  std::span<const std::byte> wasm() const { return std::as_bytes(std::span(wasm_)); }
  std::vector<std::string> names(const std::string& folder) const {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(home_ / folder))
      result.push_back(entry.path().filename());
    return result;
  }

  TemporaryFolder home_;
  std::string wasm_ = std::string("\0asm", 4) + std::string(100'000, 'w');
};

TEST_F(ModuleRepositoryTest, InstallsAWholeFolder) {
  ModuleRepository modules = open();
  ASSERT_TRUE(
      modules.install(id("a@1.0.0"), wasm(), {{"component.toml", "[component]"}}).has_value());
  EXPECT_THAT(names("modules"), ElementsAre("a@1.0.0"));
  EXPECT_THAT(names("modules/a@1.0.0"), UnorderedElementsAre("component.wasm", "component.toml"));
  UniqueFd fd = modules.open_wasm(id("a@1.0.0")).value();
  std::string read(wasm_.size() + 1, '\0');
  ASSERT_EQ(::read(fd.get(), read.data(), read.size()), static_cast<ssize_t>(wasm_.size()));
  read.resize(wasm_.size());
  EXPECT_EQ(read, wasm_);
}

TEST_F(ModuleRepositoryTest, IsPrivate) {
  ASSERT_TRUE(open().install(id("a@1.0.0"), wasm(), {}).has_value());
  for (std::string_view name : {"modules", "modules/a@1.0.0", "modules/a@1.0.0/component.wasm"}) {
    struct stat status{};
    ASSERT_EQ(::stat((home_ / std::string(name)).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 077U, 0U) << name;
  }
}

TEST_F(ModuleRepositoryTest, DoesNotReplaceWhatIsThere) {
  ModuleRepository modules = open();
  ASSERT_TRUE(modules.install(id("a@1.0.0"), wasm(), {}).has_value());
  auto again = modules.install(id("a@1.0.0"), wasm(), {{"new.toml", ""}});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), ErrorCode::AlreadyExists);
  EXPECT_THAT(names("modules/a@1.0.0"), ElementsAre("component.wasm"));
}

TEST_F(ModuleRepositoryTest, TakesOnlyPlainFileNames) {
  ModuleRepository modules = open();
  const std::vector<std::string> bad{"",
                                     ".",
                                     "..",
                                     "../x",
                                     "a/b",
                                     ".hidden",
                                     "component.wasm",
                                     std::string("a\0b", 3),
                                     std::string(300, 'x')};
  for (const std::string& name : bad) {
    auto installed = modules.install(id("a@1.0.0"), wasm(), {{name, "x"}});
    ASSERT_FALSE(installed.has_value()) << name;
    EXPECT_EQ(installed.error().code(), ErrorCode::InvalidParams);
  }
  EXPECT_THAT(names("modules"), IsEmpty());
}

TEST_F(ModuleRepositoryTest, AStagingFolderOfACrashGoesAtTheNextStart) {
  fs::create_directories(home_ / "modules/.staging-a@1.0.0");
  std::ofstream(home_ / "modules/.staging-a@1.0.0/component.wasm") << "half";
  open();
  EXPECT_THAT(names("modules"), IsEmpty());
}

TEST_F(ModuleRepositoryTest, AStagingFolderOfAFailureIsInNobodysWay) {
  ModuleRepository modules = open();
  fs::create_directories(home_ / "modules/.staging-a@1.0.0");
  std::ofstream(home_ / "modules/.staging-a@1.0.0/component.wasm") << "half";
  EXPECT_TRUE(modules.install(id("a@1.0.0"), wasm(), {}).has_value());
  EXPECT_THAT(names("modules"), ElementsAre("a@1.0.0"));
}

TEST_F(ModuleRepositoryTest, AFullDiskIsNoSpaceAndLeavesNothing) {
  ModuleRepository modules = open();
  {
    testing::FileSizeLimit limit(10'000);
    auto installed = modules.install(id("a@1.0.0"), wasm(), {});
    ASSERT_FALSE(installed.has_value());
    EXPECT_EQ(installed.error().code(), ErrorCode::NoSpace);
  }
  EXPECT_THAT(names("modules"), IsEmpty());
}

TEST_F(ModuleRepositoryTest, DoesNotFollowLinks) {
  ModuleRepository modules = open();
  TemporaryFolder elsewhere;
  std::ofstream(elsewhere / "component.wasm") << "secret";
  fs::create_directory_symlink(elsewhere.path(), home_ / "modules/link@1.0.0");
  EXPECT_FALSE(modules.open_wasm(id("link@1.0.0")).has_value());
  EXPECT_FALSE(modules.install(id("link@1.0.0"), wasm(), {}).has_value());

  fs::create_directories(home_ / "modules/file@1.0.0");
  fs::create_symlink(elsewhere / "component.wasm", home_ / "modules/file@1.0.0/component.wasm");
  EXPECT_FALSE(modules.open_wasm(id("file@1.0.0")).has_value());

  ASSERT_TRUE(modules.remove(id("link@1.0.0")).has_value());
  EXPECT_TRUE(fs::exists(elsewhere / "component.wasm"));
}

TEST_F(ModuleRepositoryTest, RemovesAndThenDoesNotKnowIt) {
  ModuleRepository modules = open();
  ASSERT_TRUE(modules.install(id("a@1.0.0"), wasm(), {{"x.toml", ""}}).has_value());
  ASSERT_TRUE(modules.remove(id("a@1.0.0")).has_value());
  EXPECT_THAT(names("modules"), IsEmpty());
  EXPECT_EQ(modules.remove(id("a@1.0.0")).error().code(), ErrorCode::NotFound);
  EXPECT_EQ(modules.open_wasm(id("a@1.0.0")).error().code(), ErrorCode::NotFound);
}

TEST_F(ModuleRepositoryTest, AReplacementIsInPlaceAtOnceAndCanBeTakenBack) {
  ModuleRepository modules = open();
  ASSERT_TRUE(modules.install(id("a@1.0.0"), wasm(), {{"old.toml", ""}}).has_value());
  EXPECT_FALSE(modules.replace(id("none@1.0.0"), wasm(), {}).has_value());
  EXPECT_FALSE(modules.replace(id("a@1.0.0"), wasm(), {{"../x", ""}}).has_value());
  EXPECT_THAT(names("modules"), UnorderedElementsAre("a@1.0.0"));

  ASSERT_TRUE(modules.replace(id("a@1.0.0"), wasm(), {{"new.toml", ""}}).has_value());
  EXPECT_THAT(names("modules/a@1.0.0"), UnorderedElementsAre("component.wasm", "new.toml"));
  ASSERT_TRUE(modules.take_back_replacement(id("a@1.0.0")).has_value());
  EXPECT_THAT(names("modules/a@1.0.0"), UnorderedElementsAre("component.wasm", "old.toml"));

  ASSERT_TRUE(modules.replace(id("a@1.0.0"), wasm(), {{"new.toml", ""}}).has_value());
  ASSERT_TRUE(modules.finish_replacement(id("a@1.0.0")).has_value());
  EXPECT_THAT(names("modules/a@1.0.0"), UnorderedElementsAre("component.wasm", "new.toml"));
  EXPECT_THAT(names("modules"), UnorderedElementsAre("a@1.0.0"));
}

TEST_F(ModuleRepositoryTest, RemovesWhatTheDatabaseDoesNotKnow) {
  ModuleRepository modules = open();
  for (std::string_view name : {"a@1.0.0", "b@1.0.0"}) {
    ASSERT_TRUE(modules.install(id(name), wasm(), {}).has_value());
  }
  std::ofstream(home_ / "modules/README") << "a person's";
  ASSERT_TRUE(modules.remove_unknown({id("b@1.0.0")}).has_value());
  EXPECT_THAT(names("modules"), UnorderedElementsAre("b@1.0.0", "README"));
}

TEST(ContentHash, NamesTheContent) {
  auto hash = [](std::string_view text) {
    return ModuleRepository::content_hash(std::as_bytes(std::span(text)));
  };
  EXPECT_EQ(hash("abc"),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");  // RFC 7693 code
  EXPECT_NE(hash("abd"), hash("abc"));
  EXPECT_EQ(hash("").size(), 64U);
}

}  // namespace
}  // namespace arcella::store
