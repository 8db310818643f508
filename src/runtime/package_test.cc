// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/package.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "base/testing/temporary_folder.h"

namespace arcella::runtime {
namespace {

constexpr std::string_view kManifest =
    "[component]\nname = \"calc\"\nversion = \"1.2.3\"\nexports = [\"demo:calc/ops@1.0\"]\n";

model::Inspection sample_inspection() {
  model::Inspection inspection;
  inspection.exports = {{"demo:calc/ops@1.0.4", {"add: func()"}}};
  inspection.imports = {{"wasi:io/streams@0.2.6", {}}};
  return inspection;
}

TEST(Package, TakesTheOnlyWasmOfAFolderAndTheManifestsBesideIt) {
  TemporaryFolder folder;
  folder.write("calc.wasm", "bytes");
  folder.write("component.toml", kManifest);
  folder.write("calc.deployment.template.toml", "[deployment]\nisolation = \"main\"\n");
  auto package = read_package(folder.path());
  ASSERT_TRUE(package.has_value()) << package.error().message();
  EXPECT_EQ(package->wasm, "bytes");
  ASSERT_TRUE(package->manifest.id.has_value());
  EXPECT_EQ(package->manifest.id->str(), "calc@1.2.3");
  EXPECT_EQ(package->template_fields.isolation, model::Isolation::Main);
  ASSERT_EQ(package->files.size(), 2U);
  EXPECT_EQ(package->files[0].first, "component.toml");
  EXPECT_EQ(package->files[1].first, "deployment-template.toml");
}

TEST(Package, PrefersTheManifestThatIsNamedAfterTheFile) {
  TemporaryFolder folder;
  std::string path = folder.write("calc.wasm", "bytes");
  folder.write("other.wasm", "bytes");
  folder.write("component.toml", "[component]\nname = \"other\"\nversion = \"1.0.0\"\n");
  folder.write("calc.component.toml", kManifest);
  auto package = read_package(path);
  ASSERT_TRUE(package.has_value()) << package.error().message();
  EXPECT_EQ(package->manifest.id->str(), "calc@1.2.3");
}

TEST(Package, SaysWhatIsWrongWithAPath) {
  TemporaryFolder folder;
  EXPECT_EQ(read_package(folder.path() + "/none.wasm").error().code(), ErrorCode::NotFound);
  EXPECT_EQ(read_package(folder.path()).error().code(), ErrorCode::NotFound);
  EXPECT_EQ(read_package(folder.write("a.txt", "x")).error().code(), ErrorCode::InvalidParams);
  folder.write("a.wasm", "x");
  folder.write("b.wasm", "x");
  auto two = read_package(folder.path());
  ASSERT_FALSE(two.has_value());
  EXPECT_NE(two.error().message().find("a.wasm, b.wasm"), std::string::npos);
}

TEST(Package, CarriesTheDiagnosticsOfItsManifest) {
  TemporaryFolder folder;
  folder.write("calc.wasm", "bytes");
  folder.write("component.toml", "[component]\nnaem = \"calc\"\n");
  auto package = read_package(folder.path());
  ASSERT_FALSE(package.has_value());
  EXPECT_EQ(package.error().code(), ErrorCode::InvalidManifest);
  EXPECT_NE(package.error().message().find("component.toml"), std::string::npos);
}

// The bytes of a plain tar with these files; store/archive_test.cc has the hostile ones.
std::string tar_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string tar;
  for (const auto& [name, bytes] : files) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    header.replace(100, 7, "0000644");
    std::array<char, 16> number{};
    std::snprintf(number.data(), number.size(), "%011zo", bytes.size());
    header.replace(124, 11, number.data());
    header[156] = '0';
    header.replace(257, 8, std::string_view("ustar\00000", 8));
    header.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(number.data(), number.size(), "%06o", sum);
    header.replace(148, 7, std::string_view(number.data(), 7));
    tar += header + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
  }
  return tar + std::string(1024, '\0');
}

TEST(PackageArchive, HoldsWhatAFolderHolds) {
  TemporaryFolder folder;
  for (const std::string prefix : {"", "calc-1.2.3/"}) {
    const std::string path =
        folder.write("calc.tar", tar_of({{prefix + "calc.wasm", "bytes"},
                                         {prefix + "component.toml", std::string(kManifest)},
                                         {prefix + "web.deployment.toml", "text"},
                                         {prefix + "data/other.wasm", "deeper: not the package's"},
                                         {prefix + "README", "no use"}}));
    PackageSource source{path};
    source.with_deployments = true;
    auto package = read_package(source);
    ASSERT_TRUE(package.has_value()) << package.error().message();
    EXPECT_EQ(package->wasm, "bytes");
    EXPECT_EQ(package->wasm_path, path + ":" + prefix + "calc.wasm");
    EXPECT_EQ(package->manifest.id->str(), "calc@1.2.3");
    ASSERT_EQ(package->deployments.size(), 1U);
    EXPECT_EQ(package->deployments[0].path, path + ":" + prefix + "web.deployment.toml");
    EXPECT_EQ(package->deployments[0].text, "text");
  }
}

