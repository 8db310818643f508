// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "alme/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>

#include <boost/asio/io_context.hpp>

#include "aio/framed_socket.h"
#include "aio/loop.h"
#include "aio/timeout.h"
#include "aio/unix_socket.h"
#include "alme/testing/fake_methods.h"
#include "base/limits.h"

namespace arcella::alme {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds kDeadline{20};

// A session and its client in one loop.
class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = aio::socket_pair();
    ASSERT_TRUE(pair.has_value());
    aio::FramedSocketOptions options;
    options.frame_bytes_max = limits::kAlmeReplyBytesMax + 1024;
    options.outbox_bytes_max = limits::kAlmeReplyBytesMax;
    client_ =
        std::make_unique<aio::FramedSocket>(loop_.executor(), std::move(pair->first), options);
    session_ = std::make_unique<Session>(loop_.executor(), methods_.table, std::move(pair->second));
  }

  // Runs the session and the test's script beside it; both have ended afterwards.
  void run(aio::Task<> script) {
    scope_.spawn(run_session());
    auto result = loop_.run(aio::with_timeout(kDeadline, finish_after(std::move(script))));
    ASSERT_TRUE(result.has_value()) << result.error().message();
  }

  aio::Task<> run_session() {
    co_await session_->run();
    ended_ = true;
  }
  aio::Task<Result<void>> finish_after(aio::Task<> script) {
    co_await std::move(script);
    client_->close();
    methods_.released.set();
    co_await scope_.join();
    co_return Result<void>();
  }

  aio::Task<std::string> read() {
    auto frame = co_await client_->read();
    co_return frame.has_value() ? frame->bytes : "error: " + frame.error().message();
  }
  void send(std::string_view line) { EXPECT_TRUE(client_->send(line).has_value()); }

  aio::Loop loop_;
  testing::FakeMethods methods_{loop_.executor()};
  std::unique_ptr<aio::FramedSocket> client_;
  std::unique_ptr<Session> session_;
  aio::TaskScope scope_{loop_.executor()};
  bool ended_ = false;
};

TEST_F(SessionTest, AnswersUnderTheRequestsId) {
  struct Script {
    static aio::Task<> go(SessionTest_AnswersUnderTheRequestsId_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
      EXPECT_EQ(co_await test.read(), R"({"jsonrpc":"2.0","id":1,"result":"pong"})");
      test.send(R"({"jsonrpc":"2.0","id":"a","method":"ping","params":[]})");
      EXPECT_EQ(co_await test.read(), R"({"jsonrpc":"2.0","id":"a","result":"pong"})");
    }
  };
  run(Script::go(*this));
  EXPECT_TRUE(ended_);
}

