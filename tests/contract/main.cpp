// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <mqtt/async_client.h>

#include "CppUTest/CommandLineTestRunner.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // As long as Paho has a client its threads go on; stopping them takes a second a test.
  const mqtt::async_client keeper("tcp://127.0.0.1:1", "keeper");
  return CommandLineTestRunner::RunAllTests(argc, argv);
}
