// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The provider's end of a link; the peer is another worker's end, or a bare socket that sends what
// no worker would.
#include "worker/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "aio/unix_socket.h"
#include "base/limits.h"
#include "base/mutex.h"
#include "host/handle_list.h"
#include "host/remote_callee.h"
#include "host/testing/handle_values.h"
#include "model/ids.h"

namespace arcella::worker {
namespace {

using engine::CallOutcome;
using engine::CallOutcomeView;
using engine::Outcome;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using host::testing::values_of;
using Numbers = std::vector<std::uint64_t>;

constexpr std::uint64_t kLink = 4;
constexpr std::uint32_t kRoute = 9;
const std::string kOps = "demo:calc/ops@1.0.0";

model::DeploymentId id(std::string_view text) {
  return *model::DeploymentId::parse(text);
}

// Has `add`, `sub` and `open`, which gives a handle; writes down what it is asked for.
class FakeProvider final : public host::Callee {
 public:
  Result<std::uint32_t> resolve(std::string_view function) override {
    const std::vector<std::string> known{kOps + "#add", kOps + "#sub", kOps + "#open"};
    const auto found = std::ranges::find(known, function);
    if (found == known.end()) return fail(ErrorCode::NotFound, "no such function");
    return static_cast<std::uint32_t>(70 + (found - known.begin()));
  }
  engine::CallHandle call(std::optional<int>, std::uint32_t function, engine::Encoding encoding,
                          std::span<const std::byte> arguments, milliseconds, host::CallChainPtr,
                          engine::CallDone done) override {
    called.push_back(function);
    CallOutcome outcome;
    if (encoding == engine::Encoding::Handles) {
      given = host::handles_of(arguments).value();
      outcome.payload = values_of(given.empty() ? Numbers{++last_handle} : Numbers{});
    }
    done(outcome);
    return {};
  }
  void drop(std::span<const std::uint64_t> handles) override {
    const MutexLock lock(mutex_);
    dropped_.insert(dropped_.end(), handles.begin(), handles.end());
  }
  [[nodiscard]] Numbers dropped() const {
    const MutexLock lock(mutex_);
    return dropped_;
  }

  // One call at a time, each awaited by the test.
  std::vector<std::uint32_t> called;
  Numbers given;
  std::uint64_t last_handle = 100;

 private:
  mutable Mutex mutex_;
  Numbers dropped_ ARCELLA_GUARDED_BY(mutex_);
};

class LinksTest : public ::testing::Test {
 protected:
  LinksTest() {
    auto ends = aio::socket_pair().value();
    peer_ = std::move(ends.second);
    EXPECT_TRUE(links_.open(kLink, ipc::DataEnd(std::move(ends.first))));
  }
  ~LinksTest() override {
    if (far_) far_->close("the test is over");
  }

  Result<void> lend(const std::vector<std::string>& functions, std::uint32_t route = kRoute,
                    std::string_view consumer = "shop", std::uint64_t link = kLink) {
    return links_.lend({0, link, route, id(consumer), id("calc"), kOps, functions}, provider_);
  }
  Result<void> withdraw(std::uint32_t route = kRoute, std::string_view consumer = "shop") {
    return links_.withdraw({0, kLink, route, id(consumer)});
  }
  // From now on the peer is a worker's end.
  host::CallPort& far() {
    if (!far_)
      far_ = host::CallPort::open(ipc::DataEnd(std::move(peer_)), pool_, host::CallPort::Side::Link,
                                  {})
                 .value();
    return *far_;
  }
  CallOutcome call(std::uint32_t function, const std::optional<Numbers>& handles = {},
                   std::uint32_t route = kRoute) {
    ipc::DataHeader header;
    header.slot = route;
    header.function = function;
    header.encoding_or_outcome =
        static_cast<std::uint8_t>(handles ? engine::Encoding::Handles : engine::Encoding::Arena);
    std::promise<CallOutcome> ended;
    const auto arguments = handles ? values_of(*handles) : std::vector<std::byte>();
    far().call(header, nullptr, arguments, std::chrono::minutes(1),
               [&ended](const CallOutcomeView& view) { ended.set_value(view); });
    return ended.get_future().get();
  }
  // What is posted to the control thread, which is this one.
  void run_until(const std::function<bool()>& holds) {
    while (!holds()) {
      io_.restart();
      io_.poll();
      std::this_thread::yield();
    }
  }
  Numbers handle_given(const CallOutcome& outcome) {
    EXPECT_EQ(outcome.outcome, Outcome::Returned) << outcome.message;
    return host::handles_of(outcome.payload).value();
  }

