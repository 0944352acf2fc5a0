// SPDX-License-Identifier: Apache-2.0
// Runs a program and lets its N-th write be a short one: the kernel really writes the first half of
// the bytes and says so. (An injected return value would say it of bytes that were never written.)
//
//   short_write N once|sticky SITES-FILE PROGRAM ARGUMENTS...
//
// Counted are write() and pwrite64() of two bytes or more on descriptors above 2; how many there
// were is written to SITES-FILE. Sticky: the N-th and all that follow. One thread of the program is
// traced. Exit code: the program's; 77 on processors whose registers this does not know.

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

[[maybe_unused]] constexpr int kCannot = 77;

#if defined(__x86_64__)
auto& ThirdArgument(user_regs_struct* registers) {
  return registers->rdx;
}
#elif defined(__aarch64__)
auto& ThirdArgument(user_regs_struct* registers) {
  return registers->regs[2];
}
#else
unsigned long& ThirdArgument(void*) {
  std::exit(kCannot);
}
using user_regs_struct = unsigned long[32];
#endif

// Returns the value that was there.
std::uint64_t SetThirdArgument(pid_t child, std::uint64_t value) {
  user_regs_struct registers{};
  iovec area{&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &area) != 0)
    std::perror("short_write: registers");
  const std::uint64_t before = ThirdArgument(&registers);
  ThirdArgument(&registers) = value;
  if (ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &area) != 0)
    std::perror("short_write: registers");
  return before;
}

bool IsWrite(const __ptrace_syscall_info& info) {
  return (info.entry.nr == SYS_write || info.entry.nr == SYS_pwrite64) && info.entry.args[0] > 2 &&
         info.entry.args[2] > 1;
}

struct Plan {
  unsigned long site = 0;
  bool sticky = false;
  unsigned long seen = 0;
};

// At each entry and exit of a system call.
void AtCall(pid_t child, Plan* plan, std::uint64_t* shortened) {
  __ptrace_syscall_info info{};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_EXIT && *shortened != 0) {
    SetThirdArgument(child, *shortened);  // the program may count on its register
    *shortened = 0;
  }
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !IsWrite(info)) return;
  plan->seen += 1;
  if (plan->seen == plan->site || (plan->sticky && plan->seen > plan->site)) {
    *shortened = SetThirdArgument(child, info.entry.args[2] / 2);
  }
}

int Trace(pid_t child, Plan* plan) {
  int state = 0;
  std::uint64_t shortened = 0;
  waitpid(child, &state, 0);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  int signal = 0;
  for (;;) {
    if (ptrace(PTRACE_SYSCALL, child, 0, signal) != 0) break;
    if (waitpid(child, &state, 0) != child || !WIFSTOPPED(state)) break;
    signal = 0;
    if (WSTOPSIG(state) == (SIGTRAP | 0x80)) {
      AtCall(child, plan, &shortened);
    } else if (WSTOPSIG(state) != SIGTRAP) {
      signal = WSTOPSIG(state);
    }
  }
  return state;
}

}  // namespace

int main(int count, char** words) {
  if (count < 5) return 2;
  Plan plan;
  plan.site = std::strtoul(words[1], nullptr, 10);
  plan.sticky = std::string_view(words[2]) == "sticky";
  const pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    execvp(words[4], words + 4);
    _exit(127);
  }
  const int state = Trace(child, &plan);
  if (std::FILE* file = std::fopen(words[3], "w")) {
    std::fprintf(file, "%lu\n", plan.seen);
    std::fclose(file);
  }
  if (WIFSIGNALED(state)) {
    std::signal(WTERMSIG(state), SIG_DFL);
    raise(WTERMSIG(state));
  }
  return WIFEXITED(state) ? WEXITSTATUS(state) : 1;
}
