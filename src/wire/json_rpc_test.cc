// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "wire/json_rpc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace arcella::wire {
namespace {

using ::testing::HasSubstr;

RpcCalls calls_of(std::string_view text) {
  return read_calls(parse_json(text).value());
}

const RpcRequest& request(const RpcCalls& calls, std::size_t i = 0) {
  return std::get<RpcRequest>(calls.calls.at(i));
}
const RefusedRequest& refused(const RpcCalls& calls, std::size_t i = 0) {
  return std::get<RefusedRequest>(calls.calls.at(i));
}

TEST(JsonRpc, ReadsARequest) {
  RpcCalls calls = calls_of(R"({"jsonrpc":"2.0","id":1,"method":"install","params":{"path":"x"}})");
  EXPECT_FALSE(calls.batch);
  EXPECT_EQ(request(calls).id, RpcId(std::int64_t{1}));
  EXPECT_EQ(request(calls).method, "install");
  EXPECT_EQ(request(calls).params.at("path").as_string(), "x");
}

TEST(JsonRpc, TellsANotificationFromANullId) {
  EXPECT_EQ(request(calls_of(R"({"jsonrpc":"2.0","method":"ping"})")).id, std::nullopt);
  EXPECT_EQ(request(calls_of(R"({"jsonrpc":"2.0","method":"ping","id":null})")).id, RpcId());
  EXPECT_EQ(request(calls_of(R"({"jsonrpc":"2.0","method":"ping","id":"a"})")).id, RpcId("a"));
}

TEST(JsonRpc, RefusesWhatIsNoRequestAndKeepsTheId) {
  auto why = [](std::string_view text) {
    RpcCalls calls = calls_of(text);
    EXPECT_EQ(refused(calls).error.code(), ErrorCode::InvalidRequest);
    return refused(calls).error.message();
  };
  EXPECT_THAT(why("1"), HasSubstr("an object"));
  EXPECT_THAT(why(R"({"id":1,"method":"ping"})"), HasSubstr("jsonrpc"));
  EXPECT_THAT(why(R"({"jsonrpc":"1.0","id":1,"method":"ping"})"), HasSubstr("jsonrpc"));
  EXPECT_THAT(why(R"({"jsonrpc":"2.0","id":1})"), HasSubstr("method"));
  EXPECT_THAT(why(R"({"jsonrpc":"2.0","id":1,"method":7})"), HasSubstr("method"));
  EXPECT_THAT(why(R"({"jsonrpc":"2.0","id":1,"method":"x","params":"p"})"), HasSubstr("params"));
  EXPECT_THAT(why(R"({"jsonrpc":"2.0","id":1.5,"method":"x"})"), HasSubstr("id"));
  EXPECT_THAT(why(R"({"jsonrpc":"2.0","id":{},"method":"x"})"), HasSubstr("id"));
  EXPECT_THAT(why(R"({"jsonrpc":"2.0","id":1,"method":"x","parms":{}})"), HasSubstr("parms"));
  EXPECT_EQ(refused(calls_of(R"({"jsonrpc":"2.0","id":"k","method":7})")).id, RpcId("k"));
  EXPECT_EQ(refused(calls_of(R"({"jsonrpc":"2.0","id":[],"method":"x"})")).id, RpcId());
}

TEST(JsonRpc, ReadsABatchWithItsBadParts) {
  RpcCalls calls =
      calls_of(R"([{"jsonrpc":"2.0","id":1,"method":"a"},2,{"jsonrpc":"2.0","method":"b"}])");
  EXPECT_TRUE(calls.batch);
  ASSERT_EQ(calls.calls.size(), 3U);
  EXPECT_EQ(request(calls, 0).method, "a");
  EXPECT_EQ(refused(calls, 1).id, RpcId());
  EXPECT_EQ(request(calls, 2).id, std::nullopt);
}

TEST(JsonRpc, RefusesAnEmptyBatchAndAFlood) {
  EXPECT_FALSE(calls_of("[]").batch);
  EXPECT_EQ(refused(calls_of("[]")).error.code(), ErrorCode::InvalidRequest);
  JsonArray flood(limits::kRpcBatchMax + 1, Json(1));
  RpcCalls calls = read_calls(flood);
  EXPECT_EQ(calls.calls.size(), 1U);
  EXPECT_EQ(refused(calls).error.code(), ErrorCode::LimitExceeded);
}

TEST(JsonRpc, BuildsWhatItReads) {
  RpcRequest sent{RpcId(std::int64_t{7}), "call", JsonObject{{"deployment", "calc"}}};
  std::string text = to_text(to_json(std::move(sent)));
  EXPECT_EQ(text, R"({"jsonrpc":"2.0","id":7,"method":"call","params":{"deployment":"calc"}})");
  EXPECT_EQ(request(calls_of(text)).method, "call");
  RpcRequest notification{std::nullopt, "logs", {}};
  EXPECT_EQ(to_text(to_json(std::move(notification))), R"({"jsonrpc":"2.0","method":"logs"})");
}

TEST(JsonRpc, CarriesAnErrorWithItsNameAndDetail) {
  Error error = Error(ErrorCode::InvalidManifest, "line 3: no").with_detail("a\nb");
  RpcResponse sent{RpcId("x"), fail(error)};
  std::string text = to_text(to_json(std::move(sent)));
  EXPECT_EQ(text, R"({"jsonrpc":"2.0","id":"x","error":{"code":-32001,"message":"line 3: no",)"
                  R"("data":{"code":"invalid-manifest","detail":"a\nb"}}})");
  RpcResponse received = read_response(parse_json(text).value()).value();
  EXPECT_EQ(received.id, RpcId("x"));
  EXPECT_EQ(received.outcome.error().code(), ErrorCode::InvalidManifest);
  EXPECT_EQ(received.outcome.error().message(), "line 3: no");
  EXPECT_EQ(received.outcome.error().detail(), "a\nb");
}

TEST(JsonRpc, ReadsAResultThatIsNull) {
  auto response = read_response(parse_json(R"({"jsonrpc":"2.0","id":1,"result":null})").value());
  EXPECT_TRUE(response.value().outcome.value().is_null());
}

TEST(JsonRpc, TakesTheNumberOfAnErrorWithoutData) {
  auto code_of = [](std::string_view error) {
    std::string text = R"({"jsonrpc":"2.0","id":1,"error":)" + std::string(error) + "}";
    return read_response(parse_json(text).value()).value().outcome.error().code();
  };
  EXPECT_EQ(code_of(R"({"code":-32601,"message":"m"})"), ErrorCode::MethodNotFound);
  EXPECT_EQ(code_of(R"({"code":-1,"message":"m"})"), ErrorCode::Internal);
  EXPECT_EQ(code_of("{}"), ErrorCode::Internal);
}

TEST(JsonRpc, RefusesAResponseThatIsNone) {
  for (std::string_view text :
       {R"(1)", R"({"jsonrpc":"2.0","id":1})", R"({"jsonrpc":"2.0","result":1})",
        R"({"id":1,"result":1})", R"({"jsonrpc":"2.0","id":1,"error":1})",
        R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})"}) {
    auto response = read_response(parse_json(text).value());
    ASSERT_FALSE(response.has_value()) << text;
    EXPECT_EQ(response.error().code(), ErrorCode::InvalidRequest);
  }
}

TEST(JsonRpc, AnswersABatchWithAnArray) {
  std::vector<RpcResponse> responses;
  responses.push_back({RpcId(std::int64_t{1}), Json("a")});
  responses.push_back({RpcId(), fail(ErrorCode::ParseError, "no")});
  EXPECT_EQ(to_text(to_json(std::move(responses))),
            R"([{"jsonrpc":"2.0","id":1,"result":"a"},{"jsonrpc":"2.0","id":null,"error":)"
            R"({"code":-32700,"message":"no","data":{"code":"parse-error"}}}])");
}

}  // namespace
}  // namespace arcella::wire