  boost::asio::io_context io_;
  host::EnginePool pool_{2};
  std::vector<ipc::LinkLost> lost_;
  Links links_{io_, pool_, [this](const ipc::LinkLost& lost) { lost_.push_back(lost); }};
  std::shared_ptr<FakeProvider> provider_ = std::make_shared<FakeProvider>();
  UniqueFd peer_;
  std::shared_ptr<host::CallPort> far_;
};

TEST_F(LinksTest, LendExactlyTheFunctionsThatWereNamed) {
  ASSERT_TRUE(lend({"sub", "add"}));
  EXPECT_EQ(call(0).outcome, Outcome::Returned);
  EXPECT_EQ(call(1).outcome, Outcome::Returned);
  EXPECT_THAT(provider_->called, ElementsAre(71U, 70U));
  EXPECT_EQ(call(2).outcome, Outcome::BadArguments) << "the provider has it, the route has not";
  EXPECT_EQ(call(70).outcome, Outcome::BadArguments);
  EXPECT_EQ(call(0, {}, kRoute + 1).outcome, Outcome::NotReady) << "no route";
  EXPECT_EQ(provider_->called.size(), 2U);
}

TEST_F(LinksTest, LendNothingThatTheProviderLacks) {
  EXPECT_EQ(lend({"add", "mul"}).error().code(), ErrorCode::NotFound);
  EXPECT_EQ(call(0).outcome, Outcome::NotReady);
  EXPECT_EQ(lend({"add"}, kRoute, "shop", kLink + 1).error().code(), ErrorCode::NotFound);
}

TEST_F(LinksTest, AWithdrawnRouteServesItsHandlesOnly) {
  ASSERT_TRUE(lend({"add", "open"}));
  const Numbers handle = handle_given(call(1, Numbers{}));
  ASSERT_TRUE(withdraw());
  EXPECT_EQ(call(0).outcome, Outcome::Returned) << "it may have been sent before";
  CallOutcome refused;
  run_until([&] { return (refused = call(0)).outcome != Outcome::Returned; });
  EXPECT_EQ(refused.outcome, Outcome::NotReady);
  EXPECT_THAT(refused.message, HasSubstr("leads elsewhere"));
  EXPECT_EQ(call(1, Numbers{}).outcome, Outcome::NotReady) << "no handle of it in the call";
  EXPECT_EQ(call(1, handle).outcome, Outcome::Returned);
  EXPECT_THAT(provider_->given, ElementsAre(101U));
}

TEST_F(LinksTest, ARouteThatIsLentAgainStays) {
  ASSERT_TRUE(lend({"add"}));
  ASSERT_TRUE(withdraw());
  ASSERT_TRUE(lend({"add"}));
  ASSERT_TRUE(lend({"add"}, kRoute + 1, "other"));
  ASSERT_TRUE(withdraw(kRoute + 1, "other"));
  // The later withdrawal is through, and so would be the earlier one.
  run_until([&] { return call(0, {}, kRoute + 1).outcome == Outcome::NotReady; });
  EXPECT_EQ(call(0).outcome, Outcome::Returned);
}

TEST_F(LinksTest, AConsumerReachesNoOthersHandles) {
  ASSERT_TRUE(lend({"open"}));
  ASSERT_TRUE(lend({"open"}, kRoute + 1, "shop"));
  ASSERT_TRUE(lend({"open"}, kRoute + 2, "cart"));
  const Numbers handle = handle_given(call(0, Numbers{}));
  EXPECT_EQ(call(0, handle, kRoute + 2).outcome, Outcome::BadArguments) << "of another consumer";
  EXPECT_EQ(call(0, Numbers{101}, kRoute).outcome, Outcome::BadArguments) << "the provider's own";
  EXPECT_EQ(call(0, handle, kRoute + 1).outcome, Outcome::Returned) << "another import of the same";
  far().drop(kRoute + 2, handle);
  EXPECT_EQ(call(0, handle).outcome, Outcome::Returned) << "it was not the other's to drop";
}

TEST_F(LinksTest, AForgottenConsumerHoldsNothing) {
  ASSERT_TRUE(lend({"open"}));
  ASSERT_TRUE(lend({"open"}, kRoute + 1, "cart"));
  handle_given(call(0, Numbers{}));
  handle_given(call(0, Numbers{}, kRoute + 1));
  ASSERT_TRUE(links_.forget({0, kLink, id("shop")}));
  EXPECT_EQ(call(0, Numbers{}).outcome, Outcome::NotReady);
  EXPECT_THAT(provider_->dropped(), ElementsAre(101U));
  EXPECT_EQ(call(0, Numbers{}, kRoute + 1).outcome, Outcome::Returned);
}

TEST_F(LinksTest, APeerThatSendsNonsenseIsToldOfAndItsHandlesAreDropped) {
  ASSERT_TRUE(lend({"open"}));
  ipc::DataHeader header;
  header.kind = ipc::DataKind::Call;
  header.request = 1;
  header.slot = kRoute;
  header.encoding_or_outcome = static_cast<std::uint8_t>(engine::Encoding::Handles);
  const auto arguments = values_of({});
  header.length = static_cast<std::uint32_t>(arguments.size());
  const auto head = ipc::encode(header);
  ASSERT_EQ(::send(peer_.get(), head.data(), head.size(), 0), std::ssize(head));
  ASSERT_EQ(::send(peer_.get(), arguments.data(), arguments.size(), 0), std::ssize(arguments));
  std::byte answer{};
  ASSERT_EQ(::recv(peer_.get(), &answer, 1, MSG_PEEK), 1);
  const std::string nonsense(ipc::kDataHeaderBytes, '\xff');
  ASSERT_EQ(::send(peer_.get(), nonsense.data(), nonsense.size(), 0), std::ssize(nonsense));
  run_until([&] { return !lost_.empty(); });
  EXPECT_EQ(lost_[0].link, kLink);
  EXPECT_TRUE(lost_[0].broken);
  EXPECT_EQ(links_.port(kLink).error().code(), ErrorCode::NotFound);
  run_until([&] { return provider_->dropped() == Numbers{101}; });
}

TEST_F(LinksTest, APeerThatGoesIsToldOfOnce) {
  ASSERT_TRUE(lend({"add"}));
  peer_.reset();
  run_until([&] { return !lost_.empty(); });
  EXPECT_FALSE(lost_[0].broken);
  EXPECT_EQ(lend({"add"}).error().code(), ErrorCode::NotFound);
  EXPECT_EQ(withdraw().error().code(), ErrorCode::NotFound);
  EXPECT_EQ(lost_.size(), 1U);
}

TEST_F(LinksTest, AreBoundedAndHaveEachNumberOnce) {
  std::vector<UniqueFd> others;
  const auto open = [&](std::uint64_t number) {
    auto ends = aio::socket_pair().value();
    others.push_back(std::move(ends.second));
    return links_.open(number, ipc::DataEnd(std::move(ends.first)));
  };
  EXPECT_EQ(open(kLink).error().code(), ErrorCode::Conflict);
  for (std::uint64_t i = 1; i < limits::kWorkerLinksMax; ++i) ASSERT_TRUE(open(kLink + i));
  EXPECT_EQ(open(1000).error().code(), ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace arcella::worker
