// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <mqtt/async_client.h>

#include "CppUTest/CommandLineTestRunner.h"
#include "CppUTest/MemoryLeakWarningPlugin.h"

int main(int argc, char** argv) {
  // The distribution's CppUTest counts allocations in a way that threads break.
  MemoryLeakWarningPlugin::turnOffNewDeleteOverloads();
  std::signal(SIGPIPE, SIG_IGN);
  // As long as Paho has a client its threads go on; stopping them takes a second a test.
  const mqtt::async_client keeper("tcp://127.0.0.1:1", "keeper");
  return CommandLineTestRunner::RunAllTests(argc, argv);
}
