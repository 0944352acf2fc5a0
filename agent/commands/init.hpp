// SPDX-License-Identifier: Apache-2.0
#pragma once

// `depotlink init`: the first config of a gateway and the file with its secret, from answers at a
// terminal or from options. Writes nothing before all is known and agreed to.

#include <functional>
#include <string>
#include <string_view>

#include "agent/commands/init_config.hpp"
#include "agent/ports/file_maker.hpp"
#include "agent/ports/files.hpp"
#include "agent/ports/terminal.hpp"

namespace depotlink::commands {

struct InitOptions {
  std::string path;   // of the config, absolute
  FirstConfig given;  // by options; what is empty is asked for, or has its default
  bool force = false;
  bool yes = false;  // asks nothing; the secret comes as a line of the input
};

struct InitPorts {
  ports::Terminal* terminal;
  ports::FileMaker* files;
  ports::FileReader* reader;
};

// Returns the exit code: 0 where the files were written, which `print` is told; 1 where not, and
// then nothing has changed (but where a disk fails between the two files: with `force` the new
// secret may stand beside the old config). What is wrong is said to the terminal. A secret that
// stands in its file already is used, and not asked for; only with `force` a new one takes its
// place, and a config is replaced that is not the sample of a package as it came. No secret is ever
// said.
int RunInit(const InitOptions& options, const InitPorts& ports,
            const std::function<void(std::string_view)>& print);

}  // namespace depotlink::commands
