# SPDX-License-Identifier: Apache-2.0
# Target: ARMv8-A, Debian's arm64 baseline. Facts about the target only.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

# Debian's cross libraries stand in /usr/aarch64-linux-gnu; nothing of the build machine's may be found.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# -L: where a program that is not static (a unit test) finds its loader and libraries. -cpu: qemu's own choice has
# pointer authentication, whose cipher it works out at each call and return: our tests took eight times as long.
find_program(DEPOTLINK_QEMU NAMES qemu-aarch64-static qemu-aarch64)
if(DEPOTLINK_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${DEPOTLINK_QEMU};-cpu;cortex-a53;-L;/usr/aarch64-linux-gnu")
endif()
