// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Random operations of several clients at once, a daemon and workers that are killed at random
// moments, and a model that knows what must be there when the daemon is back. The choices follow
// from ARCELLA_SEED, which a failure names; the interleaving is the machine's.
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <random>
#include <sstream>
#include <thread>

#include "support/daemon_fixture.h"
#include "support/platform.h"
#include "support/platform_model.h"
#include "support/settings.h"

namespace arcella::integration {
namespace {

using std::chrono::milliseconds;

constexpr int kClients = 4;
constexpr int kOperationsPerLifeMost = 16;
constexpr milliseconds kAfterLastMost{30};

// One client and what it knows.
struct Client {
  Share share;
  PossibleStates states;
  std::string complaint;  // the first answer that cannot be
  std::string history;    // of this life
};

class RandomKills : public ::testing::Test {
 protected:
  RandomKills() {
    for (int i = 0; i < kClients; ++i) {
      Share& share = clients_[static_cast<std::size_t>(i)].share;
      const std::string number = std::to_string(i);
      share.components = {"c" + number + "@1.0.0", "c" + number + "@1.1.0"};
      share.deployment = "d" + number;
      share.wasm = source_path("examples/calc/calc.wasm");
      share.in_main = i == 0;
      const std::string place = share.in_main ? "[deployment.overrides]\nisolation = \"main\"\n"
                                                "trusted = true\nasync = true\n"
                                              : "";
      share.file = folder_.write(
          share.deployment + ".deployment.toml",
          "[deployment]\nmodule_id = \"" + share.components[0] + "\"\n" + group_of(i) +
              "replicas = " + std::to_string(share.replicas()) + "\n" + place);
    }
  }
  // Two of them share a worker.
  static std::string group_of(int client) {
    if (client == 0) return {};
    return "group = \"g" + std::to_string(client / 2) + "\"\n";
  }

  // A client's operations until the daemon is gone.
  void work(Client& client, std::uint32_t seed) {
    std::mt19937 random(seed);
    AlmeConnection alme(platform_.socket());
    while (client.complaint.empty()) {
      const ModelOperation operation = random_operation(client.share, random);
      const std::optional<wire::Json> answer = alme.try_ask(operation.method, operation.params);
      std::optional<bool> accepted;
      if (answer) accepted = answer->as_object().contains("result");
      const std::string line =
          operation.method + " " + wire::to_text(operation.params) + " -> " +
          (answer ? wire::to_text(*answer).substr(0, 300) : std::string("no answer")) + "\n";
      client.history += line;
      const bool may_fail = workers_killed_ > 0;
      if (!client.states.on_answer(operation, client.share, accepted, may_fail))
        client.complaint = line;
      ++answered_;
      if (!answer) return;
    }
  }

  // Clients at work, workers killed now and then, until the daemon is killed.
  void live(std::mt19937& random) {
    answered_ = 0;
    workers_killed_ = 0;
    std::vector<std::thread> threads;
    for (Client& client : clients_) {
      client.history.clear();
      threads.emplace_back(
          [this, &client, seed = random()] { work(client, static_cast<std::uint32_t>(seed)); });
    }
    const int operations = std::uniform_int_distribution<int>(0, kOperationsPerLifeMost)(random);
    const bool kills_workers = random() % 2 == 0;
    const std::size_t choice = random();
    for (int done = 0; done < operations; ++done) {
      EXPECT_TRUE(eventually([&] { return answered_ > done; })) << "nobody is answered";
      // Counted before: what fails because of it must find it counted.
      if (kills_workers && done == operations / 2) {
        ++workers_killed_;
        (void)kill_a_worker(platform_.daemon().pid(), choice);
      }
    }
    const milliseconds rest(
        std::uniform_int_distribution<milliseconds::rep>(0, kAfterLastMost.count())(random));
    EXPECT_FALSE(platform_.ends_within(rest)) << "the daemon ended by itself";
    EXPECT_TRUE(platform_.kill()) << "processes are left over";
    for (std::thread& thread : threads) thread.join();
  }

  // The next daemon finds what was acknowledged, and nothing else.
  void check() {
    ASSERT_TRUE(platform_.start()) << platform_.log();
    EXPECT_TRUE(platform_.settle());
    const wire::Json listing = platform_.ask({"list"});
    ASSERT_TRUE(listing.is_object());
    for (Client& client : clients_) {
      EXPECT_EQ(client.complaint, "") << "before: " << client.states.to_string();
      const wire::Json description = platform_.ask({"describe", client.share.deployment});
      const ModelState state = observed(listing, description, client.share);
      const std::string possible = client.states.to_string();
      EXPECT_TRUE(client.states.on_observation(state))
          << client.share.deployment << " is: " << state << ", and may be: " << possible;
    }
    EXPECT_EQ(platform_.unanswered(), "");
    EXPECT_EQ(strays(listing), "");
  }

  // Files that belong to no component.
  std::string strays(const wire::Json& listing) {
    std::string found;
    std::istringstream lines(platform_.snapshot());
    for (std::string line; std::getline(lines, line);) {
      bool known = false;
      for (const wire::Json& component : listing.at("components").as_array()) {
        const std::string folder = "file modules/" + std::string(component.at("id").as_string());
        known = known || line == folder || line.starts_with(folder + "/");
      }
      const bool cached = line.starts_with("file cache/");  // code that is known is not in there
      if (cached || (line.starts_with("file modules/") && !known)) found += line + "\n";
    }
    return found;
  }

  void run(int kills) {
    const auto seed = static_cast<std::uint32_t>(number_of("ARCELLA_SEED", 1));
    std::mt19937 random(seed);
    ASSERT_TRUE(platform_.start()) << platform_.log();
    for (int i = 1; i <= kills; ++i) {
      SCOPED_TRACE("ARCELLA_SEED=" + std::to_string(seed) + ", kill " + std::to_string(i));
      const std::size_t earlier = platform_.log().size();
      live(random);
      check();
      if (!HasFailure()) continue;
      for (const Client& client : clients_) std::cerr << "---\n" << client.history;
      std::cerr << "---\n" << platform_.log().substr(earlier);
      return;
    }
    EXPECT_EQ(platform_.end(), 0);
  }

  TemporaryFolder folder_;
  Platform platform_{folder_.path() + "/home"};
  std::array<Client, kClients> clients_;
  std::atomic<int> answered_ = 0;
  std::atomic<int> workers_killed_ = 0;  // in this life
};

TEST_F(RandomKills, LoseNothingThatWasAcknowledged) {
  run(number_of("ARCELLA_KILLS", 20));
}

using SlowRandomKills = RandomKills;
TEST_F(SlowRandomKills, LoseNothingThatWasAcknowledged) {
  run(number_of("ARCELLA_KILLS", 1000));
}

}  // namespace
}  // namespace arcella::integration
