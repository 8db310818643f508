// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "model/deployment.h"

#include <gtest/gtest.h>

#include <limits>

#include "model/component.h"

namespace arcella::model {
namespace {

TEST(Merge, GivesTheDefaultsForNothing) {
  Policy policy = merge({}, {});
  EXPECT_EQ(policy, Policy{});
  EXPECT_EQ(policy.isolation, Isolation::Worker);
  EXPECT_FALSE(policy.trusted);
  EXPECT_FALSE(policy.async);
}

PolicyFields full(Isolation isolation, bool flag, std::uint64_t number, const std::string& name) {
  PolicyFields fields;
  fields.isolation = isolation;
  fields.trusted = flag;
  fields.async = flag;
  fields.startup = {name, name, std::chrono::seconds(number)};
  fields.resources = {number, number, number};
  return fields;
}

void expect_full(const Policy& policy, Isolation isolation, bool flag, std::uint64_t number,
                 const std::string& name) {
  EXPECT_EQ(policy.isolation, isolation);
  EXPECT_EQ(policy.trusted, flag);
  EXPECT_EQ(policy.async, flag);
  EXPECT_EQ(policy.entrypoint, name);
  EXPECT_EQ(policy.shutdown, name);
  EXPECT_EQ(policy.startup_timeout, std::chrono::seconds(number));
  EXPECT_EQ(policy.memory_bytes, number << 20U);
  EXPECT_EQ(policy.fuel, number);
  EXPECT_EQ(policy.call_timeout, std::chrono::milliseconds(number));
}

TEST(Merge, LetsEachFieldOfTheTemplateReplaceTheDefault) {
  expect_full(merge(full(Isolation::Main, true, 7, "t"), {}), Isolation::Main, true, 7, "t");
}

TEST(Merge, LetsEachOverrideReplaceTheTemplate) {
  Policy policy =
      merge(full(Isolation::Main, true, 7, "t"), full(Isolation::Worker, false, 9, "o"));
  expect_full(policy, Isolation::Worker, false, 9, "o");
}

TEST(Merge, DoesNotWrapHugeNumbersToLawfulOnes) {
  PolicyFields fields;
  fields.resources.memory_mb = (std::uint64_t{1} << 44U) + 64;  // 64 MiB if it wrapped
  fields.resources.call_timeout_ms = std::numeric_limits<std::uint64_t>::max();
  Policy policy = merge(fields, {});
  EXPECT_GT(policy.memory_bytes, limits::kGuestMemoryBytesMax);
  EXPECT_GT(policy.call_timeout, limits::kCallTimeoutMax);
}

TEST(HttpListen, IsReadAndWrittenBack) {
  for (std::string_view text : {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "localhost:80"}) {
    EXPECT_EQ(HttpListen::parse(text).value().str(), text);
  }
  EXPECT_EQ(HttpListen::parse("[::1]:80").value().host, "::1");
}

TEST(HttpListen, RefusesNamesAndBadPorts) {
  for (std::string_view text : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                                "127.0.0.1:-1", "127.0.0.1:80x", "example.com:80", "::1:80",
                                "[127.0.0.1]:80", "[localhost]:80", "256.0.0.1:80", "[]:80"}) {
    EXPECT_FALSE(HttpListen::parse(text).has_value()) << text;
  }
}

TEST(Words, AreReadBack) {
  for (Kind kind : {Kind::Service, Kind::Command, Kind::Http})
    EXPECT_EQ(kind_from(to_string(kind)), kind);
  for (Format format : {Format::Component, Format::CoreModule}) {
    EXPECT_EQ(format_from(to_string(format)), format);
  }
  for (Isolation isolation : {Isolation::Worker, Isolation::Main}) {
    EXPECT_EQ(isolation_from(to_string(isolation)), isolation);
  }
  for (Desired desired : {Desired::Stopped, Desired::Running, Desired::Completed}) {
    EXPECT_EQ(desired_from(to_string(desired)), desired);
  }
  EXPECT_EQ(kind_from("Service"), std::nullopt);
  EXPECT_EQ(format_from(""), std::nullopt);
  EXPECT_EQ(isolation_from("daemon"), std::nullopt);
  EXPECT_EQ(desired_from("up"), std::nullopt);
}

}  // namespace
}  // namespace arcella::model
