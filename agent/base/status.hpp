// SPDX-License-Identifier: Apache-2.0
#pragma once

// Errors as values. A Status says what its receiver should do (the code) and what a person should
// read (the message, with the remedy where there is one). Success allocates nothing.

#include <string>
#include <utility>

namespace depotlink {

// Each code is named by what the receiver should do about it.
enum class Code {
  kOk,
  kRetryLater,  // passing trouble: wait, then the same call may succeed
  kAskPerson,   // it stays so until somebody changes a credential, a file or a right
  kSkip,        // this one item is bad; go on with the next
  kReject,      // the input as a whole is bad; retrying the same input cannot help
  kFull,        // a bound was reached; make room first
  kUnsupported  // the other side or this build cannot do it
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  // `message` is for people: what, where, what to do. Never a secret.
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }
  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

// A value, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that a function returns a value or an error as it is.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : value_(std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): likewise
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  T& value() { return value_; }
  const T& value() const { return value_; }

 private:
  T value_{};
  Status status_;
};

}  // namespace depotlink
