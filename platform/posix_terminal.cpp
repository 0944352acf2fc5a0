// SPDX-License-Identifier: Apache-2.0
#include "platform/posix_terminal.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace depotlink::platform {
namespace {

// The terminal does not show what is typed as long as this lives.
class NoEcho {
 public:
  NoEcho() {
    known_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!known_) return;  // no terminal
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~NoEcho() {
    if (known_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool known_ = false;
};

}  // namespace

PosixTerminal::PosixTerminal() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
  signals_ = Descriptor(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

PosixTerminal::~PosixTerminal() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool PosixTerminal::HasPerson() const {
  return isatty(STDIN_FILENO) == 1;
}

void PosixTerminal::Say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool PosixTerminal::WaitForInput() {
  std::array<pollfd, 2> fds{{{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
  while (poll(fds.data(), fds.size(), -1) < 0) {
    if (errno != EINTR) return false;
  }
  return fds[1].revents == 0;
}

// A byte at a time: what follows the line stays for who reads next, and a line is short.
Status PosixTerminal::Read(std::size_t max_bytes, std::string& line) {
  line.reserve(max_bytes);
  bool too_long = false;
  for (bool begun = false;; begun = true) {
    if (!WaitForInput()) return {Code::kSkip, "interrupted"};
    char c = 0;
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0 || (got == 0 && !begun)) return {Code::kSkip, "the input has ended"};
    if (got == 0 || c == '\n') break;
    if (line.size() == max_bytes) {
      too_long = true;
    } else {
      line += c;
    }
  }
  return too_long ? Status(Code::kReject, "the line is too long") : Status::Ok();
}

Result<std::string> PosixTerminal::ReadLine(std::size_t max_bytes) {
  std::string line;
  Status status = Read(max_bytes, line);
  if (!status.ok()) return status;
  return line;
}

Result<Secret> PosixTerminal::ReadHidden(std::size_t max_bytes) {
  const NoEcho no_echo;
  std::string line;
  Status status = Read(max_bytes, line);
  Secret secret(std::move(line));  // wipes it where it is not handed out
  if (!status.ok()) return status;
  return Result<Secret>(std::move(secret));
}

}  // namespace depotlink::platform
