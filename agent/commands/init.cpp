// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/init.hpp"

#include <utility>

#include "agent/base/fingerprint.hpp"
#include "agent/base/limits.hpp"
#include "agent/base/secret.hpp"
#include "agent/base/status.hpp"
#include "agent/commands/init_questions.hpp"
#include "agent/settings/settings.hpp"

namespace depotlink::commands {
namespace {

using ports::Readers;
using ports::Standing;

struct OptionOf {
  std::string_view key;
  std::string_view option;
  std::string FirstConfig::*field;
};
constexpr OptionOf kOptions[] = {
    {"site", "--site", &FirstConfig::site},
    {"api.url", "--api-url", &FirstConfig::api_url},
    {"api.ca_file", "--ca-file", &FirstConfig::ca_file},
    {"api.user.login", "--user", &FirstConfig::login},
    {"mqtt.url", "--mqtt-url", &FirstConfig::mqtt_url},
    {"queue.dir", "--queue-dir", &FirstConfig::queue_dir},
    {"queue.runtime_dir", "--runtime-dir", &FirstConfig::runtime_dir},
};

std::string DirectoryOf(const std::string& path) {
  return path.substr(0, path.find_last_of('/'));
}

class Init {
 public:
  Init(const InitOptions& options, const InitPorts& ports)
      : options_(&options),
        ports_(ports),
        config_(options.given),
        questions_(*ports.terminal, config_) {}

  Status Run() {
    Status status = JudgeOptions();
    if (status.ok()) status = LookAtConfig();
    if (status.ok()) status = AskForConfig();
    if (status.ok()) status = FindSecret();
    if (status.ok()) status = Agree();
    return status.ok() ? Write() : status;
  }

  // The writing was begun.
  bool begun() const { return begun_; }

  std::string Written() const {
    std::string text = "wrote " + options_->path + '\n';
    if (!secret_.empty()) text += "wrote " + config_.secret_file + " (mode 0600" + Whose() + ")\n";
    return text;
  }

 private:
  Status JudgeOptions() {
    std::string faults;
    const auto judge = [&](std::string_view key, std::string_view option, bool given) {
      const std::string fault = given ? FaultOf(config_, key) : std::string();
      if (!fault.empty()) faults += std::string(option) + ": " + fault + '\n';
    };
    for (const OptionOf& option : kOptions) {
      judge(option.key, option.option, !(config_.*option.field).empty());
    }
    judge(SecretKey(config_), config_.login.empty() ? "--key-file" : "--password-file",
          !config_.secret_file.empty());
    if (options_->yes && config_.site.empty()) faults += "--yes needs --site\n";
    if (options_->yes && config_.api_url.empty()) faults += "--yes needs --api-url\n";
    if (faults.empty() && !options_->yes && !ports_.terminal->HasPerson()) {
      faults = "this is no terminal to ask at; give --yes, --site and --api-url\n";
    }
    if (faults.empty()) return Status::Ok();
    faults.pop_back();
    return {Code::kAskPerson, faults};
  }

  Status LookAtConfig() {
    standing_ = ports_.files->Look(options_->path);
    if (standing_ == Standing::kOther) {
      return {Code::kAskPerson, options_->path + " is there already, and no file"};
    }
    replace_ = options_->force || (standing_ == Standing::kFile && IsSample());
    if (standing_ == Standing::kNothing || replace_) return Status::Ok();
    return {Code::kAskPerson, options_->path +
                                  " is there already, and stays as it is; with --force a new one "
                                  "takes its place"};
  }

  bool IsSample() const {
    const Result<std::string> text =
        ports_.reader->ReadText(options_->path, limits::kConfigFileBytes);
    return text.ok() && Fingerprint(text.value()) == kSampleConfig;
  }

  Status AskForConfig() {
    if (options_->yes) {
      if (config_.mqtt_url.empty()) config_.mqtt_url = kUsualBroker;
      return Status::Ok();
    }
    Status status;
    if (config_.site.empty()) status = questions_.AskSite();
    if (status.ok() && config_.api_url.empty()) status = questions_.AskApi();
    if (status.ok() && config_.mqtt_url.empty()) status = questions_.AskBroker();
    return status;
  }

  // What secret there is to be, and where it stands.
  Status FindSecret() {
    bool settled = false;
    Status status = LookForSecret(settled);
    if (!status.ok() || settled) return status;
    if (options_->yes) return TakeSecret();
    const bool may_be_login = config_.login.empty() && options_->given.secret_file.empty();
    if (config_.login.empty()) status = questions_.AskApiKey(may_be_login, secret_);
    if (!status.ok() || !secret_.empty()) return status;
    if (config_.login.empty()) {
      config_.secret_file.clear();
      status = questions_.AskLogin();
      if (status.ok()) status = LookForSecret(settled);
      if (!status.ok() || settled) return status;
    }
    return questions_.AskPassword(secret_);
  }

