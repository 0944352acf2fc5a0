// SPDX-License-Identifier: Apache-2.0
#pragma once

// When Paho's sending thread is woken. Paho wakes it for each message that it is given, and for
// each acknowledgement, most of which leave it nothing to do but to take the locks that the other
// two threads want. The linker puts this in the place of Paho's own wake and wait (--wrap; static
// builds only, elsewhere nothing asks for it):
//
// - What one thread publishes in a row wakes it once, when that thread says so.
// - An acknowledgement wakes it only where it has left something unsent (a full socket, or as many
//   on their way as the broker allows).
// - A wake that comes while it is not waiting is not lost, as it is with Paho's own, where what was
//   published then lies for up to a second.
// - The receiving thread sleeps for a tenth of a second after each second without a packet; what is
//   published meanwhile ends that, or its acknowledgements would lie.

namespace depotlink::platform {

// While there is one, what the calling thread publishes does not wake the sender; ReleaseSender()
// must follow on that thread. `hold` false: it does nothing.
class HeldSender {
 public:
  explicit HeldSender(bool hold);
  ~HeldSender();
  HeldSender(const HeldSender&) = delete;
  HeldSender& operator=(const HeldSender&) = delete;
};

// Wakes the sender where the calling thread has held that back. Any thread, at any time.
void ReleaseSender();

// What tells whether the sender has left something: a publish was handed to Paho (or was refused by
// it after all), Paho has begun to send it, all of them are forgotten with their connection. Any
// thread.
void NotePublished(int count = 1);
void NoteSendBegun();
void ForgetPublished();

// Paho's receiving thread has dealt with an acknowledgement.
void NoteAckTaken();

}  // namespace depotlink::platform
