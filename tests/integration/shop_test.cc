// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// examples/shop: five components in three languages, in main and in two groups, that call each
// other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <string>
#include <string_view>
#include <thread>

#include "support/daemon_fixture.h"

namespace arcella::integration {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kCart = "2 tea: 13.00\n1 cup: 12.00\ntotal: 25.00\n";
constexpr std::string_view kCartInTheSale =
    "2 tea: 13.00\n1 cup: 12.00\n20 % off: -5.00\ntotal: 20.00\n";

class Shop : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    if (HasFatalFailure()) return;
    for (const char* name : {"catalog", "pricing", "stock", "cart"}) {
      install("shop/" + std::string(name));
      deploy(file("/" + std::string(name) + "/" + name));
      start(name);
    }
    install("shop/storefront");
    put("storefront", "storefront",
        "group = \"front\"\nreplicas = 2\n[deployment.http]\nlisten = \"127.0.0.1:" +
            std::to_string(port_) + "\"\n");
    start("storefront");
  }
  static std::string file(const std::string& deployment) {
    return source_path("examples/shop" + deployment + ".deployment.toml");
  }

  std::string get(std::string_view path) const { return http_get(port_, path); }
  std::string post(std::string_view path) const { return http_post(port_, path); }
  void fill_a_cart() {
    EXPECT_EQ(post("/cart/ann?product=tea&count=2"), "2 tea in the cart\n");
    EXPECT_EQ(post("/cart/ann?product=cup"), "1 cup in the cart\n");
    EXPECT_EQ(get("/cart/ann"), kCart);
  }
  std::string call(const std::string& deployment, const std::string& text) {
    const ProgramResult result = cli({"call", deployment, text});
    return result.out + result.err;
  }

 private:
  const int port_ = free_port();
};

TEST_F(Shop, IsServedThroughEveryProcess) {
  EXPECT_EQ(pid_of("catalog"), daemon_->pid());
  EXPECT_EQ(pid_of("pricing"), pid_of("stock"));
  EXPECT_EQ(pid_of("storefront"), pid_of("cart"));
  EXPECT_NE(pid_of("stock"), pid_of("cart"));
  EXPECT_THAT(get("/"), HasSubstr("tea: Green tea, 100 g, organic (from the second harvest)\n"));
  EXPECT_THAT(get("/"), HasSubstr("cup: Cups, 2 pieces, fragile\n"));
  fill_a_cart();
  EXPECT_EQ(call("cart", R"(show("ann"))"),
            "ok({lines: [{line: {product: \"tea\", count: 2}, sum: 1300}, "
            "{line: {product: \"cup\", count: 1}, sum: 1200}], total: 2500})\n");
  EXPECT_EQ(post("/cart/ann/checkout"), "receipt 1: 25.00\n");
  EXPECT_EQ(get("/cart/ann"), "total: 0.00\n");
  EXPECT_EQ(call("stock", R"(level("tea"))"), "ok(98)\n");
  EXPECT_EQ(call("stock", R"(level("cup"))"), "ok(11)\n");
}

TEST_F(Shop, ARefusalComesBackFromBehindTwoProcesses) {
  EXPECT_EQ(call("cart", R"(add("ann", "car", 1))"), R"(err("there is no product \'car\'"))"
                                                     "\n");
  EXPECT_EQ(call("cart", R"(checkout("ann"))"), "err(\"the cart is empty\")\n");
  EXPECT_EQ(call("pricing", R"(price([{product: "car", count: 1}]))"),
            "err(\"there is no price for car\")\n");
  // What was reserved before the refusal is put back, and the cart stays.
  fill_a_cart();
  EXPECT_EQ(post("/cart/ann?product=kettle&count=4"), "4 kettle in the cart\n");
  EXPECT_EQ(call("cart", R"(checkout("ann"))"), "err(\"there is not enough of kettle\")\n");
  EXPECT_EQ(call("stock", R"(level("tea"))"), "ok(100)\n");
  EXPECT_THAT(get("/cart/ann"), HasSubstr("total: 221.00\n"));
}

TEST_F(Shop, IsWiredToOtherPricesWithoutAFailedRequest) {
  fill_a_cart();
  const std::int64_t front = pid_of("cart");
  std::atomic<bool> over = false;
  std::atomic<int> strange = 0;
  std::atomic<int> served = 0;
  std::jthread customer([&] {
    while (!over) {
      const std::string page = get("/cart/ann");
      if (page != kCart && page != kCartInTheSale) ++strange;
      ++served;
    }
  });
  deploy(file("/sale/pricing-sale"));
  start("pricing-sale");
  EXPECT_EQ(get("/cart/ann"), kCart) << "a wiring by hand decides";
  EXPECT_THAT(cli({"deploy", "--dry-run", file("/sale/cart")}).out, HasSubstr("cart: adjust\n"));
  deploy(file("/sale/cart"));
  EXPECT_EQ(get("/cart/ann"), kCartInTheSale);
  EXPECT_THAT(cli({"graph"}).out,
              HasSubstr("examples:shop/pricing@1.0.0: bound to pricing-sale, wired by hand\n"));
  ASSERT_EQ(cli({"rollback", "cart"}).status, 0);
  EXPECT_EQ(get("/cart/ann"), kCart);
  over = true;
  customer.join();
  EXPECT_GT(served, 0);
  EXPECT_EQ(strange, 0);
  EXPECT_EQ(pid_of("cart"), front);
  EXPECT_EQ(deployment("cart").at("restarts").as_int64(), 0);
  EXPECT_EQ(cli({"undeploy", "pricing-sale"}).status, 0) << "nobody needs it any more";
}

TEST_F(Shop, IsServedAgainAfterTheDeathOfEitherProcess) {
  fill_a_cart();
  const std::int64_t front = pid_of("cart");
  ASSERT_TRUE(signal("stock", SIGKILL));
  EXPECT_TRUE(eventually([this] { return get("/cart/ann") == kCart; }));
  EXPECT_EQ(pid_of("cart"), front);
  EXPECT_EQ(post("/cart/ann/checkout"), "receipt 1: 25.00\n");
  fill_a_cart();
  ASSERT_TRUE(signal("cart", SIGKILL));
  EXPECT_TRUE(eventually([this] { return get("/cart/ann") == kCart; })) << "carts are kept";
  EXPECT_NE(pid_of("cart"), front);
  EXPECT_EQ(post("/cart/ann/checkout"), "receipt 2: 25.00\n");
}

}  // namespace
}  // namespace arcella::integration
