// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string_view>

namespace arcella {
namespace {

TEST(Error, EveryCodeHasItsOwnNameAndNumber) {
  std::set<std::string_view> names;
  std::set<int> numbers;
  for (int i = 0; i < kErrorCodeCount; ++i) {
    const ErrorTraits& traits = traits_of(static_cast<ErrorCode>(i));
    EXPECT_TRUE(names.insert(traits.name).second) << traits.name;
    EXPECT_TRUE(numbers.insert(traits.alme_code).second) << traits.name;
    EXPECT_GE(traits.exit_status, 1) << traits.name;
    EXPECT_EQ(error_code_from_name(traits.name), static_cast<ErrorCode>(i));
  }
}

TEST(Error, AnUnknownNameIsInternal) {
  EXPECT_EQ(error_code_from_name("no-such-code"), ErrorCode::Internal);
}

TEST(Error, ErrnoKeepsItsMeaningAndItsText) {
  EXPECT_EQ(Error::from_errno(ENOENT, "x").code(), ErrorCode::NotFound);
  EXPECT_EQ(Error::from_errno(EACCES, "x").code(), ErrorCode::PermissionDenied);
  EXPECT_EQ(Error::from_errno(ENOSPC, "x").code(), ErrorCode::NoSpace);
  EXPECT_EQ(Error::from_errno(EADDRINUSE, "x").code(), ErrorCode::AddressInUse);
  EXPECT_EQ(Error::from_errno(EBADF, "x").code(), ErrorCode::Io);
  EXPECT_EQ(Error::from_errno(ENOENT, "reading 'a'").message(),
            "reading 'a': No such file or directory");
}

TEST(Error, ContextGoesBeforeTheMessageAndKeepsTheRest) {
  Error error = Error(ErrorCode::InvalidManifest, "line 4: what").with_detail("all of it");
  Error outer = error.with_context("reading component.toml").with_context("installing a@1.0.0");
  EXPECT_EQ(outer.message(), "installing a@1.0.0: reading component.toml: line 4: what");
  EXPECT_EQ(outer.code(), ErrorCode::InvalidManifest);
  EXPECT_EQ(outer.detail(), "all of it");
  EXPECT_EQ(error.message(), "line 4: what");
}

}  // namespace
}  // namespace arcella