TEST(PackageArchive, OneComponentPerArchive) {
  TemporaryFolder folder;
  auto two = read_package(folder.write("two.tar", tar_of({{"a.wasm", "x"}, {"b.wasm", "x"}})));
  ASSERT_FALSE(two.has_value());
  EXPECT_NE(two.error().message().find("a.wasm, b.wasm"), std::string::npos);
  auto apart = read_package(folder.write("2.tar", tar_of({{"a/a.wasm", "x"}, {"b/b.wasm", "x"}})));
  ASSERT_FALSE(apart.has_value());
  EXPECT_NE(apart.error().message().find("in several folders (a, b)"), std::string::npos);
  auto none = read_package(folder.write("none.tar", tar_of({{"readme", "x"}})));
  EXPECT_EQ(none.error().code(), ErrorCode::NotFound);
}

TEST(Package, OnlyNamedManifestsWhereSeveralLieTogether) {
  TemporaryFolder folder;
  PackageSource source{folder.write("calc.wasm", "bytes")};
  folder.write("component.toml", kManifest);
  source.beside = ManifestsBeside::NamedAfterFile;
  EXPECT_FALSE(read_package(source)->manifest.id.has_value());
  folder.write("calc.component.toml", kManifest);
  EXPECT_EQ(read_package(source)->manifest.id->str(), "calc@1.2.3");
}

TEST(ComponentIdChoice, TheRequestWinsThenTheFileThenTheBinary) {
  Package package;
  package.wasm_path = "/tmp/calc.wasm";
  model::Inspection inspection;
  auto nameless = choose_id(std::nullopt, package, inspection);
  ASSERT_FALSE(nameless.has_value());
  EXPECT_EQ(nameless.error().code(), ErrorCode::InvalidManifest);
  EXPECT_NE(nameless.error().message().find("--id NAME@VERSION"), std::string::npos);
  inspection.metadata_name = "meta";
  inspection.metadata_version = "0.1.0";
  EXPECT_EQ(choose_id(std::nullopt, package, inspection)->str(), "meta@0.1.0");
  package.manifest.id = model::ComponentId::parse("file@0.2.0").value();
  EXPECT_EQ(choose_id(std::nullopt, package, inspection)->str(), "file@0.2.0");
  EXPECT_EQ(choose_id("asked@0.3.0", package, inspection)->str(), "asked@0.3.0");
  EXPECT_FALSE(choose_id("../x@1", package, inspection).has_value());
}

TEST(ComponentIdChoice, ACoreModuleNeedsItsManifest) {
  Package package;
  package.wasm_path = "/tmp/hello.wasm";
  model::Inspection inspection;
  inspection.format = model::Format::CoreModule;
  auto refused = choose_id("hello@1.0.0", package, inspection);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidManifest);
  EXPECT_NE(refused.error().detail().find("[component]"), std::string::npos);
}

TEST(ComponentIdChoice, TheWitPackageOfTheExportsIsTheLastThatIsAsked) {
  Package package;
  package.wasm_path = "/tmp/calc.wasm";
  model::Inspection inspection;
  auto id = [&] { return choose_id(std::nullopt, package, inspection); };
  inspection.exports = {{"wasi:cli/run@0.2.0", {}}};
  EXPECT_FALSE(id().has_value());
  inspection.exports.push_back({"demo:calc/ops@1.0.4", {}});
  inspection.exports.push_back({"demo:calc/types@1.0.4", {}});
  EXPECT_EQ(id()->str(), "calc@1.0.4");
  inspection.metadata_name = "meta";
  inspection.metadata_version = "0.1.0";
  EXPECT_EQ(id()->str(), "meta@0.1.0");
  inspection.metadata_name.clear();
  inspection.exports.push_back({"demo:other/ops@1.0.0", {}});
  EXPECT_FALSE(id().has_value());
}

TEST(StatedInterfaces, AContradictionNamesItsEntry) {
  Package package;
  package.manifest_path = "/tmp/calc.component.toml";
  package.files = {{"component.toml", std::string(kManifest)}};
  EXPECT_TRUE(check_stated_interfaces(package, sample_inspection()).has_value());
  model::Inspection other = sample_inspection();
  other.exports[0].name = "demo:calc/ops@2.0.0";
  auto refused = check_stated_interfaces(package, other);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidManifest);
  EXPECT_EQ(refused.error().message().find("/tmp/calc.component.toml:4:1: "), 0U);
  const std::string said = refused.error().message() + "\n" + refused.error().detail();
  EXPECT_NE(said.find("calc.component.toml:4:12: "), std::string::npos) << said;
  EXPECT_NE(said.find("demo:calc/ops@1.0"), std::string::npos) << said;
}

TEST(StatedInterfaces, NothingIsComparedWithoutAFile) {
  EXPECT_TRUE(check_stated_interfaces(Package(), sample_inspection()).has_value());
}

}  // namespace
}  // namespace arcella::runtime