TEST_F(SessionTest, ErrorCarriesCodeNameAndDetail) {
  struct Script {
    static aio::Task<> go(SessionTest_ErrorCarriesCodeNameAndDetail_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"status"})");
      std::string line = co_await test.read();
      EXPECT_THAT(line, HasSubstr(R"("code":-32003)"));
      EXPECT_THAT(line, HasSubstr(R"("code":"not-found")"));
      EXPECT_THAT(line, HasSubstr(R"(line 1\nline 2)"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, BadInputIsAnsweredAndTheConnectionGoesOn) {
  struct Script {
    static aio::Task<> go(SessionTest_BadInputIsAnsweredAndTheConnectionGoesOn_Test& test) {
      test.send("{nonsense");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("id":null,"error":{"code":-32700)"));
      test.send(R"({"id":1,"method":"ping"})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("code":-32600)"));
      test.send(R"({"jsonrpc":"2.0","id":2,"method":"instal"})");
      std::string unknown = co_await test.read();
      EXPECT_THAT(unknown, HasSubstr(R"("code":-32601)"));
      EXPECT_THAT(unknown, HasSubstr("did you mean 'install'?"));
      test.send(R"({"jsonrpc":"2.0","id":3,"method":"start","params":{"deployment":1}})");
      EXPECT_THAT(co_await test.read(), HasSubstr("does not offer"));
      test.send(R"({"jsonrpc":"2.0","id":4,"method":"ping","params":{"x":1}})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("code":-32602)"));
      test.send("");
      test.send(R"({"jsonrpc":"2.0","id":5,"method":"ping"})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("id":5,"result")"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, NotificationIsCarriedOutAndNotAnswered) {
  struct Script {
    static aio::Task<> go(SessionTest_NotificationIsCarriedOutAndNotAnswered_Test& test) {
      test.send(R"({"jsonrpc":"2.0","method":"install","params":{"path":"/x"}})");
      co_await test.methods_.started.wait_uncancelled();
      test.methods_.released.set();
      test.send(R"({"jsonrpc":"2.0","method":"nonsense"})");
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("id":1,)"));
    }
  };
  run(Script::go(*this));
  EXPECT_EQ(methods_.finished, 1);
}

TEST_F(SessionTest, BatchIsAnsweredTogether) {
  struct Script {
    static aio::Task<> go(SessionTest_BatchIsAnsweredTogether_Test& test) {
      test.send(R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"ping"},7,)"
                R"({"jsonrpc":"2.0","id":2,"method":"call","params":["d","f"]}])");
      co_await test.methods_.started.wait_uncancelled();
      test.methods_.released.set();
      std::string line = co_await test.read();
      EXPECT_EQ(line.front(), '[');
      EXPECT_THAT(line, HasSubstr(R"("id":1,"result":"pong")"));
      EXPECT_THAT(line, HasSubstr(R"("id":2,"result":"done")"));
      EXPECT_THAT(line, HasSubstr(R"("id":null,"error")"));
      test.send("[]");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("id":null,"error":{"code":-32600)"));
      test.send(R"([{"jsonrpc":"2.0","method":"ping"}])");  // nothing to answer
      test.send(R"({"jsonrpc":"2.0","id":3,"method":"ping"})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("id":3,)"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, SlowRequestDoesNotHoldUpTheNext) {
  struct Script {
    static aio::Task<> go(SessionTest_SlowRequestDoesNotHoldUpTheNext_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"call","params":["d","f"]})");
      test.send(R"({"jsonrpc":"2.0","id":2,"method":"ping"})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("id":2,)"));
      test.methods_.released.set();
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("id":1,)"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, CancelTakesACallBackButNotAnInstall) {
  struct Script {
    static aio::Task<> go(SessionTest_CancelTakesACallBackButNotAnInstall_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"call","params":["d","f"]})");
      co_await test.methods_.started.wait_uncancelled();
      test.send(R"({"jsonrpc":"2.0","id":2,"method":"cancel","params":{"request":1}})");
      std::string first = co_await test.read();
      std::string second = co_await test.read();
      EXPECT_THAT(first + second, HasSubstr(R"("id":2,"result":{"cancelled":true})"));
      EXPECT_THAT(first + second, HasSubstr(R"("code":"cancelled")"));
      test.methods_.started.reset();
      test.send(R"({"jsonrpc":"2.0","id":3,"method":"install","params":{"path":"/x"}})");
      co_await test.methods_.started.wait_uncancelled();
      test.send(R"({"jsonrpc":"2.0","id":4,"method":"cancel","params":{"request":3}})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("code":"conflict")"));
      test.send(R"({"jsonrpc":"2.0","id":5,"method":"cancel","params":{"request":99}})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"({"cancelled":false})"));
    }
  };
  run(Script::go(*this));
  EXPECT_EQ(methods_.cancelled, 1);
}

TEST_F(SessionTest, CancelTakesBackALongChangeAndGoingAwayDoesNot) {
  struct Script {
    static aio::Task<> go(SessionTest_CancelTakesBackALongChangeAndGoingAwayDoesNot_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"scale","params":["d",1]})");
      co_await test.methods_.started.wait_uncancelled();
      test.send(R"({"jsonrpc":"2.0","id":2,"method":"cancel","params":[1]})");
      std::string both = co_await test.read();
      both += co_await test.read();
      EXPECT_THAT(both, HasSubstr(R"("id":2,"result":{"cancelled":true})"));
      EXPECT_THAT(both, HasSubstr(R"("id":1,"error":{"code":-32015)"));
      test.methods_.started.reset();
      test.send(R"({"jsonrpc":"2.0","id":3,"method":"scale","params":["d",1]})");
      co_await test.methods_.started.wait_uncancelled();
      test.client_->close();
      for (int turn = 0; turn < 20; ++turn) co_await aio::yield();
      EXPECT_FALSE(test.ended_);
    }
  };
  run(Script::go(*this));
  EXPECT_EQ(methods_.cancelled, 1);
  EXPECT_EQ(methods_.finished, 1);
}

TEST_F(SessionTest, ProgressGoesToWhoAskedForItBeforeTheAnswer) {
  struct Script {
    static aio::Task<> go(SessionTest_ProgressGoesToWhoAskedForItBeforeTheAnswer_Test& test) {
      test.send(
          R"({"jsonrpc":"2.0","id":"i","method":"install","params":{"path":"/x","progress":true}})");
      co_await test.methods_.started.wait_uncancelled();
      EXPECT_TRUE(test.methods_.progress != nullptr);
      test.methods_.progress({"compiling", 0, std::nullopt});
      test.methods_.progress({"starting", 3, 10});
      EXPECT_EQ(co_await test.read(),
                R"({"jsonrpc":"2.0","method":"progress","params":)"
                R"({"stage":"compiling","done":0,"total":null,"request":"i"}})");
      EXPECT_EQ(co_await test.read(), R"({"jsonrpc":"2.0","method":"progress","params":)"
                                      R"({"stage":"starting","done":3,"total":10,"request":"i"}})");
      test.methods_.released.set();
      EXPECT_EQ(co_await test.read(), R"({"jsonrpc":"2.0","id":"i","result":"done"})");
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, NoProgressForWhoDidNotAskOrHasNoIdToTellItBy) {
  struct Script {
    static aio::Task<> go(SessionTest_NoProgressForWhoDidNotAskOrHasNoIdToTellItBy_Test& test) {
      test.send(R"({"jsonrpc":"2.0","method":"install","params":{"path":"/x","progress":true}})");
      co_await test.methods_.started.wait_uncancelled();
      EXPECT_TRUE(test.methods_.progress == nullptr);
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"install","params":{"progress":"yes"}})");
      EXPECT_THAT(co_await test.read(), HasSubstr("params.progress: expected true or false"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, ClientThatGoesCancelsItsCallAndFinishesItsInstall) {
  struct Script {
    static aio::Task<> go(
        SessionTest_ClientThatGoesCancelsItsCallAndFinishesItsInstall_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"call","params":["d","f"]})");
      test.send(R"({"jsonrpc":"2.0","id":2,"method":"install","params":{"path":"/x"}})");
      while (test.methods_.waiting < 2) {
        test.methods_.started.reset();
        co_await test.methods_.started.wait_uncancelled();
      }
      test.client_->close();
      while (test.methods_.cancelled == 0) co_await aio::yield();
      EXPECT_FALSE(test.ended_);  // the install goes on
    }
  };
  run(Script::go(*this));
  EXPECT_EQ(methods_.cancelled, 1);
  EXPECT_EQ(methods_.finished, 1);
}

TEST_F(SessionTest, ClientThatClosedItsSendingHalfStillGetsItsAnswers) {
  struct Script {
    static aio::Task<> go(
        SessionTest_ClientThatClosedItsSendingHalfStillGetsItsAnswers_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"call","params":["d","f"]})");
      ::shutdown(test.client_->native_handle(), SHUT_WR);
      co_await test.methods_.started.wait_uncancelled();
      for (int turn = 0; turn < 10; ++turn) co_await aio::yield();
      EXPECT_EQ(test.methods_.cancelled, 0);
      test.methods_.released.set();
      EXPECT_EQ(co_await test.read(), R"({"jsonrpc":"2.0","id":1,"result":"done"})");
      EXPECT_THAT(co_await test.read(), HasSubstr("error: "));  // then the session closes
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, DescriptorsReachTheRequestTheyCameWith) {
  struct Script {
    static aio::Task<> go(SessionTest_DescriptorsReachTheRequestTheyCameWith_Test& test) {
      std::vector<UniqueFd> fds;
      for (int i = 0; i < 3; ++i) fds.emplace_back(::dup(0));
      auto sent = test.client_->send(R"({"jsonrpc":"2.0","id":1,"method":"run","params":["x"]})",
                                     std::move(fds));
      EXPECT_TRUE(sent.has_value());
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("result":3)"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, OversizedLineIsAnsweredAndCloses) {
  struct Script {
    static aio::Task<> go(SessionTest_OversizedLineIsAnsweredAndCloses_Test& test) {
      const std::string line(limits::kAlmeFrameBytesMax + 10, 'x');
      test.send(line);
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("code":"limit-exceeded")"));
      EXPECT_THAT(co_await test.read(), HasSubstr("error: "));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, AnswerThatIsTooLongBecomesAnError) {
  methods_.wit_bytes = limits::kAlmeReplyBytesMax;
  struct Script {
    static aio::Task<> go(SessionTest_AnswerThatIsTooLongBecomesAnError_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"wit","params":["x"]})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("code":"limit-exceeded")"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, FollowerGetsNotificationsUntilItCancels) {
  struct Script {
    static aio::Task<> go(SessionTest_FollowerGetsNotificationsUntilItCancels_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":7,"method":"logs","params":{"follow":true}})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("id":7,"result":"following")"));
      wire::JsonObject params;
      params["text"] = "hello";
      EXPECT_TRUE(test.methods_.notify("logs.line", std::move(params)));
      EXPECT_EQ(co_await test.read(),
                R"({"jsonrpc":"2.0","method":"logs.line","params":{"text":"hello","request":7}})");
      EXPECT_FALSE(test.methods_.subscription.expired());
      test.send(R"({"jsonrpc":"2.0","id":8,"method":"cancel","params":[7]})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"({"cancelled":true})"));
      EXPECT_TRUE(test.methods_.subscription.expired());
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, FollowerThatGoesLosesItsSubscription) {
  struct Script {
    static aio::Task<> go(SessionTest_FollowerThatGoesLosesItsSubscription_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":7,"method":"logs","params":{"follow":true}})");
      EXPECT_THAT(co_await test.read(), HasSubstr("following"));
      ::shutdown(test.client_->native_handle(), SHUT_WR);
      for (int turn = 0; turn < 10; ++turn) co_await aio::yield();
      EXPECT_FALSE(test.methods_.subscription.expired());  // it still reads
      test.client_->close();
      while (!test.methods_.subscription.expired()) co_await aio::yield();
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, FloodOfNotificationsIsDroppedAndCounted) {
  struct Script {
    static aio::Task<> go(SessionTest_FloodOfNotificationsIsDroppedAndCounted_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":7,"method":"logs","params":{"follow":true}})");
      EXPECT_THAT(co_await test.read(), HasSubstr("following"));
      const std::string text(limits::kLogLineBytesMax, 'x');
      int dropped = 0;
      for (int i = 0; i < 2000; ++i) {  // 16 MiB without a read in between
        wire::JsonObject params;
        params["text"] = text;
        if (!test.methods_.notify("logs.line", std::move(params))) ++dropped;
      }
      EXPECT_GT(dropped, 0);
      for (int i = 0; i < 2000 - dropped; ++i) {
        EXPECT_THAT(co_await test.read(), ::testing::Not(HasSubstr("dropped")));
      }
      wire::JsonObject params;
      EXPECT_TRUE(test.methods_.notify("logs.line", std::move(params)));
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("dropped":)" + std::to_string(dropped)));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, ClientThatDoesNotReadWhatWasInProgressIsClosed) {
  methods_.wit_bytes = limits::kAlmeOutboxBytesMax / 2;
  struct Script {
    static aio::Task<> go(SessionTest_ClientThatDoesNotReadWhatWasInProgressIsClosed_Test& test) {
      for (int id = 0; id < 8; ++id) {
        test.send(R"({"jsonrpc":"2.0","id":1,"method":"call","params":["d","f"]})");
      }
      while (test.methods_.waiting < 8) co_await aio::yield();
      test.methods_.released.set();
      while (!test.ended_) co_await aio::yield();
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, ClientThatAsksFasterThanItReadsGetsAllAnswersAtItsOwnPace) {
  methods_.wit_bytes = limits::kAlmeOutboxBytesMax / 8;
  struct Script {
    static aio::Task<> go(
        SessionTest_ClientThatAsksFasterThanItReadsGetsAllAnswersAtItsOwnPace_Test& test) {
      for (int id = 0; id < 100; ++id) {  // fifty megabytes
        test.send(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
                  R"(,"method":"wit","params":["x"]})");
      }
      for (int turn = 0; turn < 100; ++turn) co_await aio::yield();
      EXPECT_FALSE(test.ended_);
      for (int id = 0; id < 100; ++id) {
        EXPECT_THAT((co_await test.read()).substr(0, 40),
                    HasSubstr(R"("id":)" + std::to_string(id) + ","));
      }
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, TooManyRequestsAreNotReadUntilSomeAreAnswered) {
  struct Script {
    static aio::Task<> go(SessionTest_TooManyRequestsAreNotReadUntilSomeAreAnswered_Test& test) {
      const int all = limits::kAlmePendingPerClientMax + 10;
      for (int id = 0; id < all; ++id) {
        test.send(R"({"jsonrpc":"2.0","id":1,"method":"call","params":["d","f"]})");
      }
      while (test.methods_.waiting < limits::kAlmePendingPerClientMax) co_await aio::yield();
      for (int turn = 0; turn < 10; ++turn) co_await aio::yield();
      EXPECT_EQ(test.methods_.waiting, limits::kAlmePendingPerClientMax);
      test.methods_.released.set();
      for (int id = 0; id < all; ++id) EXPECT_THAT(co_await test.read(), HasSubstr("done"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, OlderDialectIsAnsweredInOrder) {
  struct Script {
    static aio::Task<> go(SessionTest_OlderDialectIsAnsweredInOrder_Test& test) {
      test.send(R"({"cmd":"module:install","args":{"path":"/x"}})");
      test.send(R"({"cmd":"Ping"})");
      co_await test.methods_.started.wait_uncancelled();
      test.methods_.released.set();
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("success":false)"));  // "done" names no id
      EXPECT_EQ(co_await test.read(), R"({"success":true,"message":"pong"})");
      test.send(R"({"cmd":"nonsense"})");
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("success":false)"));
    }
  };
  run(Script::go(*this));
}

TEST_F(SessionTest, RefusesNewRequestsOnceTheDaemonGoes) {
  struct Script {
    static aio::Task<> go(SessionTest_RefusesNewRequestsOnceTheDaemonGoes_Test& test) {
      test.send(R"({"jsonrpc":"2.0","id":1,"method":"call","params":["d","f"]})");
      co_await test.methods_.started.wait_uncancelled();
      test.session_->refuse();
      EXPECT_THAT(co_await test.read(), HasSubstr(R"("code":"cancelled")"));
      test.send(R"({"jsonrpc":"2.0","id":2,"method":"ping"})");
      EXPECT_THAT(co_await test.read(), HasSubstr("shutting down"));
      test.session_->close();
      EXPECT_THAT(co_await test.read(), HasSubstr("error: "));
    }
  };
  run(Script::go(*this));
}

}  // namespace
}  // namespace arcella::alme
