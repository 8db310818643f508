// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "runtime/listen_socket.h"

#include <gtest/gtest.h>

#include <charconv>

#include "runtime/registry.h"
#include "runtime/testing/samples.h"

namespace arcella::runtime {
namespace {

std::uint16_t port_of(const UniqueFd& listener) {
  std::string address = bound_address(listener);
  std::string_view digits = std::string_view(address).substr(address.rfind(':') + 1);
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

TEST(ListenSocket, BindsAndTellsThePort) {
  auto listener = listen_on({"localhost", 0});
  ASSERT_TRUE(listener.has_value());
  EXPECT_EQ(bound_address(*listener).rfind("127.0.0.1:", 0), 0U);
  EXPECT_NE(port_of(*listener), 0);
}

TEST(ListenSocket, NamesTheAddressThatIsTaken) {
  auto first = listen_on({"127.0.0.1", 0});
  ASSERT_TRUE(first.has_value());
  auto second = listen_on({"127.0.0.1", port_of(*first)});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::AddressInUse);
  EXPECT_NE(second.error().message().find(bound_address(*first)), std::string::npos);
}

TEST(ListenSocket, NamesBothDeploymentsThatWantTheAddress) {
  Registry registry;
  registry.add({testing::sample_component("web@1.0.0", model::Kind::Http), {}});
  model::Deployment one = testing::sample_deployment("one", "web@1.0.0", "web");
  one.spec.http_listen = model::HttpListen{"127.0.0.1", 0};
  DeploymentRecord& holder = registry.put(std::move(one));
  ASSERT_TRUE(ensure_listening(registry, holder).has_value());
  holder.deployment.spec.http_listen->port = port_of(holder.listener);
  model::Deployment two = testing::sample_deployment("two", "web@1.0.0", "web");
  two.spec.http_listen = holder.deployment.spec.http_listen;
  auto refused = ensure_listening(registry, registry.put(std::move(two)));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::AddressInUse);
  EXPECT_NE(refused.error().message().find("'two'"), std::string::npos);
  EXPECT_NE(refused.error().message().find("'one'"), std::string::npos);
}

TEST(ListenSocket, RefusesAHostThatIsNoAddress) {
  EXPECT_EQ(listen_on({"example.invalid", 80}).error().code(), ErrorCode::InvalidParams);
}

TEST(ListenSocket, AnHttpDeploymentWithoutAnAddressIsTold) {
  Registry registry;
  registry.add({testing::sample_component("web@1.0.0", model::Kind::Http), {}});
  DeploymentRecord& record = registry.put(testing::sample_deployment("web", "web@1.0.0", "web"));
  EXPECT_EQ(ensure_listening(registry, record).error().code(), ErrorCode::Conflict);
}

}  // namespace
}  // namespace arcella::runtime
