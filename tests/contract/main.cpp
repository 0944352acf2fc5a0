// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "CppUTest/CommandLineTestRunner.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return CommandLineTestRunner::RunAllTests(argc, argv);
}
