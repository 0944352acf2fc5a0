// SPDX-License-Identifier: Apache-2.0
#include "platform/posix_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "agent/base/limits.hpp"
#include "platform/descriptor.hpp"

namespace depotlink::platform {

namespace {

Status Person(const std::string& path, std::string_view what) {
  return {Code::kAskPerson, path + ": " + std::string(what)};
}

std::string OpenFailure(int error) {
  switch (error) {
    case ENOENT:
      return "there is no such file";
    case EACCES:
      return "no permission to read it; the user that runs depotlink must own it, or root";
    case ELOOP:
      return "is a symbolic link; name the file itself";
    default:
      return std::string("cannot be opened: ") + std::strerror(error);
  }
}

// Reads at most `max_bytes` into `text`, whose memory is laid out beforehand: growth would leave
// copies behind.
Status ReadAll(const std::string& path, int fd, std::size_t max_bytes, std::string& text) {
  text.reserve(max_bytes + 1);
  std::array<char, 4096> piece;
  Status status;
  while (text.size() <= max_bytes) {
    const ssize_t got = read(fd, piece.data(), std::min(piece.size(), max_bytes + 1 - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) status = Person(path, std::string("cannot be read: ") + std::strerror(errno));
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  explicit_bzero(piece.data(), piece.size());
  if (status.ok() && text.size() > max_bytes) {
    status = Person(path, "is larger than " + std::to_string(max_bytes) + " bytes");
  }
  return status;
}

Status CheckRegular(const std::string& path, int fd, struct stat& info) {
  if (fstat(fd, &info) != 0)
    return Person(path, std::string("cannot be examined: ") + std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return Person(path, "is not a regular file");
  return Status::Ok();
}

// `others`: the mode bits that must not be set.
Status CheckPrivate(const std::string& path, const struct stat& info, mode_t others) {
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    // Root as a rule only looks after an agent that is another user.
    const std::string remedy = geteuid() == 0
                                   ? "); remedy: run this as that user, or chown 0 "
                                   : "); remedy: chown " + std::to_string(geteuid()) + " ";
    return Person(path,
                  "belongs to another user (uid " + std::to_string(info.st_uid) + remedy + path);
  }
  if ((info.st_mode & others) != 0) {
    std::array<char, 8> mode{};
    mode[0] = '0';
    for (unsigned i = 0; i < 3; ++i) {
      mode[1 + i] = static_cast<char>('0' + ((info.st_mode >> (6 - 3 * i)) & 7U));
    }
    return Person(path, std::string("others can get at it (mode ") + mode.data() +
                            "); remedy: chmod 0600 " + path);
  }
  return Status::Ok();
}

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum class Form : std::uint8_t { kLine, kPrivateKey };

Status CheckPrivateKey(const std::string& path, const std::string& text) {
  if (text.find("ENCRYPTED") != std::string::npos) {
    return Person(path,
                  "is protected by a pass phrase, which nobody is there to type; remedy: "
                  "openssl pkey -in KEY -out NEW, and keep it mode 0600");
  }
  const bool pem =
      text.compare(0, 11, "-----BEGIN ") == 0 && text.find("PRIVATE KEY-----") != std::string::npos;
  return pem ? Status::Ok()
             : Person(path, "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)");
}

// Cuts white space around the text, in place, so that no copy is made.
Status TrimSecret(const std::string& path, Form form, std::string& text) {
  std::size_t end = text.size();
  while (end > 0 && IsBlank(text[end - 1])) --end;
  std::size_t begin = 0;
  while (begin < end && IsBlank(text[begin])) ++begin;
  text.resize(end);
  text.erase(0, begin);
  if (text.empty()) return Person(path, "is empty");
  if (form == Form::kPrivateKey) return CheckPrivateKey(path, text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\r') return Person(path, "has more than one line");
    if (byte < 0x20 || byte == 0x7F) return Person(path, "holds control characters");
  }
  return Status::Ok();
}

// A text that was a secret's source is wiped where it does not become one.
Result<Secret> MakeSecret(const std::string& name, Form form, Status status, std::string text) {
  if (status.ok()) status = TrimSecret(name, form, text);
  Secret secret(std::move(text));  // wipes what it does not take
  if (!status.ok()) return status;
  return Result<Secret>(std::move(secret));
}

Result<Secret> ReadSecretFile(const std::string& path, Form form, mode_t others) {
  const Descriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  if (file.get() < 0) return Person(path, OpenFailure(errno));
  struct stat info {};
  if (Status status = CheckRegular(path, file.get(), info); !status.ok()) return status;
  if (Status status = CheckPrivate(path, info, others); !status.ok()) return status;
  std::string text;
  Status status = ReadAll(path, file.get(), limits::kSecretFileBytes, text);
  return MakeSecret(path, form, std::move(status), std::move(text));
}

// systemd keeps the directory to the service alone, and lets its user at the files by an access
// list, whose mask shows as the group's bits (systemd.exec(5), LoadCredential=).
Result<Secret> ReadCredential(const std::string& name, Form form) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || directory[0] != '/') {
    return Person(name,
                  "CREDENTIALS_DIRECTORY is not set, as it is for a service of systemd with "
                  "LoadCredential=");
  }
  constexpr mode_t kAllButGroupRead = 037;
  return ReadSecretFile(directory + name.substr(name.find('/')), form, kAllButGroupRead);
}

// The environment can be read in /proc as long as it holds the secret, so it is wiped there.
Result<Secret> TakeVariable(const std::string& name, Form form) {
  char* value = std::getenv(name.c_str() + 1);
  if (value == nullptr) return Person(name, "there is no such variable in the environment");
  const std::size_t bytes = std::strlen(value);
  if (bytes == 0) return Person(name, "is empty, or was read before");
  if (bytes > limits::kSecretFileBytes) {
    return Person(name, "is larger than " + std::to_string(limits::kSecretFileBytes) + " bytes");
  }
  std::string text(value, bytes);
  explicit_bzero(value, bytes);
  return MakeSecret(name, form, Status::Ok(), std::move(text));
}

Result<Secret> ReadSource(const std::string& source, Form form) {
  if (source.substr(0, 1) != "$") return ReadSecretFile(source, form, 077);
  return source.find('/') == std::string::npos ? TakeVariable(source, form)
                                               : ReadCredential(source, form);
}

}  // namespace

Result<std::string> PosixFiles::ReadText(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: opening a FIFO must not wait for somebody to write.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return Person(path, OpenFailure(errno));
  struct stat info {};
  if (Status status = CheckRegular(path, file.get(), info); !status.ok()) return status;
  if (info.st_size > 0 && static_cast<std::size_t>(info.st_size) > max_bytes) {
    return Person(path, "is larger than " + std::to_string(max_bytes) + " bytes");
  }
  std::string text;
  if (Status status = ReadAll(path, file.get(), max_bytes, text); !status.ok()) return status;
  return text;
}

Result<Secret> PosixFiles::ReadSecret(const std::string& source) {
  return ReadSource(source, Form::kLine);
}

Result<Secret> PosixFiles::ReadPrivateKey(const std::string& source) {
  return ReadSource(source, Form::kPrivateKey);
}

}  // namespace depotlink::platform
