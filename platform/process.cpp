// SPDX-License-Identifier: Apache-2.0
#include "platform/process.hpp"

#include <malloc.h>
#include <nss.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>

namespace depotlink::platform {

namespace {

// Paho's threads, and getaddrinfo in the resolvers': glibc's takes up to some 70 KiB of stack. Only
// what is touched becomes resident.
constexpr std::size_t kThreadStackBytes = 256 * 1024;

// One arena: each further one costs a heap of its own for a thread that allocates a few bytes.
// Blocks from 64 KiB up are mapped singly and go back at once when freed. The values being set also
// keeps glibc from raising them by itself.
constexpr int kMmapFromBytes = 64 * 1024;
constexpr int kTrimFromBytes = 64 * 1024;
constexpr int kTopPadBytes = 16 * 1024;

void LimitStacks() {
#ifdef __SANITIZE_THREAD__
  return;  // the sanitizer puts more than that into each thread's stack for itself
#endif
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  if (pthread_attr_setstacksize(&attributes, kThreadStackBytes) == 0) {
    pthread_setattr_default_np(&attributes);
  }
  pthread_attr_destroy(&attributes);
}

// /etc/nsswitch.conf may name modules (mdns4_minimal, resolve), which a static program's libc loads
// all the same, and with them the machine's own libc: one of another version ends the program with
// a signal at the first name that is looked up. What is asked here is built in.
void KeepToOwnLookups() {
#ifdef DEPOTLINK_STATIC_LIBC
  __nss_configure_lookup("hosts", "files dns");
  __nss_configure_lookup("passwd", "files");
  __nss_configure_lookup("group", "files");
#endif
}

}  // namespace

void PrepareProcess() {
  std::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // Paho's: it would print packets, or send them, password and all, to a proxy.
  for (const char* name : {"MQTT_C_CLIENT_TRACE", "MQTT_C_CLIENT_TRACE_LEVEL",
                           "MQTT_C_CLIENT_TRACE_MAX_LINES", "PAHO_C_CLIENT_USE_HTTP_PROXY"}) {
    unsetenv(name);
  }
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kMmapFromBytes);
  mallopt(M_TRIM_THRESHOLD, kTrimFromBytes);
  mallopt(M_TOP_PAD, kTopPadBytes);
  LimitStacks();
  KeepToOwnLookups();
}

void GiveBackHeap() {
  malloc_trim(0);
}

}  // namespace depotlink::platform
