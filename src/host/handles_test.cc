// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Handles that one consumer holds: of a callee that is made up, and of vault, whose accounts teller
// holds, both real guests.
#include "host/handles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/limits.h"
#include "host/handle_list.h"
#include "host/testing/handle_values.h"
#include "host/testing/host_test.h"

namespace arcella::host {
namespace {

using engine::CallOutcome;
using engine::CallOutcomeView;
using engine::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::spec_of;
using namespace std::chrono_literals;

using testing::values_of;
using Numbers = std::vector<std::uint64_t>;

// Gives what it is told to, and keeps what it was given.
class FakeCallee final : public Callee {
 public:
  Result<std::uint32_t> resolve(std::string_view) override { return 0; }
  engine::CallHandle call(std::optional<int>, std::uint32_t number, engine::Encoding encoding,
                          std::span<const std::byte> arguments, std::chrono::milliseconds,
                          CallChainPtr, engine::CallDone done) override {
    EXPECT_EQ(encoding, engine::Encoding::Handles);
    function = number;
    given = handles_of(arguments).value();
    CallOutcome outcome;
    outcome.outcome = fails ? Outcome::Trapped : Outcome::Returned;
    outcome.payload = values_of(gives);
    done(outcome);
    return {};
  }
  void drop(std::span<const std::uint64_t> handles) override {
    dropped.insert(dropped.end(), handles.begin(), handles.end());
  }

  bool fails = false;
  Numbers gives;
  std::uint32_t function = 0;
  Numbers given;
  Numbers dropped;
};

class HandlesOfFake : public ::testing::Test {
 protected:
  static Handles::ProviderPtr provided_by(std::shared_ptr<Callee> by, std::uint64_t first = 10) {
    return std::make_shared<const Handles::Provider>(
        Handles::Provider{std::move(by), first, {70, 71}});
  }
  // What is given back; what went wrong is in `message`.
  Numbers call(const Handles::ProviderPtr& bound, const Numbers& numbers,
               std::uint64_t function = 11) {
    Numbers given;
    message.clear();
    handles->call(bound, "nobody", function, values_of(numbers), 0ms, nullptr,
                  [&](const CallOutcomeView& outcome) {
                    message = outcome.message;
                    if (outcome.outcome == Outcome::Returned)
                      given = handles_of(outcome.payload).value();
                  });
    return given;
  }

