// SPDX-License-Identifier: Apache-2.0

// Stands between two files of Paho's C library (linker option --wrap; static builds only), because
// of a fault of its versions 1.3.12 and 1.3.13: where a publish of QoS 1 meets a socket that is
// dead already, MQTTAsync_processCommand frees topic and payload together with the command, though
// by then they belong to the stored publication, which frees them a second time. The process ends
// some time later, anywhere. (Seen with a broker that is killed under 200 records a second: about
// once in 150 times.)
//
// The failed write is reported as a good one instead. The message is then one that waits for its
// acknowledgement, as all in flight do, and Paho's receiving thread finds the dead socket by
// itself; where it does not, the publisher misses the acknowledgement. Called on Paho's sending
// thread.

#include "platform/paho_sender.hpp"

namespace {

constexpr int kSocketError = -1;  // Socket.h of Paho
constexpr int kTcpSocketComplete = 0;

}  // namespace

extern "C" {

// The linker's names. The structures are Paho's own, and only handed through.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): --wrap asks for it
int __real_MQTTProtocol_startPublish(void* client, void* publish, int qos, int retained,
                                     void** message);
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): --wrap asks for it
int __wrap_MQTTProtocol_startPublish(void* client, void* publish, int qos, int retained,
                                     void** message);

// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): --wrap asks for it
int __wrap_MQTTProtocol_startPublish(void* client, void* publish, int qos, int retained,
                                     void** message) {
  depotlink::platform::NoteSendBegun();
  const int result = __real_MQTTProtocol_startPublish(client, publish, qos, retained, message);
  return qos > 0 && result == kSocketError ? kTcpSocketComplete : result;
}

}  // extern "C"
