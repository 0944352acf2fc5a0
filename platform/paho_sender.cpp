// SPDX-License-Identifier: Apache-2.0
#include "platform/paho_sender.hpp"

#include <pthread.h>

#include <atomic>
#include <ctime>
#include <utility>

namespace depotlink::platform {

namespace {

// Paho's functions have no parameter that could carry it. Never destroyed: Paho's thread may still
// wait when the process ends.
struct Gate {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
  unsigned wakes = 0;  // guarded by the mutex
  unsigned taken = 0;  // of them, as the sender knows; likewise
  std::atomic<int> unsent{0};
};

Gate& TheGate() {
  static Gate gate;
  return gate;
}

struct OwnThread {
  bool holding = false;
  bool held = false;   // a wake
  bool acked = false;  // the next wake is that of an acknowledgement
};

OwnThread& ThisThread() {
  static thread_local OwnThread thread;
  return thread;
}

void Wake() {
  Gate& gate = TheGate();
  pthread_mutex_lock(&gate.mutex);
  ++gate.wakes;
  pthread_mutex_unlock(&gate.mutex);
  pthread_cond_broadcast(&gate.woken);
}

timespec InMs(long timeout_ms) {
  constexpr long kNsPerMs = 1000000;
  constexpr long kNsPerS = 1000000000;
  timespec until{};
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += timeout_ms / 1000;
  until.tv_nsec += (timeout_ms % 1000) * kNsPerMs;
  if (until.tv_nsec >= kNsPerS) {
    ++until.tv_sec;
    until.tv_nsec -= kNsPerS;
  }
  return until;
}

// Until there was another wake than those `seen`, the mutex held; else an error number.
int Await(Gate& gate, unsigned seen, long most_ms) {
  const timespec until = InMs(most_ms);
  int error = 0;
  while (gate.wakes == seen && error == 0) {
    error = pthread_cond_clockwait(&gate.woken, &gate.mutex, CLOCK_MONOTONIC, &until);
  }
  return gate.wakes == seen ? error : 0;
}

int WaitForWake(int timeout_ms) {
  Gate& gate = TheGate();
  pthread_mutex_lock(&gate.mutex);
  const int error = Await(gate, gate.taken, timeout_ms);
  gate.taken = gate.wakes;
  pthread_mutex_unlock(&gate.mutex);
  return error;
}

void SleepUntilStirred(long most_ms) {
  Gate& gate = TheGate();
  pthread_mutex_lock(&gate.mutex);
  Await(gate, gate.wakes, most_ms);
  pthread_mutex_unlock(&gate.mutex);
}

}  // namespace

HeldSender::HeldSender(bool hold) {
  ThisThread().holding = hold;
}

HeldSender::~HeldSender() {
  ThisThread().holding = false;
}

void ReleaseSender() {
  if (std::exchange(ThisThread().held, false)) Wake();
}

void NotePublished(int count) {
  TheGate().unsent += count;
}

void NoteSendBegun() {
  --TheGate().unsent;
}

void ForgetPublished() {
  TheGate().unsent = 0;
}

void NoteAckTaken() {
  ThisThread().acked = false;
}

}  // namespace depotlink::platform

// The linker's names. The structures are Paho's own, and only handed through.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {

int __real_MQTTProtocol_handlePubacks(void* packet, int socket, void** publication);
int __wrap_MQTTProtocol_handlePubacks(void* packet, int socket, void** publication);
int __wrap_Thread_signal_cond(void* condition);
int __wrap_Thread_wait_cond(void* condition, int timeout_ms);
int __wrap_usleep(unsigned microseconds);

// On Paho's receiving thread, which wakes the sender next.
int __wrap_MQTTProtocol_handlePubacks(void* packet, int socket, void** publication) {
  const int result = __real_MQTTProtocol_handlePubacks(packet, socket, publication);
  depotlink::platform::ThisThread().acked = true;
  return result;
}

// There is one condition in Paho's asynchronous library, that of the sender.
int __wrap_Thread_signal_cond(void* /*condition*/) {
  using namespace depotlink::platform;  // NOLINT(google-build-using-namespace): of this function
  OwnThread& thread = ThisThread();
  if (std::exchange(thread.acked, false) && TheGate().unsent <= 0) return 0;
  if (thread.holding) {
    thread.held = true;
  } else {
    Wake();
  }
  return 0;
}

int __wrap_Thread_wait_cond(void* /*condition*/, int timeout_ms) {
  return depotlink::platform::WaitForWake(timeout_ms);
}

// Of all that is linked here Paho alone sleeps this way: its receiving thread, and whoever waits
// for its threads to end, in turns.
int __wrap_usleep(unsigned microseconds) {
  depotlink::platform::SleepUntilStirred(static_cast<long>(microseconds / 1000));
  return 0;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