  std::string message;
  std::shared_ptr<FakeCallee> callee = std::make_shared<FakeCallee>();
  const Handles::ProviderPtr provider = provided_by(callee);
  std::shared_ptr<Handles> handles = std::make_shared<Handles>();
};

TEST_F(HandlesOfFake, HaveNumbersOfTheirOwnOnBothSides) {
  callee->gives = {0x500000001, 0x500000002};
  const Numbers mine = call(provider, {});
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(callee->function, 71U);
  EXPECT_THAT(callee->given, IsEmpty());
  callee->gives.clear();
  EXPECT_THAT(call(provider, {mine[1], mine[0], mine[1]}), IsEmpty());
  EXPECT_THAT(callee->given, ElementsAre(0x500000002, 0x500000001, 0x500000002));
  EXPECT_EQ(handles->count(), 2U);
  call(provider, {mine[0] | kMovedHandle});
  EXPECT_THAT(callee->given, ElementsAre(0x500000001 | kMovedHandle));
  EXPECT_EQ(handles->count(), 1U);
  EXPECT_THAT(callee->dropped, IsEmpty());
}

TEST_F(HandlesOfFake, ThatAreNotHeldAreRefused) {
  callee->gives = {5};
  const Numbers mine = call(provider, {});
  callee->gives.clear();
  call(provider, {mine[0] + 1});
  EXPECT_THAT(message, HasSubstr("dropped, moved or never given"));
  call(provider, {5 + mine[0]});
  EXPECT_THAT(message, HasSubstr("dropped, moved or never given"));
  handles->drop(mine);
  EXPECT_THAT(callee->dropped, ElementsAre(5));
  call(provider, mine);
  EXPECT_THAT(message, HasSubstr("dropped, moved or never given"));
  handles->drop(mine);
  EXPECT_THAT(callee->dropped, ElementsAre(5));
  std::vector<std::byte> cut(3);
  handles->call(provider, "nobody", 10, cut, 0ms, nullptr, [&](const CallOutcomeView& outcome) {
    EXPECT_EQ(outcome.outcome, Outcome::BadArguments);
  });
  call(nullptr, {});
  EXPECT_EQ(message, "nobody");
}

TEST_F(HandlesOfFake, GoToWhoMadeThemWhateverIsBoundByNow) {
  callee->gives = {5};
  const Numbers old = call(provider, {});
  const auto next = std::make_shared<FakeCallee>();
  next->gives = {6};
  const Numbers young = call(provided_by(next), {});
  callee->gives.clear();
  call(provided_by(next), old, 10);
  EXPECT_EQ(message, "");
  EXPECT_EQ(callee->function, 70U);
  EXPECT_THAT(callee->given, ElementsAre(5));
  // Without a provider by now.
  call(nullptr, old);
  EXPECT_EQ(message, "");
  call(provider, {old[0], young[0] | kMovedHandle});
  EXPECT_EQ(message, "handles of several providers in one call");
  EXPECT_THAT(next->dropped, ElementsAre(6)) << "its holder has let go of it";
}

TEST_F(HandlesOfFake, GoWithFunctionsOfAnotherInterfaceOfTheSameProvider) {
  callee->gives = {5};
  const Numbers mine = call(provider, {});
  callee->gives.clear();
  call(provided_by(callee, 20), mine, 21);
  EXPECT_EQ(message, "");
  EXPECT_THAT(callee->given, ElementsAre(5));
  call(provided_by(std::make_shared<FakeCallee>(), 20), mine, 21);
  EXPECT_THAT(message, HasSubstr("of another provider"));
  call(nullptr, mine, 21);
  EXPECT_THAT(message, HasSubstr("of another provider"));
}

TEST_F(HandlesOfFake, AreDroppedWhenACallThatMovesThemFails) {
  callee->gives = {5, 6};
  const Numbers mine = call(provider, {});
  callee->fails = true;
  call(provider, {mine[0] | kMovedHandle, mine[1]});
  EXPECT_THAT(callee->dropped, ElementsAre(5 | kMovedHandle));
  EXPECT_EQ(handles->count(), 1U);
}

TEST_F(HandlesOfFake, AreDroppedWithTheirConsumer) {
  callee->gives = {5, 6};
  call(provider, {});
  handles.reset();
  EXPECT_THAT(callee->dropped, ::testing::UnorderedElementsAre(5, 6));
}

TEST_F(HandlesOfFake, AreBounded) {
  callee->gives.assign(limits::kHandlesHeldMax, 5);
  EXPECT_EQ(call(provider, {}).size(), limits::kHandlesHeldMax);
  callee->gives = {6};
  EXPECT_THAT(call(provider, {}), IsEmpty());
  EXPECT_THAT(message, HasSubstr("more than"));
  EXPECT_THAT(callee->dropped, ElementsAre(6));
}

const std::string kVault = "examples/vault/vault.wasm";
const std::string kTeller = "examples/teller/teller.wasm";
const std::string kAccounts = "examples:vault/accounts@1.0.0";

class HandlesTest : public testing::HostTest {
 protected:
  static void SetUpTestSuite() { compile({kVault, kTeller}); }

  void run_both(int vaults = 1, int tellers = 1) {
    load(kTeller, teller);
    ASSERT_TRUE(host.start(teller.deployment, 0, tellers));
    load(kVault, vault);
    ASSERT_TRUE(host.start(vault.deployment, 0, vaults));
    recorder.wait_for(static_cast<std::size_t>(vaults + tellers));
    const auto bound = host.bind({teller.deployment, kAccounts, vault.deployment, kAccounts, {}});
    ASSERT_TRUE(bound) << bound.error().message();
  }
  std::string answer(std::string_view function, const std::string& arguments, int index = 0) {
    const CallOutcome outcome = call(teller, index, function, arguments);
    EXPECT_EQ(outcome.outcome, Outcome::Returned) << outcome.message;
    return text_of(outcome);
  }
  [[nodiscard]] bool handles_become(std::uint64_t count) {
    return eventually([&] { return host.statistics(vault.deployment)->handles == count; });
  }

