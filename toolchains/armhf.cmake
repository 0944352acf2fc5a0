# SPDX-License-Identifier: Apache-2.0
# Target: ARMv7-A with VFPv3-D16, Debian's armhf baseline. Facts about the target only.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR arm)

set(CMAKE_C_COMPILER arm-linux-gnueabihf-gcc)
set(CMAKE_CXX_COMPILER arm-linux-gnueabihf-g++)

# Debian's cross libraries stand in /usr/arm-linux-gnueabihf; nothing of the build machine's may be found.
set(CMAKE_FIND_ROOT_PATH /usr/arm-linux-gnueabihf)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# time_t is 32 bits by default here. Every library and the program must be told alike.
set(CMAKE_C_FLAGS_INIT "-march=armv7-a -mfpu=vfpv3-d16 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64")
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT}")

# -L: where a program that is not static (a unit test) finds its loader and libraries.
find_program(DEPOTLINK_QEMU NAMES qemu-arm-static qemu-arm)
if(DEPOTLINK_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${DEPOTLINK_QEMU};-L;/usr/arm-linux-gnueabihf")
endif()