  // `settled`: there is one, which is used as it is.
  Status LookForSecret(bool& settled) {
    if (config_.secret_file.empty()) {
      config_.secret_file =
          DirectoryOf(options_->path) + (config_.login.empty() ? "/api.key" : "/user.password");
    }
    settled = IsElsewhere();
    if (settled) return Status::Ok();
    secret_standing_ = ports_.files->Look(config_.secret_file);
    if (secret_standing_ == Standing::kOther) {
      return {Code::kAskPerson, config_.secret_file + " is there already, and no file"};
    }
    settled = secret_standing_ == Standing::kFile && !options_->force;
    if (secret_standing_ == Standing::kNothing || settled || options_->yes) return Status::Ok();
    const Result<bool> replace = questions_.Confirm(
        config_.secret_file + " is there already. Shall another secret take its place?", false);
    settled = replace.ok() && !replace.value();
    return replace.status();
  }

  // A credential of systemd, or a variable of the environment: not ours to write.
  bool IsElsewhere() const { return config_.secret_file[0] == '$'; }

  // Nobody is asked: a line of the input, or, with --force, none to keep what there is.
  Status TakeSecret() {
    const bool kept = secret_standing_ == Standing::kFile;
    if (ports_.terminal->HasPerson()) ports_.terminal->Say("The secret (it is not shown): ");
    const Result<Secret> line = ports_.terminal->ReadHidden(limits::kSecretFileBytes);
    secret_ = WithoutBlanks(line.value());
    if (kept && secret_.empty() && line.status().code() != Code::kReject) return Status::Ok();
    const std::string fault =
        line.ok() ? SecretFault(secret_.Reveal()) : std::string(line.status().message());
    if (fault.empty()) return Status::Ok();
    return {Code::kAskPerson, "no secret came as a line of the input (" + fault +
                                  "); give it there, or put it into " + config_.secret_file +
                                  " before"};
  }

  std::string Whose() const {
    const std::string user = ports_.files->AgentsName();
    return user.empty() ? "" : ", owned by " + user;
  }

  Status Agree() {
    if (options_->yes) return Status::Ok();
    std::string text = "To be written:\n  " + options_->path +
                       (standing_ == Standing::kFile ? " (replaces what is there)\n" : "\n");
    if (!secret_.empty()) {
      text += "  " + config_.secret_file + " (mode 0600" + Whose() +
              (secret_standing_ == Standing::kFile ? "; replaces what is there)\n" : ")\n");
    } else {
      text += "The secret in " + config_.secret_file + " is used as it is.\n";
    }
    ports_.terminal->Say(text);
    const Result<bool> agreed = questions_.Confirm("Go on?", true);
    if (!agreed.ok()) return agreed.status();
    return agreed.value() ? Status::Ok() : Status(Code::kSkip, "not agreed to");
  }

  Status Write() {
    begun_ = true;
    Status status = ports_.files->MakeDirectory(DirectoryOf(options_->path), Readers::kAll);
    if (status.ok()) status = MakeQueueDirectories();
    if (status.ok()) status = WriteSecret();
    if (!status.ok()) return status;
    status =
        ports_.files->Write(options_->path, FirstConfigText(config_),
                            config_.login.empty() ? Readers::kAll : Readers::kAgentGroup, replace_);
    const bool new_secret = !secret_.empty() && secret_standing_ == Standing::kNothing;
    if (!status.ok() && new_secret) ports_.files->Remove(config_.secret_file);
    return status;
  }

  Status WriteSecret() {
    if (secret_.empty()) {
      return IsElsewhere() ? Status::Ok() : ports_.files->Adopt(config_.secret_file);
    }
    Status status = ports_.files->MakeDirectory(DirectoryOf(config_.secret_file), Readers::kAll);
    if (!status.ok()) return status;
    return ports_.files->Write(config_.secret_file, secret_.Reveal(), Readers::kAgent,
                               secret_standing_ == Standing::kFile);
  }

  // The agent makes its own where it may: where it is another user it may not.
  Status MakeQueueDirectories() {
    if (ports_.files->AgentsName().empty()) return Status::Ok();
    const settings::Queue usual;
    for (const std::string& path :
         {config_.queue_dir.empty() ? usual.dir : config_.queue_dir,
          config_.runtime_dir.empty() ? usual.runtime_dir : config_.runtime_dir}) {
      if (Status status = ports_.files->MakeDirectory(path, Readers::kAgent); !status.ok()) {
        return status;
      }
    }
    return Status::Ok();
  }

  const InitOptions* options_;
  InitPorts ports_;
  FirstConfig config_;
  Questions questions_;
  Secret secret_;  // empty: what stands in its file is used
  Standing standing_ = Standing::kNothing;
  Standing secret_standing_ = Standing::kNothing;
  bool replace_ = false;  // the config that is there
  bool begun_ = false;
};

}  // namespace

int RunInit(const InitOptions& options, const InitPorts& ports,
            const std::function<void(std::string_view)>& print) {
  Init init(options, ports);
  const Status status = init.Run();
  if (status.ok()) {
    print(init.Written());
    return 0;
  }
  const std::string_view what = init.begun() ? "not done: " : "nothing is written: ";
  ports.terminal->Say("depotlink: " + std::string(what) + status.message() + '\n');
  return 1;
}

}  // namespace depotlink::commands