  const model::RunSpec vault = spec_of("vault");
  const model::RunSpec teller = spec_of("teller");
};

TEST_F(HandlesTest, AreMadeUsedMovedAndDropped) {
  run_both();
  EXPECT_EQ(answer("open", R"("ann")"), "0");
  EXPECT_EQ(answer("open", R"("bob")"), "1");
  EXPECT_EQ(answer("deposit", "0, 10"), "ok(10)");
  EXPECT_EQ(answer("deposit", "1, 21"), "ok(21)");
  EXPECT_EQ(answer("richest", "[0, 1]"), "ok(some(1))");
  EXPECT_EQ(answer("split", "1"), R"(ok(("bob", 2, some(3))))");
  EXPECT_EQ(answer("pass", "[0, 2]"), "ok([4, 5])");
  EXPECT_EQ(answer("merge", "[4, 5, 3]"), "ok(6)");
  EXPECT_EQ(answer("balance", "6"), "ok(31)");
  EXPECT_EQ(answer("opened", ""), "ok(1)");
  EXPECT_TRUE(handles_become(1));
  answer("close", "6");
  EXPECT_EQ(answer("opened", ""), "ok(0)") << "what is dropped ends before the next call";
  EXPECT_TRUE(handles_become(0));
}

TEST_F(HandlesTest, GoToTheReplicaThatMadeThem) {
  run_both();
  EXPECT_EQ(answer("open", R"("ann")"), "0");
  ASSERT_TRUE(host.start(vault.deployment, 1, 1));
  recorder.wait_for(3);
  EXPECT_EQ(answer("open", R"("bob")"), "1") << "of the newer one: both are idle";
  EXPECT_EQ(answer("deposit", "0, 7"), "ok(7)");
  EXPECT_EQ(answer("deposit", "1, 8"), "ok(8)");
  EXPECT_EQ(answer("balance", "0"), "ok(7)");
  EXPECT_EQ(answer("balance", "1"), "ok(8)");
  EXPECT_THAT(answer("richest", "[0, 1]"), HasSubstr("handles of several replicas in one call"));
  ASSERT_TRUE(host.stop(vault.deployment, 0, 1, 5s));
  recorder.wait_for(4);
  EXPECT_THAT(answer("balance", "0"), HasSubstr("that made the handle is gone"));
  EXPECT_EQ(answer("balance", "1"), "ok(8)");
  answer("close-all", "");
  EXPECT_TRUE(handles_become(0));
}

TEST_F(HandlesTest, AreDroppedWithTheReplicaThatHeldThem) {
  run_both(2, 2);
  answer("hoard", "30", 0);
  answer("hoard", "5", 1);
  EXPECT_TRUE(handles_become(35));
  EXPECT_EQ(call(teller, 1, "crash", "").outcome, Outcome::Trapped);
  EXPECT_TRUE(handles_become(30));
  ASSERT_TRUE(host.stop(teller.deployment, 0, 1, 5s));
  EXPECT_TRUE(handles_become(0));
}

TEST_F(HandlesTest, OfAReplicaThatIsGoneAreErrors) {
  run_both();
  answer("hoard", "3");
  EXPECT_THAT(answer("burn", "0"), HasSubstr("wasm trap"));
  recorder.wait_for(3);
  const std::string gone = "that made the handle is gone";
  EXPECT_THAT(answer("balance", "1"), HasSubstr(gone));
  ASSERT_TRUE(host.start(vault.deployment, 0, 1));
  recorder.wait_for(4);
  EXPECT_THAT(answer("balance", "1"), HasSubstr(gone)) << "another one does not know it";
  EXPECT_EQ(answer("open", R"("ann")"), "3");
  EXPECT_EQ(answer("balance", "3"), "ok(0)");
  EXPECT_THAT(answer("richest", "[1, 3]"), HasSubstr("handles of several replicas in one call"));
  answer("close-all", "");
  EXPECT_TRUE(handles_become(0));
}

TEST_F(HandlesTest, AMillionAreRefusedAndHarmNobodyElse) {
  run_both(1, 2);
  EXPECT_EQ(answer("open", R"("ann")", 1), "0");
  const CallOutcome greedy = call(teller, 0, "hoard", "1000000");
  EXPECT_EQ(greedy.outcome, Outcome::Trapped);
  EXPECT_THAT(greedy.message, HasSubstr("handles of it are held, no more may be"));
  EXPECT_TRUE(handles_become(1));
  EXPECT_EQ(answer("balance", "0", 1), "ok(0)");
}

}  // namespace
}  // namespace arcella::host
