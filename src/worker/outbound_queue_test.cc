// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "worker/outbound_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace arcella::worker {
namespace {

using engine::OutputStream;
using model::InstanceEvent;

model::InstanceId instance(int index) {
  return {*model::DeploymentId::parse("d"), index};
}

TEST(OutboundQueue, WakesOnceUntilTheControlThreadLooks) {
  int wakes = 0;
  OutboundQueue queue([&] { ++wakes; });
  queue.on_output(instance(0), OutputStream::Stdout, "part of a line");
  EXPECT_EQ(wakes, 0);
  queue.on_output(instance(0), OutputStream::Stdout, "\n");
  queue.on_report({.instance = instance(0), .event = InstanceEvent::Started});
  EXPECT_EQ(wakes, 1);
  queue.begin_look();
  queue.on_report({.instance = instance(1), .event = InstanceEvent::Started});
  EXPECT_EQ(wakes, 2);
  EXPECT_EQ(queue.take_reports().size(), 2U);
  EXPECT_TRUE(queue.take_reports().empty());
}

TEST(OutboundQueue, InstancesTakeTurns) {
  OutboundQueue queue([] {});
  for (int line = 0; line < 3; ++line) queue.on_output(instance(7), OutputStream::Stdout, "loud\n");
  queue.on_output(instance(2), OutputStream::Stdout, "quiet\n");
  std::string order;
  while (const auto output = queue.take_output()) order += output->text[0];
  EXPECT_EQ(order, "lqll");
}

TEST(OutboundQueue, GivesTheLastLineOfAnInstanceThatEnded) {
  OutboundQueue queue([] {});
  queue.on_output(instance(0), OutputStream::Stderr, "no line end");
  EXPECT_FALSE(queue.take_output());
  queue.on_report({.instance = instance(0),
                   .event = InstanceEvent::Crashed,
                   .exit_status = 3,
                   .message = "a\nb"});
  const auto output = queue.take_output();
  ASSERT_TRUE(output);
  EXPECT_EQ(output->text, "no line end");
  EXPECT_TRUE(output->stderr_stream);
  EXPECT_FALSE(queue.take_output());
  const auto reports = queue.take_reports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].exit_status, 3);
  EXPECT_EQ(reports[0].message, "a\\nb");
}

TEST(OutboundQueue, TakesOutputOfAnInstanceThatStartedAgain) {
  OutboundQueue queue([] {});
  queue.on_output(instance(0), OutputStream::Stdout, "first\n");
  queue.on_report({.instance = instance(0), .event = InstanceEvent::Crashed});
  queue.on_output(instance(0), OutputStream::Stdout, "second\n");
  EXPECT_EQ(queue.take_output()->text, "first");
  EXPECT_EQ(queue.take_output()->text, "second");
  EXPECT_FALSE(queue.take_output());
}

}  // namespace
}  // namespace arcella::worker
