// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/mosquitto_broker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/contract/loopback_server.hpp"

namespace depotlink::contract {

namespace {

std::string FindProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  // Distributions put daemons where an ordinary user's PATH does not look.
  std::string folders = std::string(path != nullptr ? path : "") + ":/usr/sbin:/usr/local/sbin:";
  for (std::size_t at = 0; at < folders.size();) {
    const std::size_t end = folders.find(':', at);
    const std::string file = folders.substr(at, end - at) + "/" + name;
    if (end > at && access(file.c_str(), X_OK) == 0) return file;
    at = end + 1;
  }
  return {};
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  chmod(path.c_str(), 0600);
}

// Reads the broker's log until it says that it runs. False where it ended instead.
bool AwaitRunning(int log) {
  std::string text;
  std::array<char, 512> piece;
  pollfd readable{log, POLLIN, 0};
  while (poll(&readable, 1, 20000) == 1) {
    const ssize_t got = read(log, piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.find(" running") != std::string::npos) return true;
  }
  std::fputs(text.c_str(), stderr);
  return false;
}

}  // namespace

MosquittoBroker::MosquittoBroker(const std::string& acl, const std::string& password,
                                 bool more_ways)
    : program_(FindProgram("mosquitto")) {
  if (program_.empty()) return;
  std::string pattern = std::filesystem::temp_directory_path() / "depotlink-broker-XXXXXX";
  directory_ = mkdtemp(pattern.data());
  port_ = FreePort();
  std::string config = "listener " + std::to_string(port_) + " 127.0.0.1\nlistener " +
                       std::to_string(port_) +
                       " ::1\npersistence false\nlog_dest stderr\nlog_type all\nuser " +
                       (geteuid() == 0 ? "root" : "nobody") + "\n";
  if (password.empty()) {
    config += "allow_anonymous true\n";
  } else {
    // mosquitto_passwd -U hashes the file in place.
    WriteFile(directory_ + "/users", "depot:" + password + "\n");
    const std::string hash = FindProgram("mosquitto_passwd") + " -U " + directory_ + "/users";
    if (std::system(hash.c_str()) != 0) return;
    config += "allow_anonymous false\npassword_file " + directory_ + "/users\n";
  }
  if (!acl.empty()) {
    WriteFile(directory_ + "/acl", acl);
    config += "acl_file " + directory_ + "/acl\n";
  }
  if (more_ways) config += MoreWays();
  WriteFile(directory_ + "/conf", config);
  Start();
}

MosquittoBroker::~MosquittoBroker() {
  Kill();
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

// With a certificate that signs for itself: who trusts it names it as a root.
std::string MosquittoBroker::MoreWays() {
  const std::string key = directory_ + "/key.pem";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "/CN=depotlink -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " +
      key + " -out " + ca_file() + " 2>/dev/null";
  if (std::system(make.c_str()) != 0) return {};
  tls_port_ = FreePort();
  return "listener " + std::to_string(tls_port_) + " 127.0.0.1\ncertfile " + ca_file() +
         "\nkeyfile " + key + "\nlistener 0 " + unix_path() + "\n";
}

void MosquittoBroker::Start() {
  std::array<int, 2> log{};
  if (pipe2(log.data(), O_CLOEXEC) != 0) std::abort();
  const std::string config = directory_ + "/conf";
  process_ = fork();
  if (process_ == 0) {
    dup2(log[1], STDERR_FILENO);
    execl(program_.c_str(), program_.c_str(), "-c", config.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(log[1]);
  if (!AwaitRunning(log[0])) Kill();
  // What it says from now on is not read; it ignores SIGPIPE, as we do.
  close(log[0]);
}

void MosquittoBroker::Kill() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace depotlink::contract
