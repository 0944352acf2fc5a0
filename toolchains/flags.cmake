# SPDX-License-Identifier: Apache-2.0
# How depotlink's own code is compiled and linked, as targets to link with:
#   depotlink::warnings    all of them are errors
#   depotlink::hardening   what makes an exploit harder, and the static link where it is asked for
#   depotlink::sanitizers  what DEPOTLINK_SANITIZE says
# Each flag is probed, so an older or another compiler just gets fewer.
include_guard(GLOBAL)
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)
include(CheckLinkerFlag)

option(DEPOTLINK_STATIC "Link a static, position-independent executable" OFF)
set(DEPOTLINK_SANITIZE "" CACHE STRING "Sanitizers: empty, address,undefined or thread")
set_property(CACHE DEPOTLINK_SANITIZE PROPERTY STRINGS "" "address,undefined" "thread")

if(DEPOTLINK_STATIC AND DEPOTLINK_SANITIZE)
  message(FATAL_ERROR "A sanitizer does not run in a static program.\n"
                      "Remedy: switch DEPOTLINK_STATIC or DEPOTLINK_SANITIZE off.")
endif()

# Adds to `target` those of the compiler flags that the compiler knows. All of them are probed at once,
# and each for itself only where that fails.
function(depotlink_compile_flags target)
  list(JOIN ARGN " " together)
  string(MD5 known "${together}")
  set(known DEPOTLINK_CXX_ALL_${known})
  check_cxx_compiler_flag("-Werror ${together}" ${known})
  if(${known})
    target_compile_options(${target} INTERFACE ${ARGN})
    return()
  endif()
  foreach(flag IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "DEPOTLINK_CXX${flag}" known)
    check_cxx_compiler_flag("-Werror ${flag}" ${known})
    if(${known})
      target_compile_options(${target} INTERFACE "${flag}")
    endif()
  endforeach()
endfunction()

function(depotlink_link_flags target)
  list(JOIN ARGN "," together)
  string(REPLACE ",-Wl," "," together "${together}")
  string(MD5 known "${together}")
  set(known DEPOTLINK_LINK_ALL_${known})
  check_linker_flag(CXX "${together}" ${known})
  if(${known})
    target_link_options(${target} INTERFACE ${ARGN})
    return()
  endif()
  foreach(flag IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "DEPOTLINK_LINK${flag}" known)
    check_linker_flag(CXX "${flag}" ${known})
    if(${known})
      target_link_options(${target} INTERFACE "${flag}")
    endif()
  endforeach()
endfunction()

# --- warnings ---
add_library(depotlink_warnings INTERFACE)
add_library(depotlink::warnings ALIAS depotlink_warnings)
depotlink_compile_flags(depotlink_warnings
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Wcast-qual -Wcast-align -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
  -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference -Wduplicated-cond
  -Wduplicated-branches -Wlogical-op -Wundef -Wvla)
target_compile_options(depotlink_warnings INTERFACE -Werror)
if(CMAKE_UNITY_BUILD)
  # It takes a source for a header, when several are compiled at a time.
  depotlink_compile_flags(depotlink_warnings -Wno-subobject-linkage)
endif()

# --- hardening ---
add_library(depotlink_hardening INTERFACE)
add_library(depotlink::hardening ALIAS depotlink_hardening)
set(branches "")  # what guards jumps differs by architecture; armhf has nothing
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  set(branches -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(branches -mbranch-protection=standard)
endif()
set(stack -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero)
if(DEPOTLINK_SANITIZE)
  set(stack "")  # the sanitizers see what these make harmless, and compile a quarter faster without
endif()
depotlink_compile_flags(depotlink_hardening ${stack} ${branches}
  -ffunction-sections -fdata-sections -fno-plt -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(NOT DEPOTLINK_SANITIZE)
  # _FORTIFY_SOURCE checks only optimized code, and hides calls from the sanitizers.
  check_cxx_compiler_flag("-Werror -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3" DEPOTLINK_CXX_FORTIFY_3)
  if(DEPOTLINK_CXX_FORTIFY_3)
    set(fortify 3)
  else()
    set(fortify 2)
  endif()
  target_compile_options(depotlink_hardening INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE$<SEMICOLON>-D_FORTIFY_SOURCE=${fortify}>)
endif()
depotlink_link_flags(depotlink_hardening
  -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--gc-sections)
# Debian's libc for armhf has no start-up code for a static PIE: there the program is plain static.
set(CMAKE_REQUIRED_FLAGS "-fPIE")
set(CMAKE_REQUIRED_LINK_OPTIONS -static-pie)
check_cxx_source_compiles("int main() { return 0; }" DEPOTLINK_LINK_STATIC_PIE)
unset(CMAKE_REQUIRED_FLAGS)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(DEPOTLINK_STATIC AND NOT DEPOTLINK_LINK_STATIC_PIE)
  message(STATUS "No static PIE on this target: linking plain static")
  target_compile_options(depotlink_hardening INTERFACE -fno-pie)
  target_link_options(depotlink_hardening INTERFACE -static -no-pie)
else()
  target_compile_options(depotlink_hardening INTERFACE -fPIE)
endif()
if(DEPOTLINK_STATIC)
  if(DEPOTLINK_LINK_STATIC_PIE)
    target_link_options(depotlink_hardening INTERFACE -static-pie)
  endif()
  # One file without a symbol table; the build tree's object files keep what a debugger needs.
  target_link_options(depotlink_hardening INTERFACE $<$<CONFIG:MinSizeRel,Release>:-s>)
else()
  target_link_options(depotlink_hardening INTERFACE -pie)
endif()

# --- sanitizers ---
add_library(depotlink_sanitizers INTERFACE)
add_library(depotlink::sanitizers ALIAS depotlink_sanitizers)
if(DEPOTLINK_SANITIZE)
  set(sanitize -fsanitize=${DEPOTLINK_SANITIZE} -fno-omit-frame-pointer)
  if(DEPOTLINK_SANITIZE MATCHES "undefined")
    list(APPEND sanitize -fno-sanitize-recover=undefined)
  endif()
  if(DEPOTLINK_FUZZ)
    list(APPEND sanitize -fsanitize=fuzzer-no-link)
  endif()
  target_compile_options(depotlink_sanitizers INTERFACE ${sanitize})
  target_link_options(depotlink_sanitizers INTERFACE ${sanitize})
endif()
